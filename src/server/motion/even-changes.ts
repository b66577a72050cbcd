// Even changes: what changes evenly in the whole picture is the light, the exposure or the noise of the sensor, and not motion.
//
// The picture is divided into cells. The median of the cells' shares of changed tiles is what changes everywhere. Only in cells in
// which clearly more has changed, something moves.

import type { MotionGrid } from "./motion-grid.ts";

const CELL_COLUMNS = 4;
const CELLS = 16;
/**
 * How far a cell must be above the median, in standard deviations of the number of changed tiles if each tile of the cell changed
 * with the probability of the median.
 */
const DEVIATIONS = 3;

export class EvenChanges {
  /** The cell of each tile. */
  readonly cellOf: Uint8Array;
  /** For each cell: 1 if clearly more of it has changed than of the other cells. */
  readonly standsOut: Uint8Array;
  readonly #tiles: Float64Array;
  readonly #changed: Float64Array;
  readonly #sorted: Float64Array;

  constructor({ columns, lines }: MotionGrid) {
    const cellColumns = Math.min(CELL_COLUMNS, columns);
    const cellLines = Math.max(1, Math.min(lines, Math.floor(CELLS / cellColumns)));
    this.cellOf = Uint8Array.from({ length: columns * lines }, (_, tile) => {
      const column = Math.floor(((tile % columns) * cellColumns) / columns);
      return Math.floor((Math.floor(tile / columns) * cellLines) / lines) * cellColumns + column;
    });
    const cells = cellColumns * cellLines;
    this.standsOut = new Uint8Array(cells);
    this.#tiles = new Float64Array(cells);
    this.#changed = new Float64Array(cells);
    this.#sorted = new Float64Array(cells);
    for (const cell of this.cellOf) this.#tiles[cell] = (this.#tiles[cell] as number) + 1;
  }

  /** Looks at the changed tiles of a frame, and sets `standsOut`. Returns the share of the tiles that changes everywhere, 0 to 1. */
  look(isChanged: Uint8Array): number {
    const { cellOf, standsOut } = this;
    const changed = this.#changed.fill(0);
    for (let tile = 0; tile < cellOf.length; tile++) {
      const cell = cellOf[tile] as number;
      changed[cell] = (changed[cell] as number) + (isChanged[tile] as number);
    }
    const sorted = this.#sorted;
    for (let cell = 0; cell < changed.length; cell++) {
      const share = (changed[cell] as number) / (this.#tiles[cell] as number);
      let at = cell;
      for (; at > 0 && (sorted[at - 1] as number) > share; at--) sorted[at] = sorted[at - 1] as number;
      sorted[at] = share;
    }
    const everywhere = sorted[sorted.length >> 1] as number;
    for (let cell = 0; cell < changed.length; cell++) {
      const tiles = this.#tiles[cell] as number;
      const scatter = DEVIATIONS * Math.sqrt(everywhere * (1 - everywhere) * tiles);
      standsOut[cell] = (changed[cell] as number) > everywhere * tiles + scatter ? 1 : 0;
    }
    return everywhere;
  }
}
