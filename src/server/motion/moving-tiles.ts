// Moving tiles: which of the changed tiles of a frame move. It leaves out noise, light and tiles that flicker.

import type { Micros } from "../../core/clock.ts";
import { EvenChanges } from "./even-changes.ts";
import { Flicker } from "./flicker.ts";
import { type MotionGrid, tileShares } from "./motion-grid.ts";
import { type Zone, type ZoneTiles, zonesOfTiles } from "./zones.ts";

/**
 * When the changed share of the picture grows by this much at once, the light has changed: things that move come in by degrees. The
 * camera then adapts its exposure, and nothing counts until it has settled.
 */
const SUDDEN = 0.25;
const SETTLING_MICROS: Micros = 1_000_000;
/** "At once" is in a frame, compared with the most of the last frames. */
const FRAMES_BEFORE = 4;

export class MovingTiles {
  readonly grid: MotionGrid;
  /** The share of the picture that moves, from 0 to 1. */
  area = 0;
  /** The share of changed tiles, from 0 to 1, that noise or light causes in all parts of the picture. It is no motion. */
  everywhere = 0;
  /** The columns and lines of the first and last moving tile. They have no meaning while `area` is 0. */
  left = 0;
  top = 0;
  right = 0;
  bottom = 0;
  /** The watched zones with moving tiles: bit n is the zone with index n. */
  zones = 0;
  readonly #shares: Float64Array;
  readonly #zoneTiles: ZoneTiles;
  readonly #even: EvenChanges;
  readonly #flicker: Flicker;
  readonly #moves: Uint8Array;
  readonly #before: Uint8Array;
  readonly #changedShares = new Float64Array(FRAMES_BEFORE);
  #frames = 0;
  #settledAt: Micros = Number.NEGATIVE_INFINITY;

  constructor(grid: MotionGrid, zones: readonly Zone[]) {
    this.grid = grid;
    const tiles = grid.columns * grid.lines;
    this.#shares = tileShares(grid);
    this.#zoneTiles = zonesOfTiles(grid, zones);
    this.#even = new EvenChanges(grid);
    this.#flicker = new Flicker(tiles);
    this.#moves = new Uint8Array(tiles);
    this.#before = new Uint8Array(tiles);
  }

  /** The share of the picture that is left out because it flickers. */
  get leftOut(): number {
    return this.#flicker.isLeftOut.reduce((sum, each, tile) => sum + each * (this.#shares[tile] as number), 0);
  }

  /** Looks at a frame: 1 for each tile that has changed. `passed` is the time since the frame before. */
  look(isChanged: Uint8Array, capturedAt: Micros, passed: Micros): void {
    this.area = 0;
    this.zones = 0;
    this.everywhere = this.#even.look(isChanged, passed);
    if (this.#isSudden(isChanged)) this.#settledAt = capturedAt + SETTLING_MICROS;
    if (capturedAt >= this.#settledAt) {
      this.#find(isChanged, 1 - this.everywhere);
      this.#flicker.learn(this.#moves, passed);
    }
    this.#before.set(isChanged);
  }

  #isSudden(isChanged: Uint8Array): boolean {
    let changed = 0;
    for (let tile = 0; tile < isChanged.length; tile++) {
      if (isChanged[tile] !== 0) changed += this.#shares[tile] as number;
    }
    let most = 0;
    for (let frame = 0; frame < FRAMES_BEFORE; frame++) most = Math.max(most, this.#changedShares[frame] as number);
    this.#changedShares[this.#frames++ % FRAMES_BEFORE] = changed;
    return changed - most > SUDDEN;
  }

  /**
   * Finds the moving tiles. `weight` is the part of their area that does not change everywhere. A single tile counts only if it also
   * changed in the frame before, because noise changes single tiles now and then.
   */
  #find(isChanged: Uint8Array, weight: number): void {
    const { columns, lines } = this.grid;
    const { isWatched, zones } = this.#zoneTiles;
    const { cellOf, standsOut } = this.#even;
    const { isLeftOut } = this.#flicker;
    let area = 0;
    let left = columns;
    let right = 0;
    let top = lines;
    let bottom = 0;
    let tile = 0;
    for (let line = 0; line < lines; line++) {
      for (let column = 0; column < columns; column++, tile++) {
        this.#moves[tile] = 0;
        if (isChanged[tile] === 0 || standsOut[cellOf[tile] as number] === 0) continue;
        if (this.#before[tile] === 0 && !this.#hasNeighbour(isChanged, column, line)) continue;
        this.#moves[tile] = 1;
        if (isWatched[tile] === 0 || isLeftOut[tile] !== 0) continue;
        area += this.#shares[tile] as number;
        left = Math.min(left, column);
        right = Math.max(right, column);
        top = Math.min(top, line);
        bottom = line;
        this.zones |= zones[tile] as number;
      }
    }
    this.area = area * weight;
    this.left = left;
    this.right = right;
    this.top = top;
    this.bottom = bottom;
  }

  /** Whether one of the eight tiles around a tile has changed. */
  #hasNeighbour(isChanged: Uint8Array, column: number, line: number): boolean {
    const { columns, lines } = this.grid;
    const lastColumn = Math.min(columns - 1, column + 1);
    const lastLine = Math.min(lines - 1, line + 1);
    for (let y = Math.max(0, line - 1); y <= lastLine; y++) {
      for (let x = Math.max(0, column - 1); x <= lastColumn; x++) {
        if (isChanged[y * columns + x] !== 0 && (x !== column || y !== line)) return true;
      }
    }
    return false;
  }
}
