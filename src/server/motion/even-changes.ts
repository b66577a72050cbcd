// Finds even changes. When the whole picture changes evenly, the cause is the light, the exposure or the noise of the sensor, and not
// motion.
//
// The picture is divided into cells. Each cell has a share of tiles that have changed. The median of these shares is the even change.
// Something moves in a cell only if its share is clearly larger. A cell of a small picture has few tiles, so the median of one frame
// says little about noise. Therefore the share of each cell is also averaged over some seconds. The even change is the larger one of
// two medians: that of the frame, and that of the averages.

import type { Micros } from "../../core/clock.ts";
import type { MotionGrid } from "./motion-grid.ts";

const CELL_COLUMNS = 4;
const CELLS = 16;
/** The shares of the cells are averaged over about this time. */
const AVERAGE_MICROS: Micros = 2_000_000;
/** A cell stands out if so many of its tiles would change by noise with less than this probability. */
const RARE = 0.003;
/** The number of changed tiles of cells with more tiles than this is nearly normally distributed. */
const MANY_TILES = 30;
/** The number of standard deviations that noise exceeds with less than the probability `RARE`. */
const RARE_DEVIATIONS = 3;

export class EvenChanges {
  /** The cell of each tile. */
  readonly cellOf: Uint8Array;
  /** For each cell: 1 if clearly more of it has changed than of the other cells. */
  readonly standsOut: Uint8Array;
  readonly #tiles: Float64Array;
  readonly #changed: Float64Array;
  readonly #averages: Float64Array;
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
    this.#averages = new Float64Array(cells);
    this.#sorted = new Float64Array(cells);
    for (const cell of this.cellOf) this.#tiles[cell] = (this.#tiles[cell] as number) + 1;
  }

  /**
   * Looks at the changed tiles of a frame, and sets `standsOut`. `passed` is the time since the frame before. Returns the share of the
   * tiles that changes everywhere, 0 to 1.
   */
  look(isChanged: Uint8Array, passed: Micros): number {
    const { cellOf, standsOut } = this;
    const changed = this.#changed.fill(0);
    for (let tile = 0; tile < cellOf.length; tile++) {
      const cell = cellOf[tile] as number;
      changed[cell] = (changed[cell] as number) + (isChanged[tile] as number);
    }
    const weight = Math.min(1, passed / AVERAGE_MICROS);
    for (let cell = 0; cell < changed.length; cell++) {
      const share = (changed[cell] as number) / (this.#tiles[cell] as number);
      const average = this.#averages[cell] as number;
      this.#averages[cell] = average + (share - average) * weight;
    }
    const everywhere = Math.max(this.#median(changed, this.#tiles), this.#median(this.#averages, null));
    for (let cell = 0; cell < changed.length; cell++) {
      standsOut[cell] = (changed[cell] as number) > mostByNoise(this.#tiles[cell] as number, everywhere) ? 1 : 0;
    }
    return everywhere;
  }

  /** Returns the median of the cells' values, each divided by its number in `by`. */
  #median(values: Float64Array, by: Float64Array | null): number {
    const sorted = this.#sorted;
    for (let cell = 0; cell < values.length; cell++) {
      const value = (values[cell] as number) / (by?.[cell] ?? 1);
      let at = cell;
      for (; at > 0 && (sorted[at - 1] as number) > value; at--) sorted[at] = sorted[at - 1] as number;
      sorted[at] = value;
    }
    return sorted[sorted.length >> 1] as number;
  }
}

/** Returns the number of tiles above which a change is too rare for noise, if each tile changes with this probability. */
function mostByNoise(tiles: number, probability: number): number {
  if (probability <= 0) return 0;
  if (probability >= 1) return tiles;
  if (tiles > MANY_TILES) {
    return probability * tiles + RARE_DEVIATIONS * Math.sqrt(probability * (1 - probability) * tiles);
  }
  // The binomial distribution, from no tile upwards.
  let exactly = (1 - probability) ** tiles;
  let atMost = exactly;
  let most = 0;
  while (most < tiles && 1 - atMost >= RARE) {
    exactly *= ((tiles - most) / (most + 1)) * (probability / (1 - probability));
    most++;
    atMost += exactly;
  }
  return most;
}
