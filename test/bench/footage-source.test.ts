// The footage of the benches: it changes everywhere, where people walk, or nowhere, and each frame has a readable code.

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
/** Comparisons leave out the code, which is 4 cells high. A cell is a fortieth of the width. */
const ROWS_ABOVE_CODE = SIZE.height - (4 * SIZE.width) / 40;

/** Captures `count` frames as fast as possible. */
async function framesOf(kind: FootageKind, count: number): Promise<RecordingSink["frames"]> {
  const sink = new RecordingSink();
  const ending = new AbortController();
  const running = createFootageSource(kind, SIZE, 0).run(sink, ending.signal);
  const enough = setInterval(() => sink.frames.length >= count && ending.abort(), 1);
  await running;
  clearInterval(enough);
  return sink.frames.slice(0, count);
}

/** The share of blocks above the code in which at least one pixel differs visibly between the two pictures. */
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

/** The share of changed blocks from each frame to the next. */
function changes(frames: RecordingSink["frames"]): number[] {
  return frames.slice(1).map(({ bytes }, i) => changedShare(bytes, frames[i]?.bytes as Uint8Array));
}

describe("footage source: motion, codes and rate", () => {
  test("footage source: moving footage changes everywhere with each frame, even where it repeats", async () => {
    const frames = await framesOf("moving", 60); // the footage has 48 different frames and then repeats
    expect(Math.min(...changes(frames))).toBeGreaterThan(0.97);
    expect(changedShare(frames[0]?.bytes as Uint8Array, frames[48]?.bytes as Uint8Array)).toBe(0);
  });

  test("footage source: in still footage a small part changes with each frame", async () => {
    const shares = changes(await framesOf("still", 40));
    expect(Math.min(...shares)).toBeGreaterThan(0);
    expect(median(shares)).toBeLessThan(0.5); // only the median: the key frames of the clip change everything
  });

  test("footage source: in frozen footage only the code changes", async () => {
    expect(Math.max(...changes(await framesOf("frozen", 10)))).toBe(0);
  });

  test("footage source: the code of a frame has its number and its capture time", async () => {
    const begin = nowMicros();
    const frames = await framesOf("moving", 60);
    const codes = frames.map(({ bytes }) => readFrameCode(bytes, SIZE));
    expect(codes.map((code) => code?.frameNumber)).toEqual(Array.from({ length: 60 }, (_, i) => i + 1));
    expect(codes.map((code) => code?.bornAt)).toEqual(frames.map(({ capturedAt }) => capturedAt));
    expect(codes[0]?.bornAt).toBeGreaterThan(begin);
  });

  test("footage source: keeps its rate, and drops a frame if no slot is free", async () => {
    const sink = new RecordingSink();
    const ending = new AbortController();
    const running = createFootageSource("frozen", SIZE, 100).run(sink, ending.signal);
    while (sink.frames.length < 20) await Bun.sleep(1);
    const span = (sink.frames[19]?.capturedAt ?? 0) - (sink.frames[0]?.capturedAt ?? 0);
    expect(span).toBeGreaterThan(18 * 10_000 * 0.9); // 19 intervals of 10 ms; on a busy machine they are longer
    sink.slots = 0;
    while (sink.lostFrames < 3) await Bun.sleep(1);
    const delivered = sink.frames.length;
    await Bun.sleep(50);
    expect(sink.frames.length).toBe(delivered);
    ending.abort();
    await running;
  });

  test("footage server: a probe ignores the frames of its warm-up", async () => {
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
