// watchFrames: a silent source is reported once, after 2 s, and its silence ends with the next frame.

import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { deliverJpeg, type FrameSink, type Source } from "../../../src/capture/source.ts";
import { watchFrames } from "../../../src/capture/supervise/watchdog.ts";
import { until } from "../../support/wait-until.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

let sink: RecordingSink;
let source: FrameSink;
let stopping: AbortController;
let running: Promise<void>;
let pass: (milliseconds: number) => void;
let elapsedMs: number;

/** Sets the clock to a time since the start of the test. Meanwhile it stands still, so that a busy machine adds no time. */
function moveClock(seconds: number): void {
  pass(seconds * 1000 - elapsedMs);
  elapsedMs = seconds * 1000;
}

/** Starts a source that the test controls through `source`. */
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
beforeEach(() => {
  pass = stopClock();
  elapsedMs = 0;
});
afterEach(async () => {
  stopping.abort();
  await running;
  resetClock();
});

const frame = () => deliverJpeg(source, new Uint8Array([1]), 1);
const ticks = () => Bun.sleep(250);

describe("watchFrames: 30 frames per second", () => {
  test("watchFrames: reports a silent source once, and the end of its silence with the next frame", async () => {
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

  test("watchFrames: reports a source that has never sent a frame", async () => {
    start(30);
    moveClock(2.5);
    await until(() => sink.troubles.length > 0, "the notice");
  });

  test("watchFrames: does not overwrite a trouble that the source itself reports", async () => {
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

  test("watchFrames: a lost frame ends the silence, too", async () => {
    start(30);
    moveClock(1.5);
    source.lost();
    moveClock(3);
    await ticks();
    expect(sink.troubles).toEqual([]);
  });
});

describe("watchFrames: unknown rate", () => {
  test("watchFrames: expects a source of unknown rate to keep the rate that it has had", async () => {
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

  test("watchFrames: a source of unknown rate may be slow", async () => {
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

test("watchFrames: a source may be silent for three of its own intervals", async () => {
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
