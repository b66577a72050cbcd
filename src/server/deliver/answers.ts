// The answers to a viewer's questions, in the order of the questions.

import { ProtocolError } from "../../core/errors.ts";
import type { Peer } from "../../protocol/peer.ts";
import { MAX_OPEN_QUESTIONS } from "../../protocol/wire.ts";

export class Answers {
  readonly #peer: Peer;
  /** The number of questions whose answers the transport has not accepted yet. */
  #openQuestions = 0;
  /** The number of answers that were written and that the transport has not accepted yet. */
  #unsent = 0;
  /** Resolves when the last answer is sent. The next answer waits for it. */
  #last: Promise<void> = Promise.resolve();

  constructor(peer: Peer) {
    this.#peer = peer;
  }

  /**
   * Starts to answer a question immediately, and sends the answer after the earlier answers. `ask` must not reject. Throws
   * ProtocolError if too many questions are open.
   */
  answer(ask: () => Promise<Uint8Array>): void {
    if (this.#openQuestions >= MAX_OPEN_QUESTIONS) throw new ProtocolError("too many unanswered questions");
    this.#openQuestions++;
    const message = ask();
    this.#last = this.#last.then(async () => {
      this.#peer.send(await message);
      this.#unsent++;
      this.countSent();
    });
  }

  /**
   * Counts answers as sent when the transport has accepted all bytes. So a viewer that reads nothing cannot make more answers wait
   * than its open questions. Call it when the transport has accepted bytes.
   */
  countSent(): void {
    if (!this.#peer.outbox.idle) return;
    this.#openQuestions -= this.#unsent;
    this.#unsent = 0;
  }
}
