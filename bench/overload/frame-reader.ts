// Reads raw RGBA frames from standard input and reports their ages and order, which it reads from the frame code in the pixels.
//
// Usage: bun bench/overload/frame-reader.ts WIDTHxHEIGHT WARM_UP_SECONDS SECONDS SLOW_MS
//
// SLOW_MS is the time that the reader spends on each frame.
// The measurement begins WARM_UP_SECONDS after the first frame, and the line {"warm":true} says so.

import { readSync } from "node:fs";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { frameBytes, parseSize, type Size } from "../../src/core/pixel-format.ts";
import { Durations, type LatencyMs } from "../../src/core/statistics.ts";

export interface FrameReaderReport {
  frames: number;
  fps: number;
  /** The ages of frames when the reader has done with them. */
  ageMs: LatencyMs;
  /** The longest time between two frames. */
  gapMs: number;
  unreadable: number;
  outOfOrder: number;
}

if (import.meta.main) {
  const [sizeText = "", warmUp, seconds, slowMs] = process.argv.slice(2);
  const size = parseSize(sizeText);
  const plan = { warmUpMicros: Number(warmUp) * 1e6, micros: Number(seconds) * 1e6, slowMs: Number(slowMs) };
  console.log(JSON.stringify(readAll(size, plan)));
}

function readAll(
  size: Size,
  { warmUpMicros, micros, slowMs }: { warmUpMicros: number; micros: number; slowMs: number },
): FrameReaderReport {
  const frame = new Uint8Array(frameBytes("rgba", size.width, size.height));
  const ages = new Durations();
  let [unreadable, outOfOrder, lastNumber, gap] = [0, 0, 0, 0];
  let beginAt = Number.POSITIVE_INFINITY;
  let [firstAt, lastAt] = [0, 0];
  while (readFrame(frame)) {
    if (slowMs > 0) Bun.sleepSync(slowMs);
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
