// The grid of a motion detector: the tiles of a picture, and the share of the picture that each of them covers.

import type { ShareBox } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";

/** The division of a picture into tiles, line by line. Tiles at the right and lower edge may be smaller than the others. */
export interface MotionGrid extends Size {
  columns: number;
  lines: number;
  /** The size of a tile in pixels. */
  tileWidth: number;
  tileHeight: number;
}

export function isSameGrid(one: MotionGrid, other: MotionGrid): boolean {
  return (
    one.columns === other.columns &&
    one.lines === other.lines &&
    one.width === other.width &&
    one.height === other.height &&
    one.tileWidth === other.tileWidth &&
    one.tileHeight === other.tileHeight
  );
}

/** Returns the share of the picture that each tile covers. Their sum is 1. */
export function tileShares({ columns, lines, width, height, tileWidth, tileHeight }: MotionGrid): Float64Array {
  return Float64Array.from({ length: columns * lines }, (_, tile) => {
    const x = (tile % columns) * tileWidth;
    const y = Math.floor(tile / columns) * tileHeight;
    const pixels = Math.max(0, Math.min(tileWidth, width - x)) * Math.max(0, Math.min(tileHeight, height - y));
    return pixels / (width * height);
  });
}

/** Returns the box that encloses the tiles from one column and line to another, in shares of the picture. */
export function boxOfTiles(
  { width, height, tileWidth, tileHeight }: MotionGrid,
  [left, top, right, bottom]: readonly [left: number, top: number, right: number, bottom: number],
): ShareBox {
  const x = left * tileWidth;
  const y = top * tileHeight;
  return {
    x: x / width,
    y: y / height,
    width: (Math.min(width, (right + 1) * tileWidth) - x) / width,
    height: (Math.min(height, (bottom + 1) * tileHeight) - y) / height,
  };
}
