// Delivers the pictures of a JpegReader as frames of a source, and counts and reports the damaged ones.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { deliverJpeg, type FrameSink } from "../source.ts";
import type { JpegSink } from "./jpeg-reader.ts";

/**
 * So many damaged pictures in a row are reported. Fewer are only counted, because single damaged pictures are normal for cameras.
 */
const DAMAGED_IN_A_ROW = 3;

/**
 * Delivers pictures as frames. The capture time of a frame is the arrival of its last byte, unless `capturedAt` is set, for
 * example for packets with their own time.
 */
export class JpegFrames implements JpegSink {
  readonly #sink: FrameSink;
  #damagedInARow = 0;
  /** The capture time of the next picture. Null means now. */
  capturedAt: Micros | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  picture(jpeg: Uint8Array): void {
    if (this.#damagedInARow >= DAMAGED_IN_A_ROW) this.#sink.trouble(null);
    this.#damagedInARow = 0;
    deliverJpeg(this.#sink, jpeg, this.capturedAt ?? nowMicros());
  }

  damaged(reason: string): void {
    this.#sink.lost();
    if (++this.#damagedInARow === DAMAGED_IN_A_ROW) this.#sink.trouble(`the source sends damaged pictures: ${reason}`);
  }
}
