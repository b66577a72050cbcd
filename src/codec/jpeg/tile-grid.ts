// How a picture is cut into tiles. A tile is a restart interval of a few MCUs (T.81 B.2.4.4); each line of MCUs has a whole number of them.

import type { ChromaSampling } from "./sampling.ts";

/** MCUs per line of a picture. */
export function mcusPerLine(width: number, sampling: ChromaSampling): number {
  return Math.ceil(width / mcuWidth(sampling));
}

/** Width of an MCU in pixels. */
export function mcuWidth(sampling: ChromaSampling): number {
  return sampling === "4:2:0" || sampling === "4:2:2" ? 16 : 8;
}

/** How a picture is cut into tiles. */
export interface TileGrid {
  readonly mcuHeightPixels: number;
  readonly mcuLines: number;
  readonly tilesPerLine: number;
  readonly tileCount: number;
}

/** The tiles that the encoder makes by default of a picture of that size and sampling. */
export function tileGrid(sampling: ChromaSampling, width: number, height: number): TileGrid {
  const mcus = mcusPerLine(width, sampling);
  const mcuHeightPixels = sampling === "4:2:0" ? 16 : 8;
  const mcuLines = Math.ceil(height / mcuHeightPixels);
  const tilesPerLine = mcus / defaultRestartInterval(mcus, mcuWidth(sampling));
  return { mcuHeightPixels, mcuLines, tilesPerLine, tileCount: mcuLines * tilesPerLine };
}

/** The width that tiles should have. Narrower tiles cost more bytes and calls; wider ones hold more pixels that have not changed. */
const TILE_PIXELS = 128;

/**
 * The MCUs in a tile: the divisor of the MCUs per line whose tiles come nearest to TILE_PIXELS, or the whole line if no divisor
 * lies between half and five times that. (128 pixels are eight MCUs of 4:2:0, as many as the kernels take at a time.)
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
