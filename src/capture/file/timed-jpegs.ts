// Delivers each JPEG of a recording at its own time. `repeat` delivers the last JPEG again.
//
// The option `-re` of ffmpeg is not enough. When ffmpeg 5 copies packets, it waits for the time of the previous packet. So each packet
// comes one interval early, and the first packet after a pause comes before the pause.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import type { JpegSink } from "../jpeg/jpeg-reader.ts";
import { deliverJpeg, type FrameSink } from "../source.ts";

/** `-re` lets ffmpeg run ahead by one picture, or some while it catches up. More than this are not kept waiting. */
const MOST_WAITING = 8;

interface TimedJpeg {
  jpeg: Uint8Array;
  due: Micros;
}

export class TimedJpegs implements JpegSink {
  readonly #sink: FrameSink;
  readonly #frames: JpegFrames;
  readonly #waiting: TimedJpeg[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #last: Uint8Array | null = null;
  /** The time of the newest packet in the recording, and the lowest 32 bits of it in milliseconds. */
  #time: Micros = 0;
  #lowMs = 0;
  /** When the recording's time was zero; null before the first picture. */
  #zero: Micros | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#frames = new JpegFrames(sink);
  }

  /** Sets the time of the next picture in the recording: the lowest 32 bits of it in milliseconds. */
  setTime(lowMs: number): void {
    this.#time += ((lowMs - this.#lowMs) | 0) * 1000;
    this.#lowMs = lowMs;
  }

  picture(jpeg: Uint8Array): void {
    this.#zero ??= nowMicros() - this.#time;
    // A copy, because the reader uses its memory again. It is kept, because any picture may be the last one before a pause.
    this.#waiting.push({ jpeg: jpeg.slice(), due: this.#zero + this.#time });
    this.#deliverDue();
  }

  damaged(reason: string): void {
    this.#frames.damaged(reason);
  }

  /** Delivers the last picture again, captured now. */
  repeat(): void {
    if (this.#last !== null) deliverJpeg(this.#sink, this.#last, nowMicros());
  }

  /** The recording has ended: delivers the pictures that wait. */
  end(): void {
    for (const { jpeg } of this.#waiting.splice(0)) this.#frames.picture(jpeg);
    this.abandon();
  }

  /** Forgets the pictures that wait. */
  abandon(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#waiting.length = 0;
  }

  #deliverDue(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const waitMs = (next.due - nowMicros()) / 1000;
      if (waitMs > 0 && this.#waiting.length <= MOST_WAITING) {
        this.#timer = setTimeout(() => this.#deliverDue(), waitMs);
        return;
      }
      this.#waiting.shift();
      this.#last = next.jpeg;
      this.#frames.picture(next.jpeg);
    }
  }
}
