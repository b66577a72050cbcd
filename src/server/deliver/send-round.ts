// Sends a new frame to many viewers, some at a time. In between, the event loop reads acknowledgements and handles timers and the
// other cameras.

import type { MemberFrames } from "./audience-member.ts";

type Sender = Pick<MemberFrames, "sendNewest">;

/** The longest time without a return to the event loop. Sending a frame to one viewer takes about 20 µs, so it is enough for 50. */
const MOST_MS = 1;

/** The senders that have not been asked yet. The one that has waited longest is first. */
export class SendRound {
  readonly #due = new Set<Sender>();
  #isScheduled = false;

  /** Makes `run` ask a sender. A sender that a newer frame finds still waiting keeps its place. */
  add(sender: Sender): void {
    this.#due.add(sender);
  }

  /** Forgets a sender, because its viewer has left. */
  remove(sender: Sender): void {
    this.#due.delete(sender);
  }

  /** Asks the senders to send their newest frame. The rest follows in later turns of the event loop. */
  run(): void {
    if (this.#isScheduled) return;
    const startedAt = performance.now();
    for (const sender of this.#due) {
      this.#due.delete(sender);
      sender.sendNewest();
      if (performance.now() - startedAt >= MOST_MS) break;
    }
    if (this.#due.size === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.run();
    });
  }
}
