// The interface of a bench: the figures of one run, their bounds, and a table to print.

import type { Chart } from "./chart.ts";

/**
 * A committed expectation. Its value is a ratio within one run, so it holds on any machine. The exception is the age of
 * a picture behind a simulated link, which depends on the link and not on the machine (thin-link.ts).
 */
export interface Bound {
  name: string;
  value: number;
  /** The printed form, for example `≤ 1.5` or `≥ 0.9`. */
  bound: string;
  holds: boolean;
}

export interface BenchResult {
  name: string;
  figures: object;
  bounds: Bound[];
  /** Rows of cells. The first row is the header. */
  table: string[][];
  /** A chart of the most important figures. */
  chart?: Chart;
}

export interface BenchOptions {
  /** Makes runs shorter. The bounds stay the same. All benches together then take less than a minute. */
  quick: boolean;
  /** Reports the current measurement. */
  progress: (text: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

export function atMost(name: string, value: number, limit: number): Bound {
  return { name, value: round(value), bound: `≤ ${limit}`, holds: value <= limit };
}

export function atLeast(name: string, value: number, limit: number): Bound {
  return { name, value: round(value), bound: `≥ ${limit}`, holds: value >= limit };
}

/** Rounds to three digits after the point, which is enough for a ratio. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Formats rows as columns of equal width. */
export function formatTable(rows: readonly string[][]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
