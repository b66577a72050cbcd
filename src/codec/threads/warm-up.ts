// Warms up a codec before it is needed, because the engine optimises WebAssembly only after it has run for some time.

import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";
import type { Codec } from "../codec.ts";
import { tileGrid } from "../jpeg/tile-grid.ts";
import type { EncodeTilesJob, TileEncoder } from "../tile-jobs.ts";

/** The number of calls after which the first live frames are as fast as later ones (measured, see docs/codec.md). */
const CALLS = 12;
const WIDTH = 320;
const HEIGHT = 240;

/** Encodes and decodes a small picture several times, whole and, if the codec supports it, as tiles. */
export async function warmUp(codec: Codec, arena: Arena): Promise<void> {
  const bytes = WIDTH * HEIGHT * 4;
  const address = new GrowingBlock(arena).reserve(2 * bytes);
  const pixels = arena.bytes(address, bytes);
  for (let at = 0; at < bytes; at++) pixels[at] = (at * 7 + (at >> 9) * 31) & 255;
  for (let call = 0; call < CALLS; call++) {
    const jpeg = await codec.encode({ width: WIDTH, height: HEIGHT, format: "rgba", address }, 75);
    await codec.decode(jpeg, { address: address + bytes, bytes });
  }
  if (codec.tileEncoder !== null) warmUpTiles(codec.tileEncoder, arena, address, address + bytes, bytes);
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
