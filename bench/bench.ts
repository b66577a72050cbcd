// What a bench is: figures of one run, bounds that they should keep, and a table for people.

import type { Chart } from "./chart.ts";

/**
 * A committed expectation. Values are ratios within one run, never times of the machine: they hold on any. What a link of
 * given figures does to a picture's age is no time of the machine (thin-link.ts).
 */
export interface Bound {
  name: string;
  value: number;
  /** `≤ 1.5` or `≥ 0.9`, as it is printed. */
  bound: string;
  holds: boolean;
}

export interface BenchResult {
  name: string;
  figures: object;
  bounds: Bound[];
  /** Rows of cells, the first the header. */
  table: string[][];
  /** A picture of the figures that matter most. */
  chart?: Chart;
}

export interface BenchOptions {
  /** Shorter runs, the same bounds; all benches together end within a minute. */
  quick: boolean;
  /** Says what is being measured. */
  progress: (text: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<BenchResult>;

export function atMost(name: string, value: number, limit: number): Bound {
  return { name, value: round(value), bound: `≤ ${limit}`, holds: value <= limit };
}

export function atLeast(name: string, value: number, limit: number): Bound {
  return { name, value: round(value), bound: `≥ ${limit}`, holds: value >= limit };
}

/** Three digits after the point: enough for a ratio, and readable. */
export function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Columns padded to the same width. */
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
