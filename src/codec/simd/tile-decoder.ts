// Decodes tiles in a codec thread, or in the main thread (codec/threads/own-kernel.ts). It decodes batches of tiles into the
// planes of their picture, and converts rectangles of the planes to pixels.

import { CodecError } from "../../core/errors.ts";
import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";
import { BATCHES_LEFT, NEXT_BATCH, type TileJob } from "../tile-jobs.ts";
import { TILE_BYTES } from "../kernel/decode/layout.ts";
import { instantiateDecoder } from "./decoder.ts";
import type { WasmModules } from "../wasm/modules.ts";
import { checkStatus, KernelError } from "./kernel-status.ts";

/** The result of a run. */
export interface DecodedTiles {
  damagedTiles: number;
  /** Whether no batch is left. */
  isFinished: boolean;
}

/** The decoder of one thread. Any number of threads may work on one picture. */
export interface TileDecoder {
  /**
   * Decodes batches until none is left. It asks `mayGoOn` before each batch except the first. Throws CodecError if the kernel
   * refuses a batch. The tiles of that batch may be decoded or not.
   */
  run(job: TileJob, mayGoOn?: () => boolean): DecodedTiles;
}

/** Loads the decoder kernel on the arena. */
export async function createTileDecoder(arena: Arena, wasm: WasmModules): Promise<TileDecoder> {
  const kernel = instantiateDecoder(await wasm.kernel("decoder"), arena.memory);
  const scratchBlock = new GrowingBlock(arena);

  function run(job: TileJob, mayGoOn: () => boolean): DecodedTiles {
    const { state, list, batches, pixels, strideBytes, rectangles } = job;
    const scratch = scratchBlock.reserve(job.scratchBytes);
    const target = job.convertsLines ? pixels : 0;
    const counters = new Int32Array(arena.memory.buffer, job.counters, 2);
    let summed = 0; // the number of batches whose tiles are counted in `firstTile`
    let firstTile = 0;
    let damagedTiles = 0;
    let isLast = batches.length === 0;
    let isFinished = isLast;
    while (!isFinished) {
      const batch = Atomics.add(counters, NEXT_BATCH, 1);
      const count = batches[batch];
      isFinished = count === undefined;
      if (count === undefined) break;
      // No batch is counted twice, because the counter only grows.
      while (summed < batch) firstTile += batches[summed++] as number;
      const address = list + firstTile * TILE_BYTES;
      damagedTiles += checkStatus(kernel.decodeTiles(state, scratch, address, count, target, strideBytes, 0));
      isLast = Atomics.sub(counters, BATCHES_LEFT, 1) === 1;
      isFinished = Atomics.load(counters, NEXT_BATCH) >= batches.length;
      if (!isFinished && !mayGoOn()) break;
    }
    const side = (index: number) => rectangles[index] as number;
    for (let at = 0; isLast && at + 4 <= rectangles.length; at += 4) {
      const [x, y, width, height] = [side(at), side(at + 1), side(at + 2), side(at + 3)];
      checkStatus(kernel.convert(state, scratch, x, y, width, height, pixels, strideBytes, 0));
    }
    return { damagedTiles, isFinished };
  }

  return {
    run(job, mayGoOn = () => true) {
      try {
        return run(job, mayGoOn);
      } catch (cause) {
        if (!(cause instanceof KernelError)) throw cause;
        throw new CodecError(`cannot decode tiles: ${cause.message}`, { cause });
      }
    },
  };
}
