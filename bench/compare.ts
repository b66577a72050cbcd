// `bench compare`: runs the benches of two checkouts alternately, and computes the ratio of their medians for each figure.

import { dirname, resolve } from "node:path";
import { MissingError } from "../src/core/errors.ts";
import { median } from "../src/core/statistics.ts";
import { round } from "./bench.ts";

/** The figures that a change could make worse by mistake. `higher` means that a larger value is better. */
const FIGURES: Readonly<Record<string, readonly { path: RegExp; isBetter: "lower" | "higher" }[]>> = {
  latency: [{ path: /\.pixels\.p50$/, isBetter: "lower" }],
  throughput: [
    { path: /\.fps$/, isBetter: "higher" },
    { path: /\.cpuMsPerFrame\.(server|viewer)$/, isBetter: "lower" },
    { path: /\.pixelLatencyMs\.p50$/, isBetter: "lower" },
  ],
  "fan-out": [
    { path: /\.serverCores$/, isBetter: "lower" },
    { path: /\.fps\.min$/, isBetter: "higher" },
    { path: /\.memoryMiB\.rampedUp$/, isBetter: "lower" },
  ],
  codec: [{ path: /\.simd \(\w+\)\.(en|de)code\w+Ms$/, isBetter: "lower" }],
};

/** The benches that can be compared. */
export const COMPARABLE = Object.keys(FIGURES);

export interface CompareOptions {
  /** The folder of the other checkout. Its packages are installed and its kernels are built. */
  otherCheckout: string;
  benches: readonly string[];
  /** The number of runs of each bench in each checkout. */
  rounds: number;
  quick: boolean;
  /** The largest ratio that is accepted. 1.03 accepts 3 % worse. */
  limit: number;
  progress: (text: string) => void;
}

export interface Comparison {
  bench: string;
  figure: string;
  /** The medians of the rounds. */
  other: number;
  ours: number;
  /** A ratio above 1 means that this checkout is worse. This also holds for figures for which a larger value is better. */
  ratio: number;
  holds: boolean;
}

/** Runs the benches alternately. Throws MissingError if one fails. */
export async function compareCheckouts(options: CompareOptions): Promise<Comparison[]> {
  const { otherCheckout, benches, rounds, quick, limit, progress } = options;
  const checkouts = [resolve(otherCheckout), dirname(import.meta.dir)];
  const comparisons: Comparison[] = [];
  for (const bench of benches) {
    const values = [new Map<string, number[]>(), new Map<string, number[]>()];
    for (let turn = 0; turn < rounds; turn++) {
      // The two take turns to run first in a round, so that a machine that becomes slower slows both.
      for (const index of turn % 2 === 0 ? [0, 1] : [1, 0]) {
        const checkout = checkouts[index] ?? "";
        progress(`${bench}, round ${turn + 1} of ${rounds}: ${checkout}`);
        const figures = await runBench(checkout, bench, quick);
        for (const [figure, value] of flatten(figures)) {
          values[index]?.set(figure, [...(values[index].get(figure) ?? []), value]);
        }
      }
    }
    comparisons.push(...compareFigures(bench, { other: values[0], ours: values[1], limit }));
  }
  return comparisons;
}

async function runBench(checkout: string, bench: string, quick: boolean): Promise<object> {
  const command = [process.execPath, "bench/main.ts", bench, "--json", ...(quick ? ["--quick"] : [])];
  const child = Bun.spawn(command, { cwd: checkout, stdio: ["ignore", "pipe", "pipe"] });
  const [output, errors] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  if ((await child.exited) !== 0) throw new MissingError(`bench ${bench} failed in ${checkout}: ${errors.trim()}`);
  return JSON.parse(output);
}

interface Sides {
  other: ReadonlyMap<string, readonly number[]> | undefined;
  ours: ReadonlyMap<string, readonly number[]> | undefined;
  limit: number;
}

/** The ratio of each figure that both checkouts have. */
export function compareFigures(bench: string, { other, ours, limit }: Sides): Comparison[] {
  const comparisons: Comparison[] = [];
  for (const [figure, values] of ours ?? []) {
    const kind = FIGURES[bench]?.find(({ path }) => path.test(figure));
    const before = median(other?.get(figure) ?? []);
    const after = median(values);
    if (kind === undefined || before === undefined || after === undefined) continue;
    const ratio = kind.isBetter === "lower" ? after / before : before / after;
    comparisons.push({ bench, figure, other: before, ours: after, ratio: round(ratio), holds: ratio <= limit });
  }
  return comparisons;
}

/** All numbers of an object by their path. An element of an array is named by its subject. */
export function flatten(value: unknown, path = ""): [string, number][] {
  if (typeof value === "number") return Number.isFinite(value) ? [[path, value]] : [];
  if (typeof value !== "object" || value === null) return [];
  const entries = Array.isArray(value)
    ? value.map((element, index) => [describe(element) || String(index), element] as const)
    : Object.entries(value);
  return entries.flatMap(([key, inside]) => flatten(inside, `${path}.${key}`));
}

/** For example `1280x720 at 30, moving, window`. */
function describe(element: Record<string, unknown>): string {
  const { name, viewers, size, width, height, content, isShown } = element;
  if (typeof name === "string") return name;
  if (typeof viewers === "number") return `${viewers} viewers`;
  if (typeof width === "number") return `${width}x${height}`;
  if (typeof size !== "object" || size === null) return "";
  const { width: w, height: h } = size as { width: number; height: number };
  return `${w}x${h} at ${element["fps"]}, ${content}${isShown ? ", window" : ""}`;
}
