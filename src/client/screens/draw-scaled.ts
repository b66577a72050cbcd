// Draws a picture in another size: into a part of another picture, or into the middle of a new one.

import { isSameSize, type Size } from "../../core/pixel-format.ts";
import type { Rectangle } from "../../core/rectangle.ts";
import { letterbox } from "./letterbox.ts";
import type { RgbaPicture } from "./overlay.ts";

/** An opaque black pixel as a little-endian RGBA word. */
const OPAQUE_BLACK = 0xff000000;

/**
 * Returns the picture in another size, as large as it fits, with black bars. The result is drawn into `before`, the last result, if
 * that has the right size.
 */
export function drawFitted(picture: RgbaPicture, { width, height }: Size, before: RgbaPicture | null): RgbaPicture {
  const fitted =
    before !== null && isSameSize(before, { width, height })
      ? before
      : { width, height, pixels: new Uint8Array(width * height * 4) };
  pixelsOf(fitted).fill(OPAQUE_BLACK);
  drawScaled(picture, fitted, letterbox(picture, fitted));
  return fitted;
}

/**
 * Draws a picture into a rectangle of `target`. If the rectangle is smaller than the picture, each of its pixels is the mean of
 * four neighbouring pixels. That is enough, because a server sends pictures that are at most twice as large as needed. If the
 * rectangle is larger, pixels are repeated.
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

/** Returns the mean of two pixels, for each of their four bytes, rounded down. It uses a + b = 2 (a & b) + (a ^ b). */
function mean(a: number, b: number): number {
  return (a & b) + (((a ^ b) >>> 1) & 0x7f7f7f7f);
}
