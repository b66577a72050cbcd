// Delivers the pictures of a JpegReader as frames of a source, and counts and reports the damaged ones.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { DamagedInARow } from "../damaged-in-a-row.ts";
import { deliverJpeg, type FrameSink } from "../source.ts";
import type { JpegSink } from "./jpeg-reader.ts";

/**
 * Delivers pictures as frames. The capture time of a frame is the arrival of its last byte, unless `capturedAt` is set, for
 * example for packets with their own time.
 */
export class JpegFrames implements JpegSink {
  readonly #sink: FrameSink;
  readonly #damagedInARow: DamagedInARow;
  /** The capture time of the next picture. Null means now. */
  capturedAt: Micros | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#damagedInARow = new DamagedInARow((text) => sink.trouble(text));
  }

  picture(jpeg: Uint8Array): void {
    this.#damagedInARow.whole();
    deliverJpeg(this.#sink, jpeg, this.capturedAt ?? nowMicros());
  }

  damaged(reason: string): void {
    this.#sink.lost();
    this.#damagedInARow.damaged(reason);
  }
}
