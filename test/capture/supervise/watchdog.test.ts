// The watchdog: silence of a source that should deliver is said after 2 s, cleared by its next frame, and never said twice.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { deliverJpeg, type FrameSink, type Source } from "../../../src/capture/source.ts";
import { watchFrames } from "../../../src/capture/supervise/watchdog.ts";
import { until } from "../../support/wait-until.ts";
import { moveClock, resetClock } from "../../support/moved-clock.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

let sink: RecordingSink;
let source: FrameSink;
let stopping: AbortController;
let running: Promise<void>;

/** A source that does what the test says through `source`. */
function start(framesPerSecond: number): void {
  sink = new RecordingSink();
  stopping = new AbortController();
  const played: Source = {
    name: "camera",
    framesPerSecond,
    run(its, signal) {
      source = its;
      return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
    },
  };
  running = watchFrames(played).run(sink, stopping.signal);
}
beforeEach(() => moveClock(0));
afterEach(async () => {
  stopping.abort();
  await running;
  resetClock();
});

const frame = () => deliverJpeg(source, new Uint8Array([1]), 1);
const ticks = () => Bun.sleep(250);

describe("a source of 30 frames a second", () => {
  test("that falls silent is said to, once, until its next frame", async () => {
    start(30);
    frame();
    moveClock(1.2);
    await ticks();
    expect(sink.troubles).toEqual([]);
    moveClock(2.1);
    await until(() => sink.troubles.length > 0, "the notice");
    moveClock(9);
    await ticks();
    expect(sink.troubles).toEqual(["camera has sent nothing for 2 s"]);
    frame();
    expect(sink.troubles).toEqual(["camera has sent nothing for 2 s", null]);
    expect(sink.jpegs.length).toBe(2);
  });

  test("that has never sent anything is said to be silent as well", async () => {
    start(30);
    moveClock(2.5);
    await until(() => sink.troubles.length > 0, "the notice");
  });

  test("that says itself what is wrong knows better", async () => {
    start(30);
    frame();
    source.trouble("camera is not there any more; trying again");
    moveClock(5);
    await ticks();
    expect(sink.troubles).toEqual(["camera is not there any more; trying again"]);
    source.trouble(null);
    moveClock(10);
    await until(() => sink.troubles.length > 2, "the notice");
    source.trouble("camera: no such device; trying again");
    frame();
    expect(sink.troubles.at(-1)).toBe("camera: no such device; trying again");
  });

  test("whose frames are lost on the way is not silent", async () => {
    start(30);
    moveClock(1.5);
    source.lost();
    moveClock(3);
    await ticks();
    expect(sink.troubles).toEqual([]);
  });
});

describe("a source of unknown rate", () => {
  test("is expected to go on as it did", async () => {
    start(0);
    moveClock(5);
    await ticks();
    expect(sink.troubles).toEqual([]);
    for (const seconds of [5, 5.2, 5.4]) {
      moveClock(seconds);
      frame();
    }
    moveClock(7.5);
    await until(() => sink.troubles.length > 0, "the notice");
  });

  test("may be slow", async () => {
    start(0);
    for (const seconds of [0, 10, 20]) {
      moveClock(seconds);
      frame();
    }
    moveClock(25);
    await ticks();
    expect(sink.troubles).toEqual([]);
  });
});

test("a camera that takes 1.5 s a picture, whatever it says, may take three times that", async () => {
  start(30);
  for (const seconds of [0, 1.5, 3]) {
    moveClock(seconds);
    frame();
  }
  moveClock(3 + 4);
  await ticks();
  expect(sink.troubles).toEqual([]);
  moveClock(3 + 4.6);
  await until(() => sink.troubles.length > 0, "the notice");
});
