// The benches' footage: frames with readable codes that change everywhere, only where people walk, or not at all.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createFootageSource } from "../../bench/footage-source.ts";
import type { FootageKind } from "../../bench/footage-file.ts";
import { runProbe, startFootageServer } from "../../bench/processes.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { median } from "../../src/core/statistics.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { RecordingSink } from "../support/recording-sink.ts";

setDefaultTimeout(60_000);

const SIZE = { width: 320, height: 180 };
const BLOCK = 16;
/** The code is 4 cells of a fortieth of the width high; its place is left out of comparisons. */
const ROWS_ABOVE_CODE = SIZE.height - (4 * SIZE.width) / 40;

/** So many frames, as fast as they come. */
async function framesOf(kind: FootageKind, count: number): Promise<RecordingSink["frames"]> {
  const sink = new RecordingSink();
  const ending = new AbortController();
  const running = createFootageSource(kind, SIZE, 0).run(sink, ending.signal);
  const enough = setInterval(() => sink.frames.length >= count && ending.abort(), 1);
  await running;
  clearInterval(enough);
  return sink.frames.slice(0, count);
}

/** The share of blocks above the code in which any pixel differs visibly between the two pictures. */
function changedShare(a: Uint8Array, b: Uint8Array): number {
  const [across, down] = [SIZE.width / BLOCK, Math.floor(ROWS_ABOVE_CODE / BLOCK)];
  let changed = 0;
  for (let block = 0; block < across * down; block++) {
    const [left, top] = [(block % across) * BLOCK, Math.floor(block / across) * BLOCK];
    const pixels = Array.from({ length: BLOCK * BLOCK }, (_, i) => {
      const [x, y] = [left + (i % BLOCK), top + Math.floor(i / BLOCK)];
      return (y * SIZE.width + x) * 4 + 1;
    });
    if (pixels.some((at) => Math.abs((a[at] as number) - (b[at] as number)) > 2)) changed++;
  }
  return changed / (across * down);
}

/** The changed shares from each frame to the next. */
function changes(frames: RecordingSink["frames"]): number[] {
  return frames.slice(1).map(({ bytes }, i) => changedShare(bytes, frames[i]?.bytes as Uint8Array));
}

describe("footage", () => {
  test("moving: all of the picture changes with every frame, also where it begins anew", async () => {
    const frames = await framesOf("moving", 60); // of 48, so the first comes again
    expect(Math.min(...changes(frames))).toBeGreaterThan(0.97);
    expect(changedShare(frames[0]?.bytes as Uint8Array, frames[48]?.bytes as Uint8Array)).toBe(0);
  });

  test("still: something changes with every frame, and mostly most does not", async () => {
    const shares = changes(await framesOf("still", 40));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(median(shares)).toBeLessThan(0.5); // not each: the clip's own compression now and then redraws everything
  });

  test("frozen: nothing changes but the code", async () => {
    expect(Math.max(...changes(await framesOf("frozen", 10)))).toBe(0);
  });

  test("every frame carries its number and the time it was delivered with", async () => {
    const begin = nowMicros();
    const frames = await framesOf("moving", 60);
    const codes = frames.map(({ bytes }) => readFrameCode(bytes, SIZE));
    expect(codes.map((code) => code?.frameNumber)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(codes.map((code) => code?.bornAt)).toEqual(frames.map(({ capturedAt }) => capturedAt));
    expect(codes[0]?.bornAt).toBeGreaterThan(begin);
  });

  test("comes at its rate, and a frame that nobody has room for is lost", async () => {
    const sink = new RecordingSink();
    const ending = new AbortController();
    const running = createFootageSource("frozen", SIZE, 100).run(sink, ending.signal);
    while (sink.frames.length < 20) await Bun.sleep(1);
    const span = (sink.frames[19]?.capturedAt ?? 0) - (sink.frames[0]?.capturedAt ?? 0);
    expect(span).toBeGreaterThan(18 * 10_000 * 0.9); // 19 intervals of 10 ms; the machine may make them longer
    sink.slots = 0;
    while (sink.lostFrames < 3) await Bun.sleep(1);
    const delivered = sink.frames.length;
    await Bun.sleep(50);
    expect(sink.frames.length).toBe(delivered);
    ending.abort();
    await running;
  });

  test("its server can be watched, and a probe with a warm-up forgets what was before", async () => {
    const server = await startFootageServer({ kind: "moving", size: SIZE, fps: 50, flags: ["--workers", "1"] });
    let warm = 0;
    const watch = { port: server.port, seconds: 1, warmUpSeconds: 1, onWarm: () => warm++ };
    const { report } = await runProbe(watch);
    const served = await server.stop();
    expect(warm).toBe(1);
    expect(served.report).toMatchObject({ source: "moving footage", ...SIZE });
    expect(report).toMatchObject({ unreadable: 0, outOfOrder: 0 });
    expect(report.firstFrame).toBeGreaterThan(10);
    expect(report.frames).toBeLessThan(1.5 * 50);
    expect(report.lastSecondMs).toBeGreaterThan(0);
  });
});
