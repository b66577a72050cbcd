// An HDR histogram (Gil Tene, "HdrHistogram"): it counts values in buckets that are never wider than a thousandth of the value.
//
// The first SUB_BUCKETS values have a bucket each. Above, each doubling of the value has HALF buckets, twice as wide as those
// before: an index is the number of the doubling and the top bits of the value. Bun's and node's `perf_hooks` have the same
// histogram, which the tests compare with; it is written here because pages have no perf_hooks, and the package
// hdr-histogram-js brings a WebAssembly build, zlib and base64 along.

const HALF_BITS = 10;
const HALF = 1 << HALF_BITS;
/** Three digits need 2 · 1000 buckets, rounded up to a power of two. */
const SUB_BUCKETS = 2 * HALF;

export class Histogram {
  readonly #highest: number;
  #counts = new Uint32Array(SUB_BUCKETS);
  #count = 0;
  #max = 0;

  /** `highest`: larger values are counted as this one. An integer below 2^32. */
  constructor(highest: number) {
    this.#highest = highest;
  }

  get count(): number {
    return this.#count;
  }

  /** The largest value recorded, exact; 0 when there is none. */
  get max(): number {
    return this.#max;
  }

  /** Counts one value. It is rounded, and raised to 1 where it is less. */
  record(value: number): void {
    const whole = Math.min(this.#highest, Math.max(1, Math.round(value)));
    const index = indexOf(whole);
    if (index >= this.#counts.length) this.#grow(index);
    this.#counts[index] = (this.#counts[index] as number) + 1;
    this.#count++;
    if (whole > this.#max) this.#max = whole;
  }

  /**
   * The value that `p` percent (0 < p ≤ 100) of the values do not exceed, at most a thousandth too high; 0 when there is none.
   */
  percentile(p: number): number {
    const wanted = Math.max(1, Math.floor((p / 100) * this.#count + 0.5));
    let seen = 0;
    for (let index = 0; index < this.#counts.length; index++) {
      seen += this.#counts[index] as number;
      // A bucket is named by its upper end, which may lie beyond the largest value seen.
      if (seen >= wanted) return Math.min(upperEnd(index), this.#max);
    }
    return 0;
  }

  reset(): void {
    this.#counts.fill(0);
    this.#count = 0;
    this.#max = 0;
  }

  /** Durations are mostly short, so buckets are added one doubling at a time. */
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

/** The largest value that is counted in the bucket. */
function upperEnd(index: number): number {
  const doublings = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - doublings * HALF + 1) * 2 ** doublings - 1;
}
