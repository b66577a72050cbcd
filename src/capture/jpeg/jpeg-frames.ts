// Delivers the pictures of a JpegReader as frames of a source, and counts and reports the damaged ones.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { deliverJpeg, type FrameSink } from "../source.ts";
import type { JpegSink } from "./jpeg-reader.ts";

/** Cameras damage a picture now and then, which is only counted. This many in a row are reported. */
const DAMAGED_IN_A_ROW = 3;

/** Frames are stamped when their last byte is there, unless `capturedAt` is set, as for packets with a time of their own. */
export class JpegFrames implements JpegSink {
  readonly #sink: FrameSink;
  #damagedInARow = 0;
  /** The time of capture of the next picture; null = now. */
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
