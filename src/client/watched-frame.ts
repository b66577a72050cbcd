// A frame that watch() of the library yields: its pixels, its number and its times.

import { type Micros, nowMicros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { DecodedPicture } from "./picture.ts";

/** One frame of a camera. All times are in microseconds since 1970 in this machine's clock. */
export class WatchedFrame implements Size {
  readonly width: number;
  readonly height: number;
  /**
   * The pixels: RGBA with 4 bytes a pixel, in rows of 4 · width bytes. The memory is shared with the decoder threads. It is valid
   * until the loop takes the next frame. `copy()` keeps a frame for longer.
   */
  readonly pixels: Uint8Array;
  /** The server's number of the frame. It grows within a connection. Skipped frames leave gaps in the numbers. */
  readonly frameNumber: number;
  readonly #picture: DecodedPicture;

  /** @internal */
  constructor(picture: DecodedPicture, pixels = picture.pixels) {
    this.#picture = picture;
    this.width = picture.width;
    this.height = picture.height;
    this.pixels = pixels;
    this.frameNumber = picture.received.frameNumber;
  }

  /** The time when the camera took the picture. Until `isClockKnown` is true, it is in the server's clock. */
  get capturedAt(): Micros {
    return this.#own(this.#picture.received.capturedAt);
  }

  /** The time when the server had encoded the frame, in the same clock as `capturedAt`. */
  get encodedAt(): Micros {
    return this.#own(this.#picture.received.encodedAt);
  }

  /** The time when the server sent the frame, in the same clock as `capturedAt`. */
  get sentAt(): Micros {
    return this.#own(this.#picture.received.sentAt);
  }

  /** The time when the frame's last byte arrived. */
  get receivedAt(): Micros {
    return this.#picture.received.lastByteAt;
  }

  /** The time when the frame's pixels were ready. */
  get decodedAt(): Micros {
    return this.#picture.decodedAt;
  }

  /** Whether the offset between the clocks of server and viewer is known. It is known after one round trip. */
  get isClockKnown(): boolean {
    return this.#picture.received.origin.clock.known;
  }

  /**
   * The current age of the picture in milliseconds, counted from the time when the camera took it. Null until the offset between
   * the clocks is known, and while the age cannot be right (negative, or more than an hour) because a clock is wrong.
   */
  get ageMs(): number | null {
    const { capturedAt, origin } = this.#picture.received;
    const age = origin.clock.ageMicros(capturedAt, nowMicros());
    return age === null ? null : age / 1000;
  }

  /** Whether the pixels are the same as in the previous frame. */
  get isRepeat(): boolean {
    return this.#picture.isRepeat;
  }

  /** Whether parts of the picture are missing. They are grey. */
  get isDamaged(): boolean {
    return this.#picture.isDamaged;
  }

  /** Returns a copy of the frame with its own pixels, which never change. */
  copy(): WatchedFrame {
    return new WatchedFrame(this.#picture, new Uint8Array(this.pixels));
  }

  #own(stamp: Micros): Micros {
    const { clock } = this.#picture.received.origin;
    return clock.known ? clock.toOwnClock(stamp) : stamp;
  }
}
