// Converts the pixels of a decoded JPEG to how they should be shown: turned, with square pixels, and in full range.
//
// One line at a time is stretched to full range, scaled to square pixels, and written to its row or column of the result.

import { lineWeights, WEIGHT_BITS, WEIGHT_ONE } from "../../core/line-weights.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Orientation } from "./exif-orientation.ts";
import { type Presentation, squareWidth } from "./presentation.ts";

/**
 * Converts RGBA pixels of size `stored` and writes them to `shown`, which has the size `shownSize(stored, presentation)`. Each
 * word of both arrays is a pixel, and the arrays do not overlap. (The words are signed, because JavaScript engines handle only
 * signed words as integers.)
 */
export function writeShown(pixels: Int32Array, stored: Size, presentation: Presentation, shown: Int32Array): void {
  const { width, height } = stored;
  const { orientation, isLimitedRange } = presentation;
  const shownWidth = squareWidth(stored, presentation);
  const scale = shownWidth === width ? null : createLineScaler(width, shownWidth);
  const stretched = isLimitedRange ? new Int32Array(width) : null;
  for (let row = 0; row < height; row++) {
    let line = pixels.subarray(row * width, (row + 1) * width);
    if (stretched !== null) {
      stretchRange(line, stretched);
      line = stretched;
    }
    if (scale !== null) line = scale(line);
    const { first, step } = placeOf(row, orientation, shownWidth, height);
    if (step === 1) shown.set(line, first);
    else for (let x = 0, to = first; x < shownWidth; x++, to += step) shown[to] = line[x] as number;
  }
}

/**
 * Returns where a line of the stored picture begins in the shown picture, and the distance between its pixels there (CIPA DC-008,
 * "Orientation").
 */
function placeOf(
  row: number,
  orientation: Orientation,
  width: number,
  height: number,
): { first: number; step: number } {
  const fromBottom = height - 1 - row;
  switch (orientation) {
    case 1:
      return { first: row * width, step: 1 };
    case 2:
      return { first: row * width + width - 1, step: -1 };
    case 3:
      return { first: fromBottom * width + width - 1, step: -1 };
    case 4:
      return { first: fromBottom * width, step: 1 };
    case 5:
      return { first: row, step: height };
    case 6:
      return { first: fromBottom, step: height };
    case 7:
      return { first: (width - 1) * height + fromBottom, step: -height };
    case 8:
      return { first: (width - 1) * height + row, step: -height };
  }
}

/**
 * Factors of `stretchRange` in 65536ths: for a colour, for the luma (in addition to the colour's share), and for the black level
 * 16.
 */
const STRETCH = {
  colour: Math.round((65536 * 255) / 224),
  grey: Math.round(65536 * (255 / 219 - 255 / 224)),
  black: Math.round((65536 * 16 * 255) / 219),
};

/**
 * Corrects pixels whose YCbCr was in limited range but was converted to RGB as full range. Luma is stretched by 255/219. Chroma,
 * which is the distance of a colour from its luma, is stretched by 255/224 (BT.601). The wrong conversion has not clipped any
 * colour that limited range can represent.
 */
function stretchRange(line: Int32Array, stretched: Int32Array): void {
  for (let x = 0; x < line.length; x++) {
    const pixel = line[x] as number; // little-endian: red is lowest
    const red = pixel & 255;
    const green = (pixel >> 8) & 255;
    const blue = (pixel >> 16) & 255;
    const luma = (19595 * red + 38470 * green + 7471 * blue) >> 8; // in 256ths
    const offset = ((luma * STRETCH.grey) >> 8) - STRETCH.black + 32768;
    const stretchedRed = clip((red * STRETCH.colour + offset) >> 16);
    const stretchedGreen = clip((green * STRETCH.colour + offset) >> 16);
    const stretchedBlue = clip((blue * STRETCH.colour + offset) >> 16);
    stretched[x] = 0xff000000 | (stretchedBlue << 16) | (stretchedGreen << 8) | stretchedRed;
  }
}

function clip(level: number): number {
  return Math.min(255, Math.max(0, level));
}

/** Returns a function that scales a line to another width. Its result is valid until the next call. */
function createLineScaler(width: number, scaledWidth: number): (line: Int32Array) => Int32Array {
  const { taps, places, weights } = lineWeights(width, scaledWidth);
  const scaled = new Int32Array(scaledWidth);
  return (line) => {
    for (let x = 0, at = 0; x < scaledWidth; x++) {
      let red = WEIGHT_ONE >> 1;
      let green = red;
      let blue = red;
      for (let tap = 0; tap < taps; tap++, at++) {
        const weight = weights[at] as number;
        const pixel = line[places[at] as number] as number;
        red += weight * (pixel & 255);
        green += weight * ((pixel >> 8) & 255);
        blue += weight * ((pixel >> 16) & 255);
      }
      scaled[x] = 0xff000000 | ((blue >> WEIGHT_BITS) << 16) | ((green >> WEIGHT_BITS) << 8) | (red >> WEIGHT_BITS);
    }
    return scaled;
  };
}
