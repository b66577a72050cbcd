// Pictures of 8-bit samples for tests: a picture to encode, and measures of the difference between two.

import type { Size } from "../../src/core/pixel-format.ts";

export interface Samples extends Size {
  channels: number;
  pixels: Uint8Array<ArrayBuffer>;
}

/** A picture like those of cameras: smooth, with some edges and colours that change slowly. */
export function testPicture({ width, height }: Size, shift = 0): Samples {
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const edge = (Math.floor(x / 16) + Math.floor(y / 16)) % 2 === 0 ? 0 : 40;
      const at = (y * width + x) * 3;
      pixels[at] = 60 + 50 * Math.sin((x + shift) / 19) + edge + 30;
      pixels[at + 1] = 80 + 40 * Math.cos((y + shift) / 17) + edge + 20;
      pixels[at + 2] = 100 + 50 * Math.sin((x + y) / 23) + edge;
    }
  }
  return { width, height, channels: 3, pixels };
}

export function toRgbaBytes({ channels, pixels }: Samples): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array((pixels.length / channels) * 4).fill(255);
  for (let from = 0, to = 0; from < pixels.length; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = pixels[from + (channels === 3 ? c : 0)] as number;
  }
  return rgba;
}

/** The peak signal-to-noise ratio of two pictures of 8-bit samples, in decibels. */
export function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`pictures of ${a.length} and ${b.length} bytes`);
  const squares = a.reduce((sum, value, index) => sum + (value - (b[index] as number)) ** 2, 0);
  return squares === 0 ? Number.POSITIVE_INFINITY : 10 * Math.log10((255 ** 2 * a.length) / squares);
}

/** The largest difference between two samples at the same place. */
export function largestDifference(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length) throw new Error(`pictures of ${a.length} and ${b.length} bytes`);
  return a.reduce((worst, value, index) => Math.max(worst, Math.abs(value - (b[index] as number))), 0);
}
