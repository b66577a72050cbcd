// Lets the encoders rest while no viewer can be sent a frame: a frame that is encoded meanwhile would probably be replaced before
// it is sent. So where processors are short, they serve the viewers that cannot follow.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Demand } from "../renditions/sinks.ts";

/**
 * Decides when the encoders may begin a frame. While no viewer can be sent one, they rest after each frame for as long as it took.
 * They do not rest longer, because a viewer with a slow link gets the newest encoded frame as soon as its link is free.
 */
export class EncoderRest {
  readonly #demand: Pick<Demand, "isAwaited">;
  readonly #onOver: () => void;
  #begunAt: Micros | null = null;
  #mayBeginAt: Micros = 0;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** The object calls `onOver` when a frame that it has held back may begin. */
  constructor(demand: Pick<Demand, "isAwaited">, onOver: () => void) {
    this.#demand = demand;
    this.#onOver = onOver;
  }

  /** Whether a frame is held back. It may begin earlier, when a viewer can be sent a frame. */
  get isResting(): boolean {
    return this.#timer !== null;
  }

  /** Returns whether a frame may begin. If not, `onOver` will be called. */
  mayBegin(): boolean {
    const restMicros = this.#mayBeginAt - nowMicros();
    const mayBegin = restMicros <= 0 || this.#demand.isAwaited;
    if (mayBegin) this.clear();
    else this.#timer ??= setTimeout(() => this.#end(), restMicros / 1000);
    return mayBegin;
  }

  /** The owner calls this with the time when the encoders have begun a frame. The frame may be finished already. */
  begin(at: Micros): void {
    this.#begunAt = at;
  }

  /** The owner calls this when the encoders are idle. */
  idle(): void {
    if (this.#begunAt === null) return;
    const now = nowMicros();
    this.#mayBeginAt = now + (now - this.#begunAt);
    this.#begunAt = null;
  }

  /** Forgets the frame that is held back. */
  clear(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #end(): void {
    this.#timer = null;
    this.#onOver();
  }
}
