// What of a room's pixels is older than the planes: tiles decoded since it was last brought up to date, and seams.

import { type PictureInfo, type Rectangle, tileRectangle } from "../../codec/jpeg/tile-rectangles.ts";

/** How a picture is divided into tiles. */
export interface TileGrid {
  readonly info: PictureInfo;
  /** Tiles in a line of MCUs; 0 where tiles do not end with lines. */
  readonly tilesPerLine: number;
  /** Lines of pixels on either side of a border between lines of MCUs that need samples of both. */
  readonly waitingRows: number;
}

export class StaleArea {
  readonly #grid: TileGrid;
  readonly #tiles: Uint8Array;
  /** The border above each line of MCUs, where the lines on either side of it are new and the rows between are not. */
  readonly #seams: Uint8Array;
  #count: number;

  /** All of it is stale at first. */
  constructor(grid: TileGrid) {
    this.#grid = grid;
    this.#tiles = new Uint8Array(grid.info.tiles).fill(1);
    this.#seams = new Uint8Array(grid.info.mcuLines + 1);
    this.#count = grid.info.tiles;
  }

  /** Tiles that are out of date. */
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

  /** Lines of MCUs that were converted together as they were decoded, all but the seams at either end. */
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

  /** The rectangles to be converted, after which nothing is stale. They may overlap by the rows and columns of a filter. */
  take(): Rectangle[] {
    const rectangles = this.#grid.tilesPerLine === 0 ? this.#scattered() : this.#merged();
    this.#tiles.fill(0);
    this.#seams.fill(0);
    this.#count = 0;
    return rectangles;
  }

  /** Tiles of any shape: one by one, or, where most are stale, the whole picture. */
  #scattered(): Rectangle[] {
    const { info } = this.#grid;
    if (this.#count * 2 > info.tiles) return [{ x: 0, y: 0, width: info.width, height: info.height }];
    return Array.from(this.#tiles.keys())
      .filter((number) => this.#tiles[number] === 1)
      .map((number) => tileRectangle(info, number));
  }

  /** Neighbours in a line become one rectangle, and equal runs in lines below one another as well. */
  #merged(): Rectangle[] {
    const { info, tilesPerLine, waitingRows } = this.#grid;
    const finished: Rectangle[] = [];
    let above: Rectangle[] = []; // those that reach down to the line before
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
