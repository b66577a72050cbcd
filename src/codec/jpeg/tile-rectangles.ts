// Computes the pixels that the tiles of a JPEG cover, and the shares of threads that decode one picture together.

import type { Rectangle } from "../../core/rectangle.ts";

/** The facts that the decoder read from a JPEG's header. */
export interface PictureInfo {
  readonly width: number;
  readonly height: number;
  /** 1 for grey pictures, 3 for others. */
  readonly components: number;
  readonly mcuWidth: number;
  readonly mcuHeight: number;
  readonly mcusPerLine: number;
  readonly mcuLines: number;
  /** The number of MCUs in a tile (restart interval), or in the whole picture if it has no restart intervals. */
  readonly tileMcus: number;
  readonly tiles: number;
  /** Whether the first scan has all components. Only then is a tile a rectangle of the picture. */
  readonly isInterleaved: boolean;
  /** The number of bytes before the first entropy-coded byte. */
  readonly headerBytes: number;
}

export interface Upsampling {
  /** True if chroma samples are repeated, and false if they are filtered. */
  readonly box?: boolean;
}

/** A worker's share of a picture: consecutive tiles that begin at the start of a line of MCUs. */
export interface Share {
  readonly firstTile: number;
  readonly tiles: number;
  /** The first line of pixels of the share. */
  readonly top: number;
}

/**
 * Divides a picture into up to `workers` shares of about equal height, at lines of MCUs that begin with a tile. Without restart
 * intervals, or with one scan for each component, there is only one share. Each worker decodes its share with `decodeTiles`.
 * After that the lines around each cut must still be converted (see `seams`).
 */
export function shareOut(info: PictureInfo, workers: number): Share[] {
  const shares: Share[] = [];
  const cutLines = info.isInterleaved ? info.mcuLines : 1;
  let previous = -1;
  for (let worker = 0; worker < workers; worker++) {
    let line = Math.round((cutLines * worker) / workers);
    while (line < cutLines && (line * info.mcusPerLine) % info.tileMcus !== 0) line++;
    if (line <= previous || line >= cutLines) continue;
    shares.push({ firstTile: (line * info.mcusPerLine) / info.tileMcus, tiles: 0, top: line * info.mcuHeight });
    previous = line;
  }
  return shares.map((share, i) => ({ ...share, tiles: (shares[i + 1]?.firstTile ?? info.tiles) - share.firstTile }));
}

/**
 * Returns the lines of pixels around each cut, which need the samples of both shares. The kernel returns `waitingRows` for the
 * picture.
 */
export function seams(info: PictureInfo, shares: readonly Share[], waitingRows: number): Rectangle[] {
  if (waitingRows === 0) return [];
  return shares.slice(1).map(({ top }) => ({
    x: 0,
    y: top - waitingRows,
    width: info.width,
    height: Math.min(top + waitingRows, info.height) - (top - waitingRows),
  }));
}

/**
 * Returns the pixels that change with a tile: its own pixels and, with the triangle filter, the neighbouring pixels that use its
 * chroma samples.
 */
export function tileRectangle(info: PictureInfo, number: number, how: Upsampling = {}): Rectangle {
  if (!info.isInterleaved) return { x: 0, y: 0, width: info.width, height: info.height };
  const first = number * info.tileMcus;
  const last = Math.min(first + info.tileMcus, info.mcusPerLine * info.mcuLines) - 1;
  const line = Math.floor(first / info.mcusPerLine);
  const lastLine = Math.floor(last / info.mcusPerLine);
  const isOneLine = line === lastLine;
  // With chroma samples two pixels wide or high, one pixel beyond the tile uses the tile's samples.
  const across = how.box || info.mcuWidth === 8 ? 0 : 1;
  const down = how.box || info.mcuHeight === 8 ? 0 : 1;
  const x0 = isOneLine ? (first % info.mcusPerLine) * info.mcuWidth - across : 0;
  const x1 = isOneLine ? ((last % info.mcusPerLine) + 1) * info.mcuWidth + across : info.width;
  const left = Math.max(x0, 0);
  const top = Math.max(line * info.mcuHeight - down, 0);
  return {
    x: left,
    y: top,
    width: Math.min(x1, info.width) - left,
    height: Math.min((lastLine + 1) * info.mcuHeight + down, info.height) - top,
  };
}
