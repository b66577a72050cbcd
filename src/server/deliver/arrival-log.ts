// Logs viewers that come and go. The lines are limited, because a peer may connect and leave again and again.

import { nowMicros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";

const RATE: BucketRate = { perSecond: 2, burst: 100 };

export class ArrivalLog {
  readonly #log: Log;
  readonly #tokens = new TokenBucket(RATE, nowMicros());
  #leftOut = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  /** Logs a line, or counts it if there were too many. The next logged line is preceded by the count. */
  say(text: string): void {
    if (!this.#tokens.take(nowMicros())) {
      this.#leftOut++;
      return;
    }
    if (this.#leftOut > 0) this.#log.info(`dropped lines about viewers that came or left: ${this.#leftOut}`);
    this.#leftOut = 0;
    this.#log.info(text);
  }
}
