// Reads the kind of a JPEG from its frame header (T.81 table B.1): coding process, precision and number of components. It also
// knows which kinds can be decoded.

import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";

export interface FrameKind {
  /** The second byte of the SOF marker, for example C0 for SOF0. */
  marker: number;
  precisionBits: number;
  components: number;
  /**
   * True if a DHP segment comes before the frame. The frame is then the first of several that form one picture (T.81 annex J).
   */
  isHierarchical: boolean;
}

/** The error for a JPEG that may be valid, but is of a kind that Slipstream cannot decode. */
export class UnsupportedJpegError extends CodecError {
  /** The kind of the JPEG, for example `12-bit JPEG (SOF1, precision 12)`. */
  readonly what: string;

  constructor(what: string) {
    super(`Slipstream does not decode ${what}`);
    this.what = what;
  }
}

const SOF0 = 0xc0;
const SOF1 = 0xc1;
const SOF2 = 0xc2;
const SOF3 = 0xc3;
const SOF9 = 0xc9;
const SOF10 = 0xca;
const SOF11 = 0xcb;
/** JPEG-LS (ITU-T T.87 C.1.1), which is another format with the markers of JPEG. */
export const SOF55 = 0xf7;

/**
 * Returns whether a marker is a frame header: SOF0–SOF15 (T.81 table B.1), which are C0–CF without DHT (C4), JPG (C8) and DAC
 * (CC), or SOF55.
 */
export function isFrameHeader(marker: number): boolean {
  const isSof = marker >= SOF0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
  return isSof || marker === SOF55;
}

/**
 * The most pixels of a JPEG of four components: 4096 × 2160. Its decoder needs about 25 bytes for each pixel, so this is about
 * 220 MB for the time of one picture.
 */
export const MAX_FOUR_COMPONENT_PIXELS = 4096 * 2160;

/** Returns whether the JPEG is sequential and Huffman-coded, as in the baseline and the extended process. */
export function isSequentialHuffman({ marker }: Pick<FrameKind, "marker">): boolean {
  return marker === SOF0 || marker === SOF1;
}

export function isArithmeticCoded({ marker }: FrameKind): boolean {
  return marker === SOF9 || marker === SOF10;
}

/** Returns whether the JPEG has four components, which are CMYK or YCCK. */
export function hasFourComponents({ components }: FrameKind): boolean {
  return components === 4;
}

/**
 * Returns whether every viewer can decode this kind. Older viewers cannot decode arithmetic-coded JPEGs and those with four
 * components.
 */
export function isForEveryViewer(kind: FrameKind): boolean {
  return !isArithmeticCoded(kind) && !hasFourComponents(kind);
}

/** Throws UnsupportedJpegError for a kind that Slipstream cannot decode. */
export function checkKind(kind: FrameKind): void {
  const { marker, precisionBits, components, isHierarchical } = kind;
  const sof = `SOF${marker - SOF0}`;
  if (marker === SOF55) throw new UnsupportedJpegError("JPEG-LS (SOF55)");
  if (isHierarchical) throw new UnsupportedJpegError("hierarchical JPEG (DHP)");
  if (marker === SOF3 || marker === SOF11) throw new UnsupportedJpegError(`lossless JPEG (${sof})`);
  if (![SOF0, SOF1, SOF2, SOF9, SOF10].includes(marker)) throw new UnsupportedJpegError(`hierarchical JPEG (${sof})`);
  if (precisionBits !== 8) {
    throw new UnsupportedJpegError(`${precisionBits}-bit JPEG (${sof}, precision ${precisionBits})`);
  }
  if (components !== 1 && components !== 3 && components !== 4) {
    throw new UnsupportedJpegError(`JPEG of ${components} components (${sof})`);
  }
  if (isArithmeticCoded(kind) && components === 4) {
    throw new UnsupportedJpegError(`arithmetic-coded JPEG of four components (${sof})`);
  }
}

/** Throws UnsupportedJpegError for a picture whose kind is not decoded in this size. */
export function checkDecodable(kind: FrameKind, { width, height }: Size): void {
  if (!hasFourComponents(kind) || width * height <= MAX_FOUR_COMPONENT_PIXELS) return;
  const limit = `${MAX_FOUR_COMPONENT_PIXELS} pixels`;
  throw new UnsupportedJpegError(
    `JPEG of four components (CMYK) of ${width}x${height} pixels, because it has more than ${limit}`,
  );
}
