// The age of the picture on the screen, sampled every few milliseconds. Unlike latency, it includes the time of a frozen picture.

import type { Micros } from "../src/core/clock.ts";

const STEP_MICROS = 10_000;

/** Samples of the age, one every `stepMs`. The first one is at `firstAt`. */
export interface AgeSamples {
  firstAt: Micros;
  stepMs: number;
  agesMs: number[];
}

/**
 * Samples the age of the picture on the screen. Latency counts each picture once, however long it stays. The age counts it
 * for as long as it stays. Samples are computed from the times at which pictures came, on a fixed grid, so a late
 * timer loses none of them.
 */
export class AgeOverTime {
  readonly #agesMs: number[] = [];
  #firstAt: Micros | null = null;
  #bornAt: Micros = 0;

  /** From `now` on, the screen shows a picture that was captured at `bornAt`. */
  shown(bornAt: Micros, now: Micros): void {
    this.#sample(now);
    this.#firstAt ??= now;
    this.#bornAt = bornAt;
  }

  until(now: Micros): AgeSamples {
    this.#sample(now);
    return { firstAt: this.#firstAt ?? now, stepMs: STEP_MICROS / 1000, agesMs: this.#agesMs };
  }

  /** Takes the samples between the previous call and `now`. All of them see the previous picture. */
  #sample(now: Micros): void {
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

/** Percentiles of the samples between two times. They are NaN if there are no samples. */
export function summariseAges({ firstAt, stepMs, agesMs }: AgeSamples, from: Micros, to: Micros): AgeMs {
  const index = (at: Micros) => Math.max(0, Math.ceil((at - firstAt) / 1000 / stepMs));
  const sorted = agesMs.slice(index(from), index(to)).sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** The milliseconds from `from` until the age stays below the limit for `calmMs`, or infinity if it never does. */
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
