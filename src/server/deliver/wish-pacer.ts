// Paces a viewer's Wishes: each may make the encoders start another size, so the server acts on ten of them a second at most.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { Newest } from "../../core/newest.ts";
import { type BucketRate, TokenBucket } from "../../core/token-bucket.ts";
import type { Wish } from "../../protocol/messages.ts";

/** A viewer that pauses, goes on and changes its size is served at once. */
const RATE: BucketRate = { perSecond: 10, burst: 5 };

/** A Wish is acted on at once while there are not many. Then the newest one waits. */
export class WishPacer {
  readonly #act: (wish: Wish) => void;
  readonly #waiting = new Newest<Wish>();
  readonly #tokens = new TokenBucket(RATE, nowMicros());

  constructor(act: (wish: Wish) => void) {
    this.#act = act;
  }

  offer(wish: Wish, now: Micros): void {
    this.#waiting.offer(wish);
    this.tick(now);
  }

  /** Acts on the Wish that waits, if it is time. Call it about ten times a second. */
  tick(now: Micros): void {
    if (this.#waiting.value === null || !this.#tokens.take(now)) return;
    const wish = this.#waiting.take();
    if (wish !== null) this.#act(wish);
  }
}
