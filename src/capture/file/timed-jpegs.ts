// Delivers each JPEG of a recording at its own time, and can deliver the last JPEG again during a pause.
//
// The option `-re` of ffmpeg is not enough. When ffmpeg 5 copies packets, it waits for the time of the previous packet. So each
// packet comes one interval early, and the first packet after a pause comes before the pause.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import type { JpegSink } from "../jpeg/jpeg-reader.ts";
import { deliverJpeg, type FrameSink } from "../source.ts";

/**
 * The largest number of pictures that wait for their time. With `-re`, ffmpeg is ahead by one picture, or by some while it
 * catches up.
 */
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
  /** The time of the newest packet in the recording, and the lowest 32 bits of this time in milliseconds. */
  #time: Micros = 0;
  #lowMs = 0;
  /** The clock's time at which the recording's time was zero, or null before the first picture. */
  #zero: Micros | null = null;

  constructor(sink: FrameSink) {
    this.#sink = sink;
    this.#frames = new JpegFrames(sink);
  }

  /** Sets the recording's time of the next picture. `lowMs` is the lowest 32 bits of the time in milliseconds. */
  setTime(lowMs: number): void {
    this.#time += ((lowMs - this.#lowMs) | 0) * 1000;
    this.#lowMs = lowMs;
  }

  picture(jpeg: Uint8Array): void {
    this.#zero ??= nowMicros() - this.#time;
    // The picture is copied, because the reader reuses its memory.
    this.#waiting.push({ jpeg: jpeg.slice(), due: this.#zero + this.#time });
    this.#deliverDue();
  }

  damaged(reason: string): void {
    this.#frames.damaged(reason);
  }

  /** Delivers the last picture again, with the current time as its capture time. */
  repeat(): void {
    if (this.#last !== null) deliverJpeg(this.#sink, this.#last, nowMicros());
  }

  /** Delivers all pictures that still wait, because the recording has ended. */
  end(): void {
    for (const { jpeg } of this.#waiting.splice(0)) this.#frames.picture(jpeg);
    this.abandon();
  }

  /** Drops all pictures that still wait. */
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
