// Finds the pictures in the bytes of an answer, and stamps each with the time at which its first byte arrived.

import type { Micros } from "../../core/clock.ts";
import { JpegReader, type JpegSink } from "../jpeg/jpeg-reader.ts";
import { QuietEnd, type UnendedPictures } from "../jpeg/quiet-end.ts";
import { MultipartReader, type PartSink } from "./multipart-reader.ts";

/** Receives pictures with the time at which their first byte arrived. */
export interface StampedSink extends JpegSink {
  capturedAt: Micros | null;
}

/** How an answer contains pictures. */
export type Packing = { kind: "parts"; boundary: string | null } | { kind: "pictures" | "one picture" };

/** Takes the bytes of one answer in chunks of any size. Nothing is delivered after it was disposed. */
export class PictureStream implements Disposable {
  readonly #pictures: StampedPictures;
  readonly #reader: { write(chunk: Uint8Array): void; end(): void };
  readonly #quietEnd: QuietEnd;

  constructor(sink: StampedSink, packing: Packing) {
    this.#pictures = new StampedPictures(sink, packing.kind === "one picture");
    this.#reader = packing.kind === "parts" ? new MultipartReader(this.#pictures, packing.boundary) : this.#pictures;
    this.#quietEnd = new QuietEnd(this.#pictures);
  }

  /** The number of pictures so far, including pictures that were too incomplete to show. */
  get count(): number {
    return this.#pictures.count;
  }

  /** Takes a chunk. `arrivedAt` is the time when its last byte arrived. */
  write(chunk: Uint8Array, arrivedAt: Micros): void {
    this.#pictures.arrivedAt = arrivedAt;
    this.#quietEnd.around(() => this.#reader.write(chunk));
  }

  /** Handles the end of the answer. An unfinished picture is delivered as far as it has come. */
  end(): void {
    this.#reader.end();
  }

  [Symbol.dispose](): void {
    this.#quietEnd[Symbol.dispose]();
  }
}

class StampedPictures implements JpegSink, PartSink, UnendedPictures {
  readonly #sink: StampedSink;
  #reader: JpegReader;
  /**
   * True when the end of a part has been found. Before that each JPEG is a frame, because some multipart answers have no
   * delimiters.
   */
  #hasBorders: boolean;
  /** The time when the first byte of the current picture arrived, or null between pictures. */
  #beganAt: Micros | null = null;
  arrivedAt: Micros = 0;
  count = 0;

  constructor(sink: StampedSink, hasBorders: boolean) {
    this.#sink = sink;
    this.#hasBorders = hasBorders;
    this.#reader = new JpegReader(this, { hasBorders });
  }

  get inside(): "nothing" | "header" | "scan" {
    return this.#reader.inside;
  }

  get mayBeWhole(): boolean {
    return this.#reader.mayBeWhole;
  }

  get ended(): number {
    return this.#reader.ended;
  }

  passOn(): void {
    this.#reader.passOn();
  }

  write(bytes: Uint8Array): void {
    this.#reader.write(bytes);
    this.#beganAt = this.#reader.inside === "nothing" ? null : (this.#beganAt ?? this.arrivedAt);
  }

  border(): void {
    this.#reader.border();
    this.#beganAt = null;
    if (this.#hasBorders) return;
    this.#hasBorders = true;
    this.#reader = new JpegReader(this, { hasBorders: true });
  }

  end(): void {
    this.#reader.end();
  }

  picture(jpeg: Uint8Array): void {
    this.count++;
    this.#sink.capturedAt = this.#beganAt ?? this.arrivedAt;
    this.#beganAt = null;
    this.#sink.picture(jpeg);
  }

  damaged(reason: string): void {
    this.count++;
    this.#beganAt = null;
    this.#sink.damaged(reason);
  }
}
