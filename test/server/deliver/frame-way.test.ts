// The delivery of one frame to its viewer, as log and trace show it.

import { afterEach, beforeEach, expect, test } from "bun:test";
import type { Log } from "../../../src/core/log.ts";
import { resetClock, stopClock } from "../../support/moved-clock.ts";
import { RecordedTrace } from "../../support/recorded-trace.ts";
import { World } from "../../support/tile-delivery-model.ts";

let pass: (milliseconds: number) => void;
beforeEach(() => {
  pass = stopClock();
});
afterEach(resetClock);

const NO_LIMITS = { maxLatencyMicros: null, maxBitsPerSecond: null };

function debugLog(lines: string[]): Log {
  const log: Log = {
    debug: (text) => lines.push(text),
    info: () => undefined,
    warning: () => undefined,
    error: () => undefined,
    isEnabledFor: () => true,
    getChild: () => log,
  };
  return log;
}

/** One frame. The viewer shows it 40 ms after it was sent: 10 ms of transfer, 20 ms of work. */
function sendFrame(world: World): void {
  world.openFrame([], 8, true);
  world.commitFrame();
  pass(40);
  world.models[0]?.acknowledge(0, "shown", { transfer: 10_000, work: 20_000 });
}

test("FrameSender: traces sending, transfer and showing of a frame, one after the other", () => {
  const trace = new RecordedTrace();
  const world = new World(NO_LIMITS, { trace });
  world.join();
  sendFrame(world);
  const spans = trace.spans.map(({ track, name, from, to, fields }) => [track, name, to - from, fields]);
  expect(spans).toEqual([
    ["viewer model", "send", 0, { frame: 1 }],
    ["viewer model transfer", "transfer", 10_000, { frame: 1, transferMicros: 10_000, workMicros: 20_000 }],
    ["viewer model work", "decode and show", 30_000, { frame: 1, transferMicros: 10_000, workMicros: 20_000 }],
  ]);
  const [send, transfer, work] = trace.spans;
  expect(transfer?.from).toBe(send?.from as number);
  expect(work?.from).toBe(transfer?.to as number);
});

test("FrameSender: the span of sending ends when the socket has taken the last byte", () => {
  const trace = new RecordedTrace();
  const world = new World(NO_LIMITS, { trace });
  const viewer = world.join();
  viewer.read(0);
  world.openFrame([], 8, true);
  world.commitFrame();
  pass(25);
  expect(trace.spans).toEqual([]);
  viewer.read(Number.POSITIVE_INFINITY);
  expect(trace.spans.map(({ name, from, to }) => [name, to - from])).toEqual([["send", 25_000]]);
});

test("FrameSender: the span of sending a frame in parts goes from its first part to its last", () => {
  const trace = new RecordedTrace();
  const world = new World(NO_LIMITS, { trace });
  world.join();
  sendFrame(world);
  trace.spans.length = 0;
  world.openFrame([true], 4, true);
  world.encodePart(0);
  pass(7);
  world.encodePart(0);
  expect(trace.spans.map(({ name, from, to, fields }) => [name, to - from, fields])).toEqual([
    ["send", 7_000, { frame: 2 }],
  ]);
});

test("FrameSender: the debug log has one line for the sending of a frame and one for its acknowledgement", () => {
  const lines: string[] = [];
  const world = new World(NO_LIMITS, { log: debugLog(lines) });
  world.join();
  sendFrame(world);
  expect(lines).toEqual([
    expect.stringMatching(/^frame 1: sent to viewer model, \d+ bytes$/),
    "frame 1: shown by viewer model",
  ]);
});
