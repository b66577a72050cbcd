// The JPEG intake: checks the JPEGs of a source before viewers are sent them, and adds the Huffman tables that cameras leave out.

import { hasEnd, type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import { missingHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";

/** A JPEG that any reader can decode. */
export interface AcceptedJpeg extends Size {
  /** The caller owns this block, which may be another one than it gave. */
  block: JpegBlock;
  jpegBytes: number;
}

export class JpegIntake {
  readonly #reserve: (bytes: number) => JpegBlock | null;
  /** Whether the source's last picture ended with EOI. */
  #endsPictures = false;
  /** Header of the last picture, SOI to SOS, as bytes and parsed. */
  #headerBytes = Buffer.alloc(0);
  #header: JpegHeader | null = null;
  /** The Huffman tables that this header lacks; they belong before the scan. */
  #missing: Uint8Array[] = [];

  /** `reserve` gives memory for a completed JPEG, or null. */
  constructor(reserve: (bytes: number) => JpegBlock | null) {
    this.#reserve = reserve;
  }

  /**
   * Returns the picture in the same block when it is complete. When Huffman tables are missing, returns a copy with them and
   * releases `block`, or returns null when there is no memory for the copy. The scan is not read. Throws CodecError for bytes
   * that are not a JPEG, and for a JPEG without its end (EOI), unless the source never writes EOI.
   */
  accept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    const jpeg = block.bytes.subarray(0, jpegBytes);
    const header = this.#readHeader(jpeg);
    const isWhole = hasEnd(jpeg, header);
    if (!isWhole && this.#endsPictures) throw new CodecError(`truncated JPEG: no EOI within its ${jpegBytes} bytes`);
    this.#endsPictures = isWhole;
    const { width, height, scanAt } = header;
    if (this.#missing.length === 0) return { width, height, block, jpegBytes };
    const parts = [jpeg.subarray(0, scanAt), ...this.#missing, jpeg.subarray(scanAt)];
    const completeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const complete = this.#reserve(completeBytes);
    if (complete === null) return null;
    let at = 0;
    for (const part of parts) {
      complete.bytes.set(part, at);
      at += part.length;
    }
    block.release();
    return { width, height, block: complete, jpegBytes: completeBytes };
  }

  /** Parses the header, unless it equals the last one: cameras write the same header before each picture. */
  #readHeader(jpeg: Uint8Array): JpegHeader {
    const known = this.#header;
    const isKnown = known !== null && jpeg.length > known.dataAt;
    if (isKnown && this.#headerBytes.equals(jpeg.subarray(0, known.dataAt))) return known;
    const header = readJpegHeader(jpeg);
    this.#missing = missingHuffmanTables(jpeg, header);
    this.#headerBytes = Buffer.from(jpeg.subarray(0, header.dataAt)); // a copy: the block is used again
    this.#header = header;
    return header;
  }
}
