// RawFrames: it divides a byte stream in any chunks into frames, writes them into slots, and keeps no slot.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nowMicros } from "../../../src/core/clock.ts";
import { frameBytes, PIXEL_FORMATS } from "../../../src/core/pixel-format.ts";
import { RawFrames } from "../../../src/capture/pipe/raw-frames.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const side = fc.integer({ min: 1, max: 9 });

/** Feeds a whole stream in chunks of these lengths. The last length repeats. */
function feedAll(frames: RawFrames, stream: Uint8Array, lengths: readonly number[]): void {
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const length = lengths[Math.min(i, lengths.length - 1)] ?? stream.length;
    const chunk = stream.subarray(at, at + length);
    for (let taken = 0; taken < chunk.length;) taken += frames.feed(chunk.subarray(taken));
    at += chunk.length;
  }
}

describe("RawFrames: frames and slots", () => {
  test("RawFrames: yields the same frames for any chunks", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 20 });
    fc.assert(
      fc.property(
        fc.constantFrom(...PIXEL_FORMATS),
        side,
        side,
        fc.nat(5),
        lengths,
        (format, width, height, count, cuts) => {
          const length = frameBytes(format, width, height);
          const stream = Uint8Array.from({ length: length * count }, (_, i) => (i * 7 + (i >> 8)) & 255);
          const sink = new RecordingSink();
          const frames = new RawFrames(format, { width, height }, sink);
          feedAll(frames, stream, cuts);
          expect(sink.frames.map(({ bytes }) => bytes)).toEqual(
            Array.from({ length: count }, (_, i) => stream.slice(i * length, (i + 1) * length)),
          );
          for (const frame of sink.frames) expect(frame).toMatchObject({ format, width, height });
          expect([frames.pendingBytes, sink.held, sink.lostFrames]).toEqual([0, 0, 0]);
        },
      ),
    );
  });

  test("RawFrames: takes only the bytes of the current frame", () => {
    const frames = new RawFrames("gray", { width: 4, height: 2 }, new RecordingSink());
    expect(frames.feed(new Uint8Array(20))).toBe(8);
    expect(frames.pendingBytes).toBe(0);
    expect(frames.feed(new Uint8Array(3))).toBe(3);
    expect(frames.pendingBytes).toBe(3);
    expect(frames.feed(new Uint8Array(20))).toBe(5);
  });

  test("RawFrames: skips a frame without a slot and counts it as lost", () => {
    const sink = new RecordingSink();
    const frames = new RawFrames("gray", { width: 2, height: 1 }, sink);
    sink.slots = 0;
    frames.feed(new Uint8Array([1]));
    sink.slots = 1; // too late for this frame, whose first bytes are gone
    frames.feed(new Uint8Array([2]));
    feedAll(frames, new Uint8Array([3, 4]), [1]);
    expect(sink.lostFrames).toBe(1);
    expect(sink.frames.map(({ bytes }) => [...bytes])).toEqual([[3, 4]]);
  });

  test("RawFrames: the time of capture is the time of the first byte", async () => {
    const sink = new RecordingSink();
    const frames = new RawFrames("gray", { width: 2, height: 1 }, sink);
    const before = nowMicros();
    frames.feed(new Uint8Array([1]));
    const after = nowMicros();
    await Bun.sleep(3);
    frames.feed(new Uint8Array([2]));
    expect(sink.frames[0]?.capturedAt).toBeGreaterThanOrEqual(before);
    expect(sink.frames[0]?.capturedAt).toBeLessThanOrEqual(after);
  });

  test("RawFrames: abandon releases the slot of an unfinished frame", () => {
    const sink = new RecordingSink();
    const frames = new RawFrames("gray", { width: 4, height: 1 }, sink);
    frames.abandon();
    frames.feed(new Uint8Array([1, 2]));
    expect(sink.held).toBe(1);
    frames.abandon();
    frames.abandon();
    expect(sink.held).toBe(0);
    expect(frames.pendingBytes).toBe(0);
    feedAll(frames, new Uint8Array([5, 6, 7, 8]), [3]);
    expect(sink.frames.map(({ bytes }) => [...bytes])).toEqual([[5, 6, 7, 8]]);
  });
});
