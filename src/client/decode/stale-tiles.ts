// Records which pixels of a slot (memory for one frame) are outdated. These are the tiles that were decoded after the slot's last
// update, and seams: the pixel rows at the border between two lines of MCUs, which need samples of both lines.

import { type PictureInfo, tileRectangle } from "../../codec/jpeg/tile-rectangles.ts";
import type { Rectangle } from "../../core/rectangle.ts";

/** The division of a picture into tiles. */
export interface TileGrid {
  readonly info: PictureInfo;
  /** The number of tiles in a line of MCUs, or 0 if lines do not end with a tile. */
  readonly tilesPerLine: number;
  /** The number of pixel rows on each side of a border between lines of MCUs that need samples of both lines. */
  readonly waitingRows: number;
}

export class StaleTiles {
  readonly #grid: TileGrid;
  readonly #tiles: Uint8Array;
  /**
   * For each line of MCUs: 1 if the rows of pixels at its upper border are outdated. Upsampling makes them of the chroma of both
   * lines, so they can be outdated after both lines were converted to RGBA.
   */
  readonly #seams: Uint8Array;
  #count: number;

  /** At first all tiles are outdated. */
  constructor(grid: TileGrid) {
    this.#grid = grid;
    this.#tiles = new Uint8Array(grid.info.tiles).fill(1);
    this.#seams = new Uint8Array(grid.info.mcuLines + 1);
    this.#count = grid.info.tiles;
  }

  /** The number of outdated tiles. */
  get count(): number {
    return this.#count;
  }

  addTiles(numbers: Uint32Array): void {
    if (this.#count === this.#tiles.length) return;
    for (const number of numbers) {
      if (this.#tiles[number] !== 0) continue;
      this.#tiles[number] = 1;
      this.#count++;
    }
  }

  addAll(): void {
    this.#tiles.fill(1);
    this.#count = this.#tiles.length;
  }

  /** Marks lines of MCUs that were converted together during decoding, except the seams at both ends. `end` is not included. */
  removeLines(first: number, end: number): void {
    const { tilesPerLine, info } = this.#grid;
    for (let number = first * tilesPerLine; number < end * tilesPerLine; number++) {
      this.#count -= this.#tiles[number] ?? 0;
      this.#tiles[number] = 0;
    }
    this.#seams.fill(0, first + 1, end);
    if (first > 0) this.#seams[first] = 1;
    if (end < info.mcuLines) this.#seams[end] = 1;
  }

  /** Returns the rectangles to convert, and marks them as converted. */
  take(): Rectangle[] {
    const rectangles = this.rectangles();
    this.#tiles.fill(0);
    this.#seams.fill(0);
    this.#count = 0;
    return rectangles;
  }

  /** Returns the outdated pixels. The rectangles may overlap by the rows and columns of the upsampling filter. */
  rectangles(): Rectangle[] {
    return this.#grid.tilesPerLine === 0 ? this.#scattered() : this.#merged();
  }

  /** Returns the rectangles of tiles that do not end with lines. If most tiles are outdated, the result is the whole picture. */
  #scattered(): Rectangle[] {
    const { info } = this.#grid;
    if (this.#count * 2 > info.tiles) return [{ x: 0, y: 0, width: info.width, height: info.height }];
    return Array.from(this.#tiles.keys())
      .filter((number) => this.#tiles[number] === 1)
      .map((number) => tileRectangle(info, number));
  }

  /**
   * Joins neighbouring tiles of a line into one rectangle. Rectangles of neighbouring lines with the same columns are joined too.
   */
  #merged(): Rectangle[] {
    const { info, tilesPerLine, waitingRows } = this.#grid;
    const finished: Rectangle[] = [];
    let above: Rectangle[] = []; // the rectangles that end at the previous line
    let isWholeAbove = false;
    for (let line = 0; line < info.mcuLines; line++) {
      const current: Rectangle[] = [];
      const runs = this.#runsIn(line);
      const isWhole = runs[0]?.from === line * tilesPerLine && runs[0].end === (line + 1) * tilesPerLine;
      if (this.#seams[line] === 1 && waitingRows > 0 && !isWhole && !isWholeAbove) {
        const y = line * info.mcuHeight - waitingRows;
        finished.push({ x: 0, y, width: info.width, height: Math.min(2 * waitingRows, info.height - y) });
      }
      for (const { from, end } of runs) {
        const left = tileRectangle(info, from);
        const right = tileRectangle(info, end - 1);
        const width = right.x + right.width - left.x;
        const same = above.find((each) => each.x === left.x && each.width === width);
        const y = same?.y ?? left.y;
        current.push({ x: left.x, y, width, height: left.y + left.height - y });
        if (same !== undefined) above = above.filter((each) => each !== same);
      }
      finished.push(...above);
      above = current;
      isWholeAbove = isWhole;
    }
    return [...finished, ...above];
  }

  #runsIn(line: number): { from: number; end: number }[] {
    const { tilesPerLine } = this.#grid;
    const runs: { from: number; end: number }[] = [];
    const lineEnd = (line + 1) * tilesPerLine;
    for (let number = line * tilesPerLine; number < lineEnd; number++) {
      if (this.#tiles[number] === 0) continue;
      const from = number;
      while (number < lineEnd && this.#tiles[number] === 1) number++;
      runs.push({ from, end: number });
    }
    return runs;
  }
}
