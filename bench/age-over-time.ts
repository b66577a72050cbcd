// How old the picture on a screen is, looked at every few milliseconds: what a watcher sees, frozen pictures included.

import type { Micros } from "../src/core/clock.ts";

const STEP_MICROS = 10_000;

/** Looks at the screen, one every `stepMs` from `firstAt` on. */
export interface AgeSamples {
  firstAt: Micros;
  stepMs: number;
  agesMs: number[];
}

/**
 * Latency counts each picture once, so one that stands for seconds weighs as much as one that was there for a frame; this
 * weighs by time. The looks lie on a grid and are computed from when pictures came, so no late timer can miss one.
 */
export class AgeOverTime {
  readonly #agesMs: number[] = [];
  #firstAt: Micros | null = null;
  #bornAt: Micros = 0;

  /** A picture born then is on the screen from now on. */
  shown(bornAt: Micros, now: Micros): void {
    this.#look(now);
    this.#firstAt ??= now;
    this.#bornAt = bornAt;
  }

  until(now: Micros): AgeSamples {
    this.#look(now);
    return { firstAt: this.#firstAt ?? now, stepMs: STEP_MICROS / 1000, agesMs: this.#agesMs };
  }

  /** The looks before `now` that have not been taken yet: they all saw the picture of before. */
  #look(now: Micros): void {
    if (this.#firstAt === null) return;
    for (let at = this.#firstAt + this.#agesMs.length * STEP_MICROS; at < now; at += STEP_MICROS) {
      this.#agesMs.push((at - this.#bornAt) / 1000);
    }
  }
}

export interface AgeMs {
  p50: number;
  p95: number;
  p99: number;
  max: number;
}

/** Percentiles of the looks between two moments; all NaN where there are none. */
export function summariseAges({ firstAt, stepMs, agesMs }: AgeSamples, from: Micros, to: Micros): AgeMs {
  const index = (at: Micros) => Math.max(0, Math.ceil((at - firstAt) / 1000 / stepMs));
  const sorted = agesMs.slice(index(from), index(to)).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/**
 * Milliseconds from `from` until the picture is younger than the limit and stays so for `calmMs`; infinite where that never
 * comes.
 */
export function recoveryMs(
  { firstAt, stepMs, agesMs }: AgeSamples,
  from: Micros,
  limitMs: number,
  calmMs: number,
): number {
  const start = Math.max(0, Math.ceil((from - firstAt) / 1000 / stepMs));
  let calmSince = start;
  for (let index = start; index < agesMs.length; index++) {
    if ((agesMs[index] ?? 0) > limitMs) calmSince = index + 1;
    if ((index + 1 - calmSince) * stepMs >= calmMs) return (calmSince - start) * stepMs;
  }
  return Number.POSITIVE_INFINITY;
}
