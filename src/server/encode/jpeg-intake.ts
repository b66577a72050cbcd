// The JPEG intake checks the JPEGs of a source before they are sent to viewers, and adds Huffman tables that cameras leave out.

import { hasEnd, type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import { missingHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";

/** A complete JPEG, which any decoder can decode. */
export interface AcceptedJpeg extends Size {
  /** The block with the JPEG, which the caller owns. It may be another block than the caller passed. */
  block: JpegBlock;
  jpegBytes: number;
}

export class JpegIntake {
  readonly #reserve: (bytes: number) => JpegBlock | null;
  /** Whether the source's last picture ended with EOI. */
  #endsPictures = false;
  /** The header of the last picture from SOI to SOS, as bytes and parsed. */
  #headerBytes = Buffer.alloc(0);
  #header: JpegHeader | null = null;
  /** The Huffman tables that this header lacks. They are inserted before the scan. */
  #missing: Uint8Array[] = [];

  /** `reserve` returns memory for a completed JPEG, or null. */
  constructor(reserve: (bytes: number) => JpegBlock | null) {
    this.#reserve = reserve;
  }

  /**
   * Checks a JPEG. A complete picture is returned in the same block. When Huffman tables are missing, the result is a copy with
   * tables, and `block` is released. The result is null when there is no memory for the copy. The scan is not checked. Throws
   * CodecError for bytes that are not a JPEG, and for a JPEG without EOI, unless the source never writes EOI.
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

  /** Parses the header. A header that equals the last one is not parsed again, because cameras repeat the same header. */
  #readHeader(jpeg: Uint8Array): JpegHeader {
    const known = this.#header;
    const isKnown = known !== null && jpeg.length > known.dataAt;
    if (isKnown && this.#headerBytes.equals(jpeg.subarray(0, known.dataAt))) return known;
    const header = readJpegHeader(jpeg);
    this.#missing = missingHuffmanTables(jpeg, header);
    this.#headerBytes = Buffer.from(jpeg.subarray(0, header.dataAt)); // The header is copied, because the block will be reused.
    this.#header = header;
    return header;
  }
}
