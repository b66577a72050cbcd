// Reads raw RGBA frames from standard input and reports their ages and order, which it reads from the frame code in the pixels.
//
// Usage: bun bench/overload/frame-reader.ts WIDTHxHEIGHT WARM_UP_SECONDS SECONDS
//
// The measurement begins WARM_UP_SECONDS after the first frame, and the line {"warm":true} says so.

import { readSync } from "node:fs";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { frameBytes, parseSize } from "../../src/core/pixel-format.ts";
import { Durations, type LatencyMs } from "../../src/core/statistics.ts";

export interface FrameReaderReport {
  frames: number;
  fps: number;
  /** The ages of frames when their last byte was read. */
  ageMs: LatencyMs;
  /** The longest time between two frames. */
  gapMs: number;
  unreadable: number;
  outOfOrder: number;
}

if (import.meta.main) {
  const [sizeText = "", warmUp, seconds] = process.argv.slice(2);
  const size = parseSize(sizeText);
  console.log(JSON.stringify(readAll(size, Number(warmUp) * 1e6, Number(seconds) * 1e6)));
}

function readAll(size: { width: number; height: number }, warmUpMicros: number, micros: number): FrameReaderReport {
  const frame = new Uint8Array(frameBytes("rgba", size.width, size.height));
  const ages = new Durations();
  let [unreadable, outOfOrder, lastNumber, gap] = [0, 0, 0, 0];
  let beginAt = Number.POSITIVE_INFINITY;
  let [firstAt, lastAt] = [0, 0];
  while (readFrame(frame)) {
    const now = nowMicros();
    if (beginAt === Number.POSITIVE_INFINITY) beginAt = now + warmUpMicros;
    if (now < beginAt) continue;
    if (firstAt === 0) {
      console.log('{"warm":true}');
      firstAt = now;
    } else {
      gap = Math.max(gap, now - lastAt);
    }
    lastAt = now;
    const code = readFrameCode(frame, size);
    if (code === null) {
      unreadable++;
    } else {
      ages.record(now - code.bornAt);
      if (code.frameNumber < lastNumber) outOfOrder++;
      lastNumber = code.frameNumber;
    }
    if (now > beginAt + micros) break;
  }
  const fps = lastAt > firstAt ? ((ages.count + unreadable - 1) * 1e6) / (lastAt - firstAt) : 0;
  return { frames: ages.count, fps, ageMs: ages.summary(), gapMs: gap / 1000, unreadable, outOfOrder };
}

/** Fills the memory with the next frame. Returns false at the end of the input. */
function readFrame(frame: Uint8Array): boolean {
  for (let filled = 0; filled < frame.length;) {
    const count = readSync(0, frame, filled, frame.length - filled, null);
    if (count === 0) return false;
    filled += count;
  }
  return true;
}
