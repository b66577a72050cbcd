// The limits that protect a viewer against a server. If a server exceeds one, the viewer ends the connection, with one line that
// tells the reason.

import type { Micros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { type BucketRate, TokenBucket } from "../core/token-bucket.ts";
import type { StreamHeader } from "../protocol/messages.ts";

/**
 * The largest picture in pixels: 8192 × 4096, which is more than 8K video. Decoding such a picture needs about 0.7 GB of memory.
 */
export const DEFAULT_MAX_PIXELS = 2 ** 25;

/**
 * The rate of Stream messages. It is limited because each may announce another size, which needs memory. It is not lower, because
 * some sources change their size with each frame.
 */
export const STREAMS: BucketRate = { perSecond: 60, burst: 120 };
/** The rate of pings, notices, answers and unknown messages together. */
export const OTHERS: BucketRate = { perSecond: 100, burst: 400 };

/** The number of pixels that several connections may have together, for example those of all cameras in one window. */
export class PixelBudget {
  readonly most: number;
  readonly #taken = new Map<object, number>();

  constructor(most: number) {
    this.most = most;
  }

  /**
   * Takes pixels in place of those that `user` had. Returns false, and changes nothing, when all together would have too many.
   */
  take(user: object, pixels: number): boolean {
    let sum = pixels;
    for (const [other, taken] of this.#taken) if (other !== user) sum += taken;
    if (sum > this.most) return false;
    this.#taken.set(user, pixels);
    return true;
  }

  release(user: object): void {
    this.#taken.delete(user);
  }
}

/** The largest picture of a connection, in pixels, or the pixels that it shares with others. */
export type PixelLimit = number | PixelBudget;

/** Counts the messages of one server, except frames, which credit limits. */
export class ServerLimits {
  readonly #pixels: PixelBudget;
  readonly #isShared: boolean;
  readonly #streams: TokenBucket;
  readonly #others: TokenBucket;

  constructor(maxPixels: PixelLimit, now: Micros) {
    this.#isShared = typeof maxPixels !== "number";
    this.#pixels = typeof maxPixels === "number" ? new PixelBudget(maxPixels) : maxPixels;
    this.#streams = new TokenBucket(STREAMS, now);
    this.#others = new TokenBucket(OTHERS, now);
  }

  /** Checks a Stream message. Throws ProtocolError if there are too many, or if its pictures are too large. */
  checkStream({ width, height, sourceWidth, sourceHeight }: StreamHeader, now: Micros): void {
    if (!this.#streams.take(now))
      throw new ProtocolError(`it sends more than ${STREAMS.perSecond} Stream messages a second`);
    if (this.#pixels.take(this, width * height)) return;
    const source =
      width === sourceWidth && height === sourceHeight ? "" : ` of a ${sourceWidth}x${sourceHeight} source`;
    const others = this.#isShared && width * height <= this.#pixels.most ? ", together with the other cameras," : "";
    throw new ProtocolError(
      `its pictures of ${width}x${height}${source} have${others} more than ${this.#pixels.most} pixels (--max-pixels)`,
    );
  }

  /** Frees the pixels of this connection for others, because it has ended. */
  close(): void {
    this.#pixels.release(this);
  }

  /** Counts another message. Throws ProtocolError if there are too many. */
  checkOther(now: Micros): void {
    if (!this.#others.take(now))
      throw new ProtocolError(`it sends more than ${OTHERS.perSecond} messages a second in addition to frames`);
  }
}
