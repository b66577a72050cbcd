// Weights for scaling a line of samples to another length. They form a triangle filter, which is bilinear when the line grows.

/** The unit of the weights: the weights of each scaled sample add up to this number. */
export const WEIGHT_ONE = 1 << 14;
/** `>> WEIGHT_BITS` divides a sum of weighted samples by WEIGHT_ONE. */
export const WEIGHT_BITS = 14;

export interface LineWeights {
  /** The number of samples of the line from which each scaled sample is computed. */
  readonly taps: number;
  /** For each scaled sample in turn, the indexes of its `taps` samples in the line. */
  readonly places: Int32Array;
  readonly weights: Int32Array;
}

export function lineWeights(length: number, scaledLength: number): LineWeights {
  const ratio = length / scaledLength;
  const support = Math.max(1, ratio);
  const taps = Math.ceil(2 * support) + 1;
  const places = new Int32Array(scaledLength * taps);
  const weights = new Int32Array(scaledLength * taps);
  for (let x = 0; x < scaledLength; x++) {
    const centre = (x + 0.5) * ratio - 0.5;
    const first = Math.ceil(centre - support);
    const shares = Array.from({ length: taps }, (_, tap) => Math.max(0, 1 - Math.abs(first + tap - centre) / support));
    const sum = shares.reduce((total, share) => total + share, 0);
    let rest = WEIGHT_ONE;
    let heaviest = x * taps;
    for (let tap = 0; tap < taps; tap++) {
      const at = x * taps + tap;
      const weight = Math.round(((shares[tap] as number) / sum) * WEIGHT_ONE);
      places[at] = Math.min(length - 1, Math.max(0, first + tap));
      weights[at] = weight;
      rest -= weight;
      if (weight > (weights[heaviest] as number)) heaviest = at;
    }
    weights[heaviest] = (weights[heaviest] as number) + rest; // the heaviest sample gets what rounding has lost
  }
  return { taps, places, weights };
}
