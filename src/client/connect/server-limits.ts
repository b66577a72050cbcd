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

/** Counts the messages of one server, except frames, which credit limits. */
export class ServerLimits {
  readonly #maxPixels: number;
  readonly #streams: TokenBucket;
  readonly #others: TokenBucket;

  constructor(maxPixels: number, now: Micros) {
    this.#maxPixels = maxPixels;
    this.#streams = new TokenBucket(STREAMS, now);
    this.#others = new TokenBucket(OTHERS, now);
  }

  /** Throws ProtocolError for a Stream too many, or one with pictures that are too large. */
  checkStream({ width, height, sourceWidth, sourceHeight }: StreamHeader, now: Micros): void {
    if (!this.#streams.take(now)) throw new ProtocolError(`more than ${STREAMS.perSecond} Streams a second`);
    if (width * height <= this.#maxPixels) return;
    const source =
      width === sourceWidth && height === sourceHeight ? "" : ` of a ${sourceWidth}x${sourceHeight} source`;
    throw new ProtocolError(
      `its pictures of ${width}x${height}${source} have more than ${this.#maxPixels} pixels (--max-pixels)`,
    );
  }

  /** Throws ProtocolError for a message too many. */
  checkOther(now: Micros): void {
    if (!this.#others.take(now))
      throw new ProtocolError(`more than ${OTHERS.perSecond} messages a second beside frames`);
  }
}
