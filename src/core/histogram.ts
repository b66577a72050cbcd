// An HDR histogram (Gil Tene, "HdrHistogram"). It counts values in buckets, and no bucket is wider than a thousandth of its
// values.
//
// Each of the first SUB_BUCKETS values has its own bucket. Above them, each doubling of the value has HALF buckets, which are
// twice as wide as the buckets before. The index of a bucket combines the number of the doubling and the top bits of the value.
//
// Bun's and node's `perf_hooks` have the same histogram, and the tests compare the two. This file exists because browsers have no
// perf_hooks, and because the package hdr-histogram-js includes a WebAssembly build, zlib and base64.

const HALF_BITS = 10;
const HALF = 1 << HALF_BITS;
/** Three digits need 2 · 1000 buckets, rounded up to a power of two. */
const SUB_BUCKETS = 2 * HALF;

export class Histogram {
  readonly #highest: number;
  #counts = new Uint32Array(SUB_BUCKETS);
  #count = 0;
  #max = 0;

  /** `highest` is an integer below 2^32. Values above it are counted as `highest`. */
  constructor(highest: number) {
    this.#highest = highest;
  }

  get count(): number {
    return this.#count;
  }

  /** The exact largest value that was recorded, or 0 before the first value. */
  get max(): number {
    return this.#max;
  }

  /** Counts one value. The value is rounded, and a value below 1 counts as 1. */
  record(value: number): void {
    const whole = Math.min(this.#highest, Math.max(1, Math.round(value)));
    const index = indexOf(whole);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    if (whole > this.#max) this.#max = whole;
  }

  /**
   * Returns the value that `p` percent (0 < p ≤ 100) of the values do not exceed. It is at most a thousandth too high, and 0
   * before the first value.
   */
  percentile(p: number): number {
    const wanted = Math.max(1, Math.floor((p / 100) * this.#count + 0.5));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      // The result is the upper end of a bucket, which may be larger than the largest recorded value.
      if (seen >= wanted) return Math.min(upperEnd(index), this.#max);
    }
    return 0;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }

  /** Adds the buckets up to that of `index`. Most durations are short, so the upper buckets are made only when needed. */
  #grow(index: number): void {
    const larger = new Uint32Array((Math.floor(index / HALF) + 1) * HALF);
    larger.set(this.#counts);
    this.#counts = larger;
  }
}

function indexOf(value: number): number {
  const doublings = Math.max(0, 32 - HALF_BITS - 1 - Math.clz32(value));
  return doublings * HALF + (value >>> doublings);
}

/** Returns the largest value that the bucket counts. */
function upperEnd(index: number): number {
  const doublings = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - doublings * HALF + 1) * 2 ** doublings - 1;
}
