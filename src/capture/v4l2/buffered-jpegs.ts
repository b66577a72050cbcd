// Copies the JPEG in a device's buffer into a frame. The reader of JPEGs (capture/jpeg) then finds the picture in the copy.
//
// The length of a buffer is only a border: drivers and cameras put other bytes before SOI, padding and further pictures after EOI,
// and parts of failed transfers. The reader works on the copy, because the driver's memory might be uncached (DMA), and because the
// buffer goes back to the driver unchanged.

import { JpegReader, type JpegSink } from "../jpeg/jpeg-reader.ts";

/** The result of `copy`: the length of the picture, or the reason why there is none. */
export type CopiedJpeg = { bytes: number } | { damage: string };

export class BufferedJpegs implements JpegSink {
  readonly #reader = new JpegReader(this, { hasBorders: true });
  #picture: Uint8Array | null = null;
  #damage = "";

  /**
   * Copies the used bytes of a buffer into `frame`, which has at least this size. The picture then begins at the start of
   * `frame`. It is as the camera sent it, but without the bytes around it and stray bytes between its segments.
   */
  copy(used: Uint8Array, frame: Uint8Array): CopiedJpeg {
    frame.set(used);
    this.#picture = null;
    this.#damage = "a buffer without a JPEG";
    this.#reader.packet(frame.subarray(0, used.length));
    if (this.#picture === null) return { damage: this.#damage };
    const { buffer, byteOffset, length } = this.#picture as Uint8Array;
    if (length > frame.length) return { bytes: used.length }; // the repaired picture has no space
    if (buffer !== frame.buffer || byteOffset !== frame.byteOffset) frame.set(this.#picture);
    return { bytes: length };
  }

  /** Called by the reader. */
  picture(jpeg: Uint8Array): void {
    this.#picture = jpeg;
  }

  /** Called by the reader. */
  damaged(reason: string): void {
    this.#damage = reason;
  }
}
