// The limits of what a server may cost a viewer. A server beyond them loses the connection, with one line that says why.

import type { Micros } from "../../core/clock.ts";
import { ProtocolError } from "../../core/errors.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import type { StreamHeader } from "../../protocol/messages.ts";

/** 8192 × 4096: more than 8K video. Decoding a picture of this size takes about 0.7 GB. */
export const DEFAULT_MAX_PIXELS = 2 ** 25;

/** Each Stream may begin another size, for which memory is taken. Some sources change their size with each frame. */
const STREAMS: BucketRate = { perSecond: 60, burst: 120 };
/** Pings, notices, answers and unknown messages. */
const OTHERS: BucketRate = { perSecond: 100, burst: 400 };

/** The pixels that several connections may have together: those of all cameras in one window. */
export class PixelBudget {
  readonly most: number;
  readonly #taken = new Map<object, number>();

  constructor(most: number) {
    this.most = most;
  }

  /** Takes pixels in place of those that `user` had. Returns false, and changes nothing, when all together would have too many. */
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

  /** Throws ProtocolError for a Stream too many, or one with pictures that are too large. */
  checkStream({ width, height, sourceWidth, sourceHeight }: StreamHeader, now: Micros): void {
    if (!this.#streams.take(now)) throw new ProtocolError(`more than ${STREAMS.perSecond} Streams a second`);
    if (this.#pixels.take(this, width * height)) return;
    const source =
      width === sourceWidth && height === sourceHeight ? "" : ` of a ${sourceWidth}x${sourceHeight} source`;
    const others = this.#isShared && width * height <= this.#pixels.most ? ", together with the other cameras," : "";
    throw new ProtocolError(
      `its pictures of ${width}x${height}${source} have${others} more than ${this.#pixels.most} pixels (--max-pixels)`,
    );
  }

  /** The connection has ended, so that others may have its pixels. */
  close(): void {
    this.#pixels.release(this);
  }

  /** Throws ProtocolError for a message too many. */
  checkOther(now: Micros): void {
    if (!this.#others.take(now))
      throw new ProtocolError(`more than ${OTHERS.perSecond} messages a second beside frames`);
  }
}
