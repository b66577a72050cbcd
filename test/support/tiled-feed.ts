// A feed of tiles without an encoder: the tiles of each frame have bytes that the test chooses.

import { Rendition } from "../../src/server/renditions/rendition.ts";

/** The number of tiles of a picture. */
export const TILES = 4;

/** Starts a rendition whose pictures have four tiles, with a header of its own. */
export function startRendition(rendition = new Rendition({ halvings: 0, quality: 75 })): Rendition {
  const layout = { stateAddress: 0, tilesPerLine: 1, restartIntervalMcus: 20, planeCount: 1 };
  const header = new Uint8Array([0xff, 0xd8, Math.floor(256 * Math.random())]);
  const stream = { width: 64, height: 64, framesPerSecond: 30, codec: "simd", quality: 75 };
  rendition.start({ ...layout, tileCount: TILES, header }, { ...stream, sourceWidth: 64, sourceHeight: 64 });
  return rendition;
}

/** Encodes tiles of a frame with so many bytes each. All bytes are the number of the frame. */
export function encodeTiles(
  rendition: Rendition,
  { frame, capturedAt, tiles, bytes }: { frame: number; capturedAt: number; tiles: number[]; bytes: number },
  hasChanged = true,
): void {
  const total = tiles.length * bytes;
  rendition.open(frame, capturedAt);
  rendition.put(
    tiles,
    tiles.map(() => bytes),
    new Uint8Array(total).fill(frame),
  );
  rendition.commit(total, hasChanged);
}
