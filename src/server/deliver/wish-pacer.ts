// Limits the rate of a viewer's Wish messages, which say which size of pictures it wants, or that it wants none. Each may make
// the encoders start another size, so the server acts on at most ten of them a second.

import { nowMicros } from "../../core/clock.ts";
import { Newest } from "../../core/newest.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import type { Wish } from "../../protocol/messages.ts";

/** The rate, with a burst that is large enough for a viewer that pauses, goes on and changes its size within a moment. */
const RATE: BucketRate = { perSecond: 10, burst: 5 };

/** Keeps the newest Wish until `tick`, which acts on it if there were few before. */
export class WishPacer {
  readonly #act: (wish: Wish) => void;
  readonly #waiting = new Newest<Wish>();
  readonly #tokens = new TokenBucket(RATE, nowMicros());

  constructor(act: (wish: Wish) => void) {
    this.#act = act;
  }

  offer(wish: Wish): void {
    this.#waiting.offer(wish);
  }

  /**
   * Acts on the waiting Wish if the rate allows it. Call it about ten times a second, and when all messages that arrived together
   * have been read. So the server acts once on many that arrive together.
   */
  tick(): void {
    if (this.#waiting.value === null || !this.#tokens.take(nowMicros())) return;
    const wish = this.#waiting.take();
    if (wish !== null) this.#act(wish);
  }
}
