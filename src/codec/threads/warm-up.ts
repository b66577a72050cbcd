// Warms up a codec before it is needed, because the engine optimises WebAssembly only after it has run for some time. Threads that
// instantiate the same module share the optimised code, so one thread warms up for all threads of a process.

import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";
import type { Codec } from "../codec.ts";
import { tileGrid } from "../jpeg/tile-grid.ts";
import type { EncodeTilesJob, TileEncoder } from "../tile-jobs.ts";
import type { Work } from "./job.ts";

/** The number of calls after which the first live frames are as fast as later ones (measured, see docs/codec.md). */
const CALLS = 12;
const WIDTH = 320;
const HEIGHT = 240;

/**
 * Does the given kinds of work several times with a small picture. A codec that can encode tiles is warmed up with tiles, because
 * whole pictures are encoded by the same functions of its kernel.
 */
export async function warmUp(codec: Codec, arena: Arena, work: readonly Work[]): Promise<void> {
  if (work.length === 0) return;
  const bytes = WIDTH * HEIGHT * 4;
  const address = new GrowingBlock(arena).reserve(2 * bytes);
  const pixels = arena.bytes(address, bytes);
  for (let at = 0; at < bytes; at++) pixels[at] = (at * 7 + (at >> 9) * 31) & 255;
  const encode = () => codec.encode({ width: WIDTH, height: HEIGHT, format: "rgba", address }, 75);
  const { tileEncoder } = codec;
  if (work.includes("encode") && tileEncoder !== null) {
    warmUpTiles(tileEncoder, arena, address, address + bytes, bytes);
  } else if (work.includes("encode")) {
    for (let call = 0; call < CALLS; call++) await encode();
  }
  if (!work.includes("decode")) return;
  const jpeg = await encode();
  for (let call = 0; call < CALLS; call++) await codec.decode(jpeg, { address: address + bytes, bytes });
}

/** Encodes tiles like the frames of a camera: every tile is compared with the last picture, and half of them are encoded. */
function warmUpTiles(encoder: TileEncoder, arena: Arena, frame: number, reference: number, bytes: number): void {
  const picture = encoder.prepare({
    kind: "prepare-tiles",
    width: WIDTH,
    height: HEIGHT,
    format: "rgba",
    sampling: "4:2:0",
    quality: 75,
    stateAddress: null,
  });
  const { mcuLines, tilesPerLine, mcuHeightPixels, tileCount } = tileGrid("4:2:0", WIDTH, HEIGHT);
  const counterAddress = arena.take(4);
  const lengthsAddress = arena.take(4 * tileCount);
  arena.bytes(reference, bytes).set(arena.bytes(frame, bytes));
  for (let call = 0; call < CALLS; call++) {
    const job: EncodeTilesJob = {
      kind: "encode-tiles",
      format: "rgba",
      counterAddress,
      bands: 2,
      bandLines: mcuLines / 2 + 1,
      saysParts: false,
      scales: [
        {
          width: WIDTH,
          height: HEIGHT,
          address: frame,
          mcuLines,
          tilesPerLine,
          mcuHeight: mcuHeightPixels,
          referenceAddress: reference,
          becomesReference: call % 2 === 0,
          noise: 2,
          refresh: { first: 0, count: tileCount / 2 },
          renditions: [{ picture, isNew: false, lengthsAddress }],
        },
      ],
    };
    new Int32Array(arena.memory.buffer, counterAddress, 1)[0] = 0;
    encoder.encode(job, () => undefined);
  }
}
