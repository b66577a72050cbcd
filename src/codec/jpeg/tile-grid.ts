// The division of a picture into tiles. A tile is a restart interval of a few MCUs (T.81 B.2.4.4). Each line of MCUs has a whole
// number of tiles.

import type { ChromaSampling } from "./sampling.ts";

/** Returns the number of MCUs per line of a picture. */
export function mcusPerLine(width: number, sampling: ChromaSampling): number {
  return Math.ceil(width / mcuWidth(sampling));
}

/** Returns the width of an MCU in pixels. */
export function mcuWidth(sampling: ChromaSampling): number {
  return sampling === "4:2:0" || sampling === "4:2:2" ? 16 : 8;
}

/** The division of a picture into tiles. */
export interface TileGrid {
  readonly mcuHeightPixels: number;
  readonly mcuLines: number;
  readonly tilesPerLine: number;
  readonly tileCount: number;
}

/** Returns the encoder's default tiles for a picture of this size and sampling. */
export function tileGrid(sampling: ChromaSampling, width: number, height: number): TileGrid {
  const mcus = mcusPerLine(width, sampling);
  const mcuHeightPixels = sampling === "4:2:0" ? 16 : 8;
  const mcuLines = Math.ceil(height / mcuHeightPixels);
  const tilesPerLine = mcus / defaultRestartInterval(mcus, mcuWidth(sampling));
  return { mcuHeightPixels, mcuLines, tilesPerLine, tileCount: mcuLines * tilesPerLine };
}

/**
 * The preferred width of tiles in pixels. Narrower tiles need more bytes and calls. Wider tiles contain more unchanged pixels.
 */
const TILE_PIXELS = 128;

/**
 * Returns the number of MCUs in a tile. It is the divisor of the MCUs per line whose tile width is nearest to TILE_PIXELS, or the
 * whole line if no divisor gives a width between half and five times TILE_PIXELS. The kernels process eight MCUs at a time, which
 * are 128 pixels with 4:2:0.
 */
export function defaultRestartInterval(mcus: number, mcuWidthPixels: number): number {
  const aim = TILE_PIXELS / mcuWidthPixels;
  let best = mcus;
  for (let candidate = aim / 2; candidate <= 5 * aim; candidate++) {
    if (mcus % candidate !== 0) continue;
    if (best > 5 * aim || Math.abs(candidate - aim) < Math.abs(best - aim)) best = candidate;
  }
  return best;
}
