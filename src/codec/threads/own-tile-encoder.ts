// The main thread's own tile encoder (own-kernel.ts).

import { CODECS, type CodecName } from "../codecs.ts";
import type { Arena } from "../memory/arena.ts";
import { loadTileEncoder } from "../simd/tile-encoder.ts";
import type { TileEncoder } from "../tile-jobs.ts";
import { OwnKernel } from "./own-kernel.ts";
import type { CodecPool } from "./pool.ts";

/** Returns the encoder, or null if the codec makes no tiles. */
export function ownTileEncoder(codec: CodecName, arena: Arena, pool: CodecPool): OwnKernel<TileEncoder> | null {
  return CODECS[codec].encodesTiles ? OwnKernel.create(pool, () => loadTileEncoder(arena, pool.wasm)) : null;
}
