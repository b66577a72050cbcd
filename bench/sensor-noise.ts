// Adds the noise of a camera's sensor: Gaussian, with a given standard deviation, and repeatable by its seed.

/** Returns a copy of the samples with noise, rounded and limited to 0–255. */
export function addNoise(samples: Uint8Array, sigma: number, seed: number): Uint8Array {
  const random = xorshift(seed);
  const noisy = new Uint8Array(samples.length);
  for (let at = 0; at < samples.length; at += 2) {
    // The Box–Muller transform produces two values at a time.
    const radius = sigma * Math.sqrt(-2 * Math.log(random()));
    const angle = 2 * Math.PI * random();
    noisy[at] = clamp((samples[at] as number) + radius * Math.cos(angle));
    if (at + 1 < samples.length) noisy[at + 1] = clamp((samples[at + 1] as number) + radius * Math.sin(angle));
  }
  return noisy;
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)));
}

/** A generator of uniform numbers between 0 and 1, both excluded (Marsaglia, "Xorshift RNGs", 2003). */
function xorshift(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) + 0.5) / 2 ** 32;
  };
}
