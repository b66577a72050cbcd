// What a source hands over as JPEGs, looked at before it goes to viewers: its header, the tables it leaves out, its end.

import { hasEnd, type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import { missingHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";

/** A JPEG as any reader takes it. */
export interface AcceptedJpeg extends Size {
  /** The caller has its hold on this one now. */
  slot: JpegBlock;
  jpegBytes: number;
}

export class JpegIntake {
  readonly #reserve: (bytes: number) => JpegBlock | null;
  #endsPictures = false;
  /** Of the picture before, SOI to SOS. */
  #headerBytes = Buffer.alloc(0);
  #header: JpegHeader | null = null;
  /** What is to be put before its scan. */
  #missing: Uint8Array[] = [];

  constructor(reserve: (bytes: number) => JpegBlock | null) {
    this.#reserve = reserve;
  }

  /**
   * The same picture, and slot, where it is complete; else another one, with the Huffman tables that the camera left out, or
   * null where there is no room for that. The scan is not looked into. Throws CodecError for what is no picture, and for one
   * whose end is missing, unless that is how this source always has them.
   */
  accept(slot: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    const jpeg = slot.bytes.subarray(0, jpegBytes);
    const header = this.#readHeader(jpeg);
    const isWhole = hasEnd(jpeg, header);
    if (!isWhole && this.#endsPictures) throw new CodecError(`truncated JPEG: no EOI within its ${jpegBytes} bytes`);
    this.#endsPictures = isWhole;
    const { width, height, scanAt } = header;
    if (this.#missing.length === 0) return { width, height, slot, jpegBytes };
    const parts = [jpeg.subarray(0, scanAt), ...this.#missing, jpeg.subarray(scanAt)];
    const completeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const complete = this.#reserve(completeBytes);
    if (complete === null) return null;
    let at = 0;
    for (const part of parts) {
      complete.bytes.set(part, at);
      at += part.length;
    }
    slot.release();
    return { width, height, slot: complete, jpegBytes: completeBytes };
  }

  /** Cameras write the same one before each picture. */
  #readHeader(jpeg: Uint8Array): JpegHeader {
    const known = this.#header;
    const isKnown = known !== null && jpeg.length > known.dataAt;
    if (isKnown && this.#headerBytes.equals(jpeg.subarray(0, known.dataAt))) return known;
    const header = readJpegHeader(jpeg);
    this.#missing = missingHuffmanTables(jpeg, header);
    this.#headerBytes = Buffer.from(jpeg.subarray(0, header.dataAt)); // a copy
    this.#header = header;
    return header;
  }
}
