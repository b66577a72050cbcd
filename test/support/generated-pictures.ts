// RGB pictures for encoding tests. They come from formulas and a fixed pseudo-random sequence, so all runs are equal.

export interface RgbPicture {
  readonly width: number;
  readonly height: number;
  /** Three bytes a pixel, without gaps. */
  readonly rgb: Uint8Array;
}

/** A repeatable sequence of numbers from 0 to 1. A linear congruential generator is random enough for pixels. */
export function randomSequence(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 4294967296;
  };
}

type Colour = readonly [number, number, number];

function paint(width: number, height: number, colourAt: (x: number, y: number) => Colour): RgbPicture {
  const rgb = new Uint8Array(width * height * 3);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const level of colourAt(x, y)) rgb[at++] = Math.max(0, Math.min(255, Math.round(level)));
    }
  }
  return { width, height, rgb };
}

/** Smooth noise, interpolated from a lattice of random values. */
function lattice(seed: number): (x: number, y: number) => number {
  const random = randomSequence(seed);
  const values = Float64Array.from({ length: 4096 }, () => random() - 0.5);
  const value = (x: number, y: number): number => values[(x & 63) | ((y & 63) << 6)] ?? 0;
  const ease = (t: number): number => t * t * (3 - 2 * t);
  return (x, y) => {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [u, v] = [ease(x - column), ease(y - row)];
    const top = value(column, row) * (1 - u) + value(column + 1, row) * u;
    const bottom = value(column, row + 1) * (1 - u) + value(column + 1, row + 1) * u;
    return top * (1 - v) + bottom * v;
  };
}

/** A picture like a photograph: detail at every scale, coloured regions with edges, a little sensor noise. */
export function photoLike(width: number, height: number, seed = 1): RgbPicture {
  const layers = [1, 2, 3].map((n) => lattice(seed * 16 + n));
  const random = randomSequence(seed * 16 + 9);
  return paint(width, height, (x, y) => {
    let luma = 120;
    let warm = 0;
    let green = 0;
    for (let octave = 0, size = 160; octave < 7; octave++, size /= 2) {
      const strength = 110 * 0.62 ** octave;
      luma += strength * (layers[0]?.(x / size, y / size) ?? 0) * 2;
      warm += strength * 0.5 * (layers[1]?.(x / size, y / size) ?? 0);
      green += strength * 0.4 * (layers[2]?.(x / size, y / size) ?? 0);
    }
    if (warm > 8) luma += 40;
    if (green > 10) warm -= 30;
    const grain = (): number => (random() + random() - 1) * 5;
    return [luma + warm + grain(), luma + green + grain(), luma - warm + grain()];
  });
}

export function noise(width: number, height: number, seed = 2): RgbPicture {
  const random = randomSequence(seed);
  return paint(width, height, () => [random() * 255, random() * 255, random() * 255]);
}

export function gradients(width: number, height: number): RgbPicture {
  return paint(width, height, (x, y) => [(255 * x) / width, (255 * y) / height, (255 * (x + y)) / (width + height)]);
}

/** A checkerboard of single pixels in two colours. */
export function checkerboard(width: number, height: number, dark: Colour, light: Colour): RgbPicture {
  return paint(width, height, (x, y) => (((x ^ y) & 1) === 0 ? dark : light));
}

/** Colour bars, a ramp, a grid and circles: flat fields and hard edges in pure colours. */
export function testCard(width: number, height: number): RgbPicture {
  return paint(width, height, (x, y) => {
    const [u, v] = [x / width, y / height];
    const radius = Math.hypot(x - width / 2, y - height / 2);
    if (Math.abs(radius - height / 3) < 2) return [255, 255, 255];
    if (v < 0.6) {
      const bar = 7 - Math.floor(u * 8);
      return [bar & 2 ? 235 : 16, bar & 4 ? 235 : 16, bar & 1 ? 235 : 16];
    }
    if (v < 0.75) return [u * 255, u * 255, u * 255];
    if (x % 32 < 2 || y % 32 < 2) return [200, 200, 200];
    return [60, 60, 70];
  });
}

/** Rows of strokes like small print, in black on white. */
export function text(width: number, height: number, seed = 3): RgbPicture {
  const random = randomSequence(seed);
  const glyphs = Array.from({ length: 64 }, () => Array.from({ length: 35 }, () => random() < 0.45));
  const page = Array.from({ length: Math.ceil((width * height) / 84) + 1 }, () => Math.floor(random() * 76));
  const columns = Math.ceil(width / 7);
  return paint(width, height, (x, y) => {
    const [column, row] = [Math.floor(x / 7), Math.floor(y / 12)];
    const [gx, gy] = [x % 7, (y % 12) - 2];
    const glyph = glyphs[page[row * columns + column] ?? 0];
    const ink = glyph !== undefined && gx < 5 && gy >= 0 && gy < 7 && glyph[gy * 5 + gx] === true;
    return ink ? [10, 10, 10] : [255, 255, 255];
  });
}
