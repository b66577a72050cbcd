// Reads the kind of a JPEG from its frame header (T.81 table B.1): coding process, precision and number of components. It also knows
// which kinds can be decoded.

import { CodecError } from "../../core/errors.ts";

export interface FrameKind {
  /** The second byte of the SOF marker: C0 for SOF0. */
  marker: number;
  precisionBits: number;
  components: number;
  /** A DHP segment comes before the frame: it is the first of several that make up one picture (T.81 annex J). */
  isHierarchical: boolean;
}

/** A JPEG that may be well-formed, of a kind that no decoder here reads. */
export class UnsupportedJpegError extends CodecError {
  /** What the JPEG is: `12-bit JPEG (SOF1, precision 12)`. */
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

/** T.81 table B.1: SOF0–SOF15 without DHT (C4), JPG (C8) and DAC (CC), and SOF55. */
export function isFrameHeader(marker: number): boolean {
  const isSof = marker >= SOF0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
  return isSof || marker === SOF55;
}

/** Sequential and Huffman-coded: baseline, and extended. */
export function isSequentialHuffman({ marker }: FrameKind): boolean {
  return marker === SOF0 || marker === SOF1;
}

export function isArithmeticCoded({ marker }: FrameKind): boolean {
  return marker === SOF9 || marker === SOF10;
}

/** CMYK, or YCCK. */
export function hasFourComponents({ components }: FrameKind): boolean {
  return components === 4;
}

/** Whether every viewer decodes it. Older viewers decode neither arithmetic-coded JPEGs nor those of four components. */
export function isForEveryViewer(kind: FrameKind): boolean {
  return !isArithmeticCoded(kind) && !hasFourComponents(kind);
}

/** Throws UnsupportedJpegError for a kind that no decoder here reads. */
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
