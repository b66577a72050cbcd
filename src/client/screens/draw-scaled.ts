// Draws a picture into a part of another one, in another size.

import type { Rectangle } from "../../core/rectangle.ts";
import type { RgbaPicture } from "./overlay.ts";

/**
 * Draws a picture over a rectangle that lies within `target`. A smaller rectangle gets the mean of four neighbours for each pixel, which
 * is every pixel of a picture twice as large: a server sends no larger ones than that. In a larger rectangle pixels are repeated.
 */
export function drawScaled(picture: RgbaPicture, target: RgbaPicture, { x, y, width, height }: Rectangle): void {
  const from = pixelsOf(picture);
  const to = pixelsOf(target);
  const isSmaller = width < picture.width || height < picture.height;
  const columns = Uint32Array.from({ length: width }, (_, column) => Math.floor((column * picture.width) / width));
  for (let row = 0; row < height; row++) {
    const line = Math.floor((row * picture.height) / height) * picture.width;
    const start = (y + row) * target.width + x;
    if (width === picture.width && height === picture.height) {
      to.set(from.subarray(line, line + width), start);
      continue;
    }
    const below = isSmaller && line + picture.width < from.length ? line + picture.width : line;
    for (let column = 0; column < width; column++) {
      const at = columns[column] as number;
      if (!isSmaller) {
        to[start + column] = from[line + at] as number;
        continue;
      }
      const next = at + 1 < picture.width ? at + 1 : at;
      const upper = mean(from[line + at] as number, from[line + next] as number);
      to[start + column] = mean(upper, mean(from[below + at] as number, from[below + next] as number));
    }
  }
}

function pixelsOf({ pixels, width, height }: RgbaPicture): Uint32Array {
  return new Uint32Array(pixels.buffer, pixels.byteOffset, width * height);
}

/** The mean of each of the four bytes, rounded down: a + b = 2 (a & b) + (a ^ b). */
function mean(a: number, b: number): number {
  return (a & b) + (((a ^ b) >>> 1) & 0x7f7f7f7f);
}
