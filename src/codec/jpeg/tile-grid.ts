// How a picture is cut into tiles: restart intervals of a few MCUs (T.81 B.2.4.4), a whole number of them a line.

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

/** The tiles that `prepare` makes of a picture with that sampling unless it is told otherwise. */
export function tileGrid(sampling: ChromaSampling, width: number, height: number): TileGrid {
  const mcus = mcusPerLine(width, sampling);
  const mcuHeightPixels = sampling === "4:2:0" ? 16 : 8;
  const mcuLines = Math.ceil(height / mcuHeightPixels);
  const tilesPerLine = mcus / defaultRestartInterval(mcus, mcuWidth(sampling));
  return { mcuHeightPixels, mcuLines, tilesPerLine, tileCount: mcuLines * tilesPerLine };
}

/** Width of a tile that is aimed at: narrower ones cost bytes and calls, wider ones take more along that is unchanged. */
const TILE_PIXELS = 128;

/**
 * The divisor of the MCUs per line that brings tiles nearest to TILE_PIXELS; where none lies between half and five times
 * that, the whole line. (128 pixels are eight MCUs of 4:2:0, which is what the kernels take at a time.)
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
