// What a source hands over as JPEGs, looked at before it goes to viewers: its header, the tables it leaves out, its end.

import { hasEnd, readJpegHeader } from "../codec/jpeg-header.ts";
import { withHuffmanTables } from "../codec/standard-huffman.ts";
import { CodecError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";

export class JpegIntake {
  #endsPictures = false;

  /**
   * The picture as any reader takes it: the same bytes, or a copy with the Huffman tables that the camera left out. The scan is
   * not looked into. Throws CodecError for what is no picture, and for one whose end is missing, unless that is how this source
   * always has them.
   */
  accept(bytes: Uint8Array): Size & { jpeg: Uint8Array } {
    const header = readJpegHeader(bytes);
    const isWhole = hasEnd(bytes, header);
    if (!isWhole && this.#endsPictures) throw new CodecError(`truncated JPEG: no EOI within its ${bytes.length} bytes`);
    this.#endsPictures = isWhole;
    const { width, height } = header;
    return { width, height, jpeg: withHuffmanTables(bytes, header) };
  }
}
