// Reads from the header of a JPEG how it should be shown. It may have to be turned (Exif), may have pixels that are not square
// (JFIF), or may be in limited range (a comment).

import { isUsableSize, type Size } from "../../core/pixel-format.ts";
import { exifOrientation, type Orientation } from "./exif-orientation.ts";
import { headerSegments, type JpegHeader } from "./header.ts";

export interface Presentation {
  orientation: Orientation;
  /** Width of a stored pixel divided by its height. */
  pixelAspect: number;
  /** True if luma is 16 to 235 and chroma 16 to 240 (BT.601). In JFIF both are 0 to 255. */
  isLimitedRange: boolean;
}

const APP0 = 0xe0;
const APP1 = 0xe1;
const COM = 0xfe;
const JFIF = "JFIF\0";
/** ffmpeg writes this comment into JPEGs of limited range, and reads it. */
const LIMITED_RANGE = "CS=ITU601";
/**
 * The largest plausible aspect ratio of a pixel. Anamorphic video has 0.5 to 2, so a much larger value has another meaning or is
 * wrong.
 */
const MAX_PIXEL_ASPECT = 8;

/**
 * Reads the segments from SOI to the scan. Damaged and implausible values are ignored. Throws CodecError like `headerSegments`.
 */
export function readPresentation(jpeg: Uint8Array, { kind }: JpegHeader): Presentation {
  let orientation: Orientation | null = null;
  let pixelAspect: number | null = null;
  let isLimitedRange = false;
  for (const { marker, at, end } of headerSegments(jpeg)) {
    if (marker !== APP0 && marker !== APP1 && marker !== COM) continue;
    const segment = jpeg.subarray(at + 4, end);
    if (marker === APP0) pixelAspect ??= jfifPixelAspect(segment);
    else if (marker === APP1) orientation ??= exifOrientation(segment);
    else isLimitedRange ||= textOf(segment, LIMITED_RANGE.length + 1).replace(/[\0\n]$/, "") === LIMITED_RANGE;
  }
  return {
    orientation: orientation ?? 1,
    pixelAspect: pixelAspect ?? 1,
    // Grey is in full range even with the comment, because ffmpeg writes and reads it so.
    isLimitedRange: isLimitedRange && kind.components === 3,
  };
}

export function isAsStored({ orientation, pixelAspect, isLimitedRange }: Presentation): boolean {
  return orientation === 1 && pixelAspect === 1 && !isLimitedRange;
}

/** Returns the width of a stored picture with square pixels. The height stays the same, as in video players. */
export function squareWidth({ width, height }: Size, { pixelAspect }: Presentation): number {
  const square = Math.max(1, Math.round(width * pixelAspect));
  return isUsableSize(square, height) ? square : width;
}

/** Returns whether the picture is turned by 90°, so that width and height change places. */
export function isOnItsSide({ orientation }: Presentation): boolean {
  return orientation >= 5;
}

/** Returns the size that a stored picture has when it is shown. */
export function shownSize(stored: Size, presentation: Presentation): Size {
  const width = squareWidth(stored, presentation);
  const { height } = stored;
  return isOnItsSide(presentation) ? { width: height, height: width } : { width, height };
}

/**
 * Returns the aspect ratio of the pixels from a JFIF segment, or null. If the densities in the segment have no unit, their ratio
 * is this aspect ratio, width to height (JFIF 1.02: "X and Y specify the pixel aspect ratio"; ffmpeg and GStreamer use it so).
 * With a unit, they are only for printing.
 */
function jfifPixelAspect(segment: Uint8Array): number | null {
  if (segment.length < 12 || textOf(segment, JFIF.length) !== JFIF) return null;
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  const [unit, x, y] = [view.getUint8(7), view.getUint16(8), view.getUint16(10)];
  if (unit !== 0 || x === 0 || y === 0) return null;
  const aspect = x / y;
  return aspect > MAX_PIXEL_ASPECT || aspect < 1 / MAX_PIXEL_ASPECT ? null : aspect;
}

function textOf(segment: Uint8Array, mostBytes: number): string {
  return String.fromCharCode(...segment.subarray(0, mostBytes));
}
