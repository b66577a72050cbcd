// Tiles in a codec thread: a batch of them into the planes of their picture, and rectangles of the planes to pixels.

import { CodecError } from "../../core/errors.ts";
import { type Arena, GrowingArea } from "../memory/arena.ts";
import { TILE_BYTES } from "../kernel/decode/layout.ts";
import { instantiateDecoder } from "./decoder.ts";
import { compileKernel } from "./kernel-module.ts";
import { checkStatus, KernelError } from "./kernel-status.ts";

/**
 * Some batches of tiles, for every thread that has time for them: each takes the next batch until there is none left. It
 * holds addresses in the arena only, all checked by whoever made it; the kernel checks what it can.
 */
export interface TileJob {
  kind: "tiles";
  /** The state that the picture's header was read into (JpegPicture.state). */
  state: number;
  /** What the picture needs of scratch. */
  scratchBytes: number;
  /** Entries of TILE_BYTES, as kernel/layout-decoder.ts has them, batch after batch. */
  list: number;
  /** How many tiles each batch has. */
  batches: readonly number[];
  /** Of two i32 in the arena: the number of the next batch that nobody has taken, and how many are not done. */
  counters: number;
  /** Address of pixel (0, 0); 0 where nothing is converted. */
  pixels: number;
  strideBytes: number;
  /** Lines of MCUs that come whole are converted while they are warm, all but the seams (JpegPicture, `waitingRows`). */
  convertsLines: boolean;
  /**
   * x, y, width and height of each rectangle that is converted after the tiles, by the thread that ends the last batch,
   * which saves waking one for them. Without batches they are this job's.
   */
  rectangles: readonly number[];
}

/** Words at `counters`. */
export const NEXT_BATCH = 0;
export const BATCHES_LEFT = 1;
export const COUNTERS_BYTES = 8;

/** Lives in one thread; any number of threads may work on one picture. */
export interface TileDecoder {
  /** Throws CodecError where the kernel refuses the batch; its tiles are in an unknown state then. */
  run(job: TileJob): { damagedTiles: number };
}

/** Loads the decoder kernel on the arena. */
export async function createTileDecoder(arena: Arena): Promise<TileDecoder> {
  const kernel = await instantiateDecoder(await compileKernel("decoder"), arena.memory);
  const scratchArea = new GrowingArea(arena);

  function run(job: TileJob): { damagedTiles: number } {
    const { state, list, batches, pixels, strideBytes, rectangles } = job;
    const scratch = scratchArea.reserve(job.scratchBytes);
    const target = job.convertsLines ? pixels : 0;
    const counters = new Int32Array(arena.memory.buffer, job.counters, 2);
    let summed = 0; // batches before this one have `firstTile` tiles together
    let firstTile = 0;
    let damagedTiles = 0;
    let isLast = batches.length === 0;
    while (batches.length > 0) {
      const batch = Atomics.add(counters, NEXT_BATCH, 1);
      const count = batches[batch];
      if (count === undefined) break;
      while (summed < batch) firstTile += batches[summed++] as number; // the counter only grows
      const address = list + firstTile * TILE_BYTES;
      damagedTiles += checkStatus(kernel.decodeTiles(state, scratch, address, count, target, strideBytes, 0));
      isLast = Atomics.sub(counters, BATCHES_LEFT, 1) === 1;
    }
    const side = (index: number) => rectangles[index] as number;
    for (let at = 0; isLast && at + 4 <= rectangles.length; at += 4) {
      const [x, y, width, height] = [side(at), side(at + 1), side(at + 2), side(at + 3)];
      checkStatus(kernel.convert(state, scratch, x, y, width, height, pixels, strideBytes, 0));
    }
    return { damagedTiles };
  }

  return {
    run(job) {
      try {
        return run(job);
      } catch (cause) {
        if (!(cause instanceof KernelError)) throw cause;
        throw new CodecError(`cannot decode tiles: ${cause.message}`, { cause });
      }
    },
  };
}
