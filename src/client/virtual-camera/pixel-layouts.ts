// Converts RGBA pictures into the pixel layouts of V4L2 output devices.

import type { RgbaPicture } from "../screens/overlay.ts";

/** A layout of pixels, under V4L2's name of four letters (uapi/linux/videodev2.h, "Pixel format"). */
export interface PixelLayout {
  fourcc: string;
  /** True if pixels share their colour, so that the sides of a picture must be even. */
  needsEvenSides: boolean;
  /** The smallest number of bytes of a line. A device may ask for more. */
  lineBytes(width: number): number;
  /** The number of bytes of a picture whose lines have `lineBytes` bytes. */
  pictureBytes(lineBytes: number, height: number): number;
  /** Writes the picture into `frame`. Bytes between the lines of the picture are left as they are. */
  convert(picture: RgbaPicture, frame: Uint8Array, lineBytes: number): void;
}

/**
 * The layouts, with the best first. Programs read a webcam's YUYV most often, so it is first. Layouts that need fewer bytes come
 * before those that need more.
 */
export const PIXEL_LAYOUTS: readonly PixelLayout[] = [
  packedYcbcr("YUYV", [0, 1, 2, 3]),
  packedYcbcr("UYVY", [1, 0, 3, 2]),
  planarYcbcr("YU12", "separate planes"),
  planarYcbcr("NV12", "one plane"),
  packedRgb("RGB3", 3, [0, 1, 2]),
  packedRgb("BGR3", 3, [2, 1, 0]),
  packedRgb("XR24", 4, [2, 1, 0]),
  packedRgb("BGR4", 4, [2, 1, 0]),
  packedRgb("AR24", 4, [2, 1, 0]),
  packedRgb("RGB4", 4, [1, 2, 3]),
  packedRgb("XB24", 4, [0, 1, 2]),
  packedRgb("AB24", 4, [0, 1, 2]),
];

// BT.601 in studio range (ITU-R BT.601-7, 2.5): the weights of red, green and blue, multiplied by 65 536, for 8-bit samples.
const Y_RED = 16_829;
const Y_GREEN = 33_039;
const Y_BLUE = 6_416;
const CB_RED = -9_714;
const CB_GREEN = -19_070;
const CB_BLUE = 28_784;
const CR_RED = 28_784;
const CR_GREEN = -24_103;
const CR_BLUE = -4_681;
const FRACTION_BITS = 16;
/** Black, and a half for rounding. */
const Y_OFFSET = 16.5 * 2 ** FRACTION_BITS;
/** No colour, and a half for rounding. */
const C_OFFSET = 128.5 * 2 ** FRACTION_BITS;

/** 4:2:2: two pixels in four bytes. `places` are those of the first Y, of Cb, of the second Y and of Cr. */
function packedYcbcr(fourcc: string, [y0, cb, y1, cr]: readonly [number, number, number, number]): PixelLayout {
  const shift = FRACTION_BITS + 1; // colours are the sums of two pixels
  const offset = C_OFFSET * 2;
  return {
    fourcc,
    needsEvenSides: true,
    lineBytes: (width) => 2 * width,
    pictureBytes: (lineBytes, height) => lineBytes * height,
    convert({ pixels, width, height }, frame, lineBytes) {
      for (let row = 0, from = 0; row < height; row++) {
        let to = row * lineBytes;
        for (let column = 0; column < width; column += 2, from += 8, to += 4) {
          const r0 = pixels[from] as number;
          const g0 = pixels[from + 1] as number;
          const b0 = pixels[from + 2] as number;
          const r1 = pixels[from + 4] as number;
          const g1 = pixels[from + 5] as number;
          const b1 = pixels[from + 6] as number;
          const r = r0 + r1;
          const g = g0 + g1;
          const b = b0 + b1;
          frame[to + y0] = (Y_RED * r0 + Y_GREEN * g0 + Y_BLUE * b0 + Y_OFFSET) >> FRACTION_BITS;
          frame[to + y1] = (Y_RED * r1 + Y_GREEN * g1 + Y_BLUE * b1 + Y_OFFSET) >> FRACTION_BITS;
          frame[to + cb] = (CB_RED * r + CB_GREEN * g + CB_BLUE * b + offset) >> shift;
          frame[to + cr] = (CR_RED * r + CR_GREEN * g + CR_BLUE * b + offset) >> shift;
        }
      }
    },
  };
}

/** 4:2:0: a plane of Y, then Cb and Cr of four pixels each, in two planes or in turn. */
function planarYcbcr(fourcc: string, colours: "separate planes" | "one plane"): PixelLayout {
  const shift = FRACTION_BITS + 2; // colours are the sums of four pixels
  const offset = C_OFFSET * 4;
  const isOnePlane = colours === "one plane";
  return {
    fourcc,
    needsEvenSides: true,
    lineBytes: (width) => width,
    pictureBytes: (lineBytes, height) => lineBytes * height * 1.5,
    convert({ pixels, width, height }, frame, lineBytes) {
      const colourLineBytes = isOnePlane ? lineBytes : lineBytes / 2;
      const step = isOnePlane ? 2 : 1;
      const cbStart = lineBytes * height;
      const crStart = cbStart + (isOnePlane ? 1 : colourLineBytes * (height / 2));
      const luma = (at: number, to: number) => {
        const weighted =
          Y_RED * (pixels[at] as number) + Y_GREEN * (pixels[at + 1] as number) + Y_BLUE * (pixels[at + 2] as number);
        frame[to] = (weighted + Y_OFFSET) >> FRACTION_BITS;
      };
      /** The sum of a colour of four pixels. */
      const sum = (at: number, below: number) =>
        (pixels[at] as number) + (pixels[at + 4] as number) + (pixels[below] as number) + (pixels[below + 4] as number);
      for (let row = 0; row < height; row += 2) {
        let colour = (row / 2) * colourLineBytes;
        for (let column = 0; column < width; column += 2, colour += step) {
          const at = (row * width + column) * 4;
          const below = at + width * 4;
          const to = row * lineBytes + column;
          luma(at, to);
          luma(at + 4, to + 1);
          luma(below, to + lineBytes);
          luma(below + 4, to + lineBytes + 1);
          const r = sum(at, below);
          const g = sum(at + 1, below + 1);
          const b = sum(at + 2, below + 2);
          frame[cbStart + colour] = (CB_RED * r + CB_GREEN * g + CB_BLUE * b + offset) >> shift;
          frame[crStart + colour] = (CR_RED * r + CR_GREEN * g + CR_BLUE * b + offset) >> shift;
        }
      }
    },
  };
}

/** RGB in full range. `places` are those of red, green and blue. A fourth byte is opaque. */
function packedRgb(fourcc: string, pixelBytes: 3 | 4, places: readonly [number, number, number]): PixelLayout {
  const [red, green, blue] = places;
  const alpha = pixelBytes === 4 ? [0, 1, 2, 3].find((place) => !places.includes(place)) : undefined;
  return {
    fourcc,
    needsEvenSides: false,
    lineBytes: (width) => pixelBytes * width,
    pictureBytes: (lineBytes, height) => lineBytes * height,
    convert({ pixels, width, height }, frame, lineBytes) {
      for (let row = 0, from = 0; row < height; row++) {
        let to = row * lineBytes;
        for (let column = 0; column < width; column++, from += 4, to += pixelBytes) {
          frame[to + red] = pixels[from] as number;
          frame[to + green] = pixels[from + 1] as number;
          frame[to + blue] = pixels[from + 2] as number;
          if (alpha !== undefined) frame[to + alpha] = 255;
        }
      }
    },
  };
}
