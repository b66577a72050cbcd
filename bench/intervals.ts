// Measures the time that restart markers save a viewer. It decodes the same pictures with and without them alternately.

import { Arena } from "../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../src/codec/bun/runtime.ts";
import { CodecPool } from "../src/codec/threads/pool.ts";
import { createPictureDecoder, type PictureDecoder } from "../src/client/decode/picture-decoder.ts";
import type { DecodedPicture } from "../src/client/picture.ts";
import type { Origin } from "../src/protocol/origin.ts";
import { median } from "../src/core/statistics.ts";
import { round } from "./bench.ts";

/** The rate of a camera. Between two pictures threads sleep and caches get other contents. */
const PACE_MS = 16;
const WARM_UP_PICTURES = 40;

export interface IntervalFigures {
  threads: number;
  /** The time from the last byte to the pixels. */
  oneThreadMs: number;
  allThreadsMs: number;
}

/** Inserts the markers with jpegtran. Null if it is not installed. */
export async function measureIntervals(
  jpegs: readonly Uint8Array[],
  pictures: number,
): Promise<IntervalFigures | null> {
  if (Bun.which("jpegtran") === null) return null;
  const marked = jpegs.map((jpeg) => {
    const { stdout, success, stderr } = Bun.spawnSync(["jpegtran", "-restart", "1", "-copy", "all"], { stdin: jpeg });
    if (!success) throw new Error(`jpegtran failed: ${stderr.toString()}`);
    return new Uint8Array(stdout);
  });
  const threads = 2;
  const arena = Arena.create();
  let pipeline: PictureDecoder | null = null;
  let take: (picture: DecodedPicture) => void = () => undefined;
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    ...({ arena, codec: "simd", threads } as const),
    onIdle: () => pipeline?.pump(),
    onBroken: () => undefined,
    onRestarted: () => undefined,
  });
  pipeline = await createPictureDecoder(arena, pool, {
    onDecoded: (picture) => take(picture),
    onDropped: (_, __, reason) => {
      throw new Error(`a picture was not decoded: ${reason}`);
    },
  });
  await pool.started;
  const decode = async (jpeg: Uint8Array): Promise<number> => {
    const copy = new Uint8Array(jpeg); // the pipeline detaches the buffer
    await Bun.sleep(PACE_MS);
    const decoded = Promise.withResolvers<DecodedPicture>();
    take = decoded.resolve;
    const startedAt = performance.now();
    const stamps = { frameNumber: 1, capturedAt: 0, encodedAt: 0, sentAt: 0, firstByteAt: 0, lastByteAt: 0 };
    pipeline.offer({ ...stamps, bytes: copy.length, jpeg: copy, maxPixels: 2 ** 26, origin: NO_ORIGIN });
    const { slot } = await decoded.promise;
    const passed = performance.now() - startedAt;
    slot.release();
    return passed;
  };
  const times: { plain: number[]; marked: number[] } = { plain: [], marked: [] };
  try {
    for (let turn = -WARM_UP_PICTURES; turn < pictures; turn++) {
      const index = (turn + WARM_UP_PICTURES) % jpegs.length;
      const [plainMs, markedMs] = [await decode(jpegs[index] as Uint8Array), await decode(marked[index] as Uint8Array)];
      if (turn < 0) continue;
      times.plain.push(plainMs);
      times.marked.push(markedMs);
    }
  } finally {
    await pool.close();
  }
  return { threads, oneThreadMs: round(median(times.plain) ?? 0), allThreadsMs: round(median(times.marked) ?? 0) };
}

/** This bench acknowledges no picture. */
const NO_ORIGIN = {} as Origin;
