// A JPEG's size, read from its markers without decoding it (ITU-T T.81, annex B).

import { CodecError } from "../core/errors.ts";
import { isUsableSize, type Size } from "../core/pixel-format.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;

/** T.81 table B.1: SOF0–SOF15 without DHT (C4), JPG (C8) and DAC (CC). */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Width and height of a JPEG. Throws CodecError where the bytes are no JPEG or announce no usable size. */
export function readJpegSize(jpeg: Uint8Array): Size {
  if (jpeg[0] !== 0xff || jpeg[1] !== SOI) throw new CodecError("not a JPEG: it does not begin with SOI (FF D8)");
  let at = 2;
  while (at + 4 <= jpeg.length) {
    if (jpeg[at] !== 0xff) throw new CodecError(`broken JPEG: no marker at byte ${at}`);
    const marker = jpeg[at + 1] as number;
    if (marker === 0xff) {
      at++; // T.81 B.1.1.2: any number of fill bytes may precede a marker
      continue;
    }
    if (marker === TEM || (marker >= 0xd0 && marker <= 0xd7)) {
      at += 2;
      continue;
    }
    if (marker === SOS || marker === EOI) break;
    if (isFrameHeader(marker)) {
      if (at + 9 > jpeg.length) break;
      const height = ((jpeg[at + 5] as number) << 8) | (jpeg[at + 6] as number);
      const width = ((jpeg[at + 7] as number) << 8) | (jpeg[at + 8] as number);
      if (!isUsableSize(width, height)) throw new CodecError(`a JPEG of ${width}x${height} cannot be shown`);
      return { width, height };
    }
    at += 2 + (((jpeg[at + 2] as number) << 8) | (jpeg[at + 3] as number));
  }
  throw new CodecError("broken JPEG: it ends before its frame header (SOF)");
}
