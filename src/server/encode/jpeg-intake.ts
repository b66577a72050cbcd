// The JPEG intake checks the JPEGs of a source before they are sent to viewers, and adds Huffman tables that cameras leave out.

import { isForEveryViewer } from "../../codec/jpeg/frame-kind.ts";
import { hasEnd, type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import { isAsStored, type Presentation, readPresentation, shownSize } from "../../codec/jpeg/presentation.ts";
import { missingHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { CodecError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { JpegBlock } from "../../capture/jpeg-blocks.ts";

/** A complete JPEG that the server can decode. Width and height are those of the picture as it is shown. */
export interface AcceptedJpeg extends Size {
  /** The block with the JPEG, which the caller owns. It may differ from the block that the caller passed. */
  block: JpegBlock;
  jpegBytes: number;
  /** How the server must decode the JPEG for viewers. Null means that viewers get it unchanged. */
  presentation: Presentation | null;
}

/** A parsed header. */
interface KnownHeader {
  header: JpegHeader;
  /** The Huffman tables that the header lacks. They are inserted before the scan. */
  missing: Uint8Array[];
  shown: Size;
  presentation: Presentation | null;
}

/**
 * After more than CUT_IN_A_ROW pictures in a row without EOI, the source counts as one that never writes EOI. After more than
 * WHOLE_IN_A_ROW pictures in a row with EOI, it counts as one that does.
 */
const CUT_IN_A_ROW = 10;
const WHOLE_IN_A_ROW = 2;

export class JpegIntake {
  readonly #reserve: (bytes: number) => JpegBlock | null;
  /** Whether the source writes EOI. If so, a picture without EOI is cut. Null before the first picture. */
  #writesEoi: boolean | null = null;
  /**
   * The number of pictures in a row that contradict `#writesEoi`. They may be cut pictures, or the bytes of EOI at the end of a
   * scan by chance.
   */
  #othersInARow = 0;
  /** The header of the last picture from SOI to SOS, as bytes and parsed. */
  #headerBytes = Buffer.alloc(0);
  #known: KnownHeader | null = null;

  /** `reserve` returns memory for a completed JPEG, or null. */
  constructor(reserve: (bytes: number) => JpegBlock | null) {
    this.#reserve = reserve;
  }

  /**
   * Checks the header and the end of a JPEG, but not its scan. The result is the picture in the same block. If Huffman tables are
   * missing, the result is a copy with tables, and `block` is released. If there is no memory for the copy, the result is null.
   *
   * The method throws CodecError if the bytes are not a JPEG. It also throws CodecError if EOI is missing, except for a source
   * that never writes EOI. It throws UnsupportedJpegError if the server cannot decode this kind of JPEG.
   */
  accept(block: JpegBlock, jpegBytes: number): AcceptedJpeg | null {
    const jpeg = block.bytes.subarray(0, jpegBytes);
    const { header, missing, shown, presentation } = this.#readHeader(jpeg);
    const isWhole = hasEnd(jpeg, header);
    this.#checkEnd(isWhole, jpegBytes);
    if (missing.length === 0) return { ...shown, block, jpegBytes, presentation };
    const { scanAt } = header;
    const parts = [jpeg.subarray(0, scanAt), ...missing, jpeg.subarray(scanAt)];
    const completeBytes = parts.reduce((sum, part) => sum + part.length, 0);
    const complete = this.#reserve(completeBytes);
    if (complete === null) return null;
    let at = 0;
    for (const part of parts) {
      complete.bytes.set(part, at);
      at += part.length;
    }
    block.release();
    return { ...shown, block: complete, jpegBytes: completeBytes, presentation };
  }

  /** Notes whether the source writes EOI. Throws CodecError for a picture that is cut. */
  #checkEnd(isWhole: boolean, jpegBytes: number): void {
    this.#writesEoi ??= isWhole;
    this.#othersInARow = isWhole === this.#writesEoi ? 0 : this.#othersInARow + 1;
    if (this.#othersInARow > (isWhole ? WHOLE_IN_A_ROW : CUT_IN_A_ROW)) this.#writesEoi = isWhole;
    if (!isWhole && this.#writesEoi) throw new CodecError(`truncated JPEG: no EOI within its ${jpegBytes} bytes`);
  }

  /** Parses the header. A header that equals the last one is not parsed again, because cameras repeat the same header. */
  #readHeader(jpeg: Uint8Array): KnownHeader {
    const known = this.#known;
    const isKnown = known !== null && jpeg.length > known.header.dataAt;
    if (isKnown && this.#headerBytes.equals(jpeg.subarray(0, known.header.dataAt))) return known;
    const header = readJpegHeader(jpeg);
    const missing = missingHuffmanTables(jpeg, header);
    const presentation = readPresentation(jpeg, header);
    const isFit = isAsStored(presentation) && isForEveryViewer(header.kind);
    const { width, height } = header;
    const shown = isFit ? { width, height } : shownSize(header, presentation);
    this.#headerBytes = Buffer.from(jpeg.subarray(0, header.dataAt)); // The header is copied, because the block will be reused.
    this.#known = { header, missing, shown, presentation: isFit ? null : presentation };
    return this.#known;
  }
}
