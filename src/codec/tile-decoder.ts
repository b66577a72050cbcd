// Tiles in a codec thread: a batch of them into the planes of their picture, and rectangles of the planes to pixels.

import { CodecError } from "../core/errors.ts";
import { type Arena, GrowingArea } from "./arena.ts";
import { instantiateDecoder } from "./simd/decoder.ts";
import { compileKernel } from "./simd/kernel-module.ts";
import { checkStatus, KernelError } from "./simd/kernel-status.ts";

/** One batch. It holds addresses in the arena only, all checked by whoever made it; the kernel checks what it can. */
export interface TileJob {
  kind: "tiles";
  /** The state that the picture's header was read into (JpegPicture.state). */
  state: number;
  /** What the picture needs of scratch. */
  scratchBytes: number;
  /** `count` entries of TILE_BYTES, as kernel/layout-decoder.ts has them. */
  list: number;
  count: number;
  /** Address of pixel (0, 0); 0 where nothing is converted. */
  pixels: number;
  strideBytes: number;
  /** Lines of MCUs that come whole are converted while they are warm, all but the seams (JpegPicture, `waitingRows`). */
  convertsLines: boolean;
  /** x, y, width and height of each rectangle that is converted after the tiles. */
  rectangles: readonly number[];
  /**
   * Address of an i32 with the number of jobs that bring the tiles together: the one that ends last converts the
   * rectangles, which saves waking a thread for them. 0: they are this job's.
   */
  barrier: number;
}

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
    const { state, list, count, pixels, strideBytes, rectangles, barrier } = job;
    const scratch = scratchArea.reserve(job.scratchBytes);
    const target = job.convertsLines ? pixels : 0;
    const damagedTiles =
      count === 0 ? 0 : checkStatus(kernel.decodeTiles(state, scratch, list, count, target, strideBytes, 0));
    const isLast = barrier === 0 || Atomics.sub(new Int32Array(arena.memory.buffer, barrier, 1), 0, 1) === 1;
    for (let at = 0; isLast && at + 4 <= rectangles.length; at += 4) {
      const [x = 0, y = 0, width = 0, height = 0] = rectangles.slice(at, at + 4);
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
        throw new CodecError(`cannot decode ${job.count} tiles: ${cause.message}`, { cause });
      }
    },
  };
}
