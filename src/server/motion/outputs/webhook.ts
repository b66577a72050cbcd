// Posts events as JSON to an address. What cannot be delivered is tried again, in the order of the events.

import { type Micros, nowMicros, settlesWithin, sleep } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Log } from "../../../core/log.ts";
import { CLOSING_MS, type EventOutput, type MotionMessage } from "./event-output.ts";

/** While this many events wait, the oldest one is lost for each new one. */
const MOST_WAITING = 100;
/** An event that could not be delivered for this time is lost. */
const PATIENCE_MICROS: Micros = 600_000_000;
const ANSWER_MS = 10_000;
/** The first pause after a failure. It doubles with each failure in a row. */
const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;
/** The answers to which the same request may succeed later (RFC 9110 15.5.9, RFC 8470 5.2, RFC 6585 4). 5xx are others. */
const LATER = [408, 425, 429];

interface Waiting {
  body: string;
  since: Micros;
}

export class Webhook implements EventOutput {
  readonly #url: string;
  readonly #log: Log;
  readonly #firstPauseMs: number;
  readonly #waiting: Waiting[] = [];
  /** The event that is being posted. It may arrive although it does not wait any more. */
  #posted: Waiting | null = null;
  readonly #closing = new AbortController();
  #work: Promise<void> | null = null;
  #isFailing = false;
  lost = 0;

  constructor(url: string, log: Log, firstPauseMs = FIRST_PAUSE_MS) {
    this.#url = url;
    this.#log = log;
    this.#firstPauseMs = firstPauseMs;
  }

  send({ report }: MotionMessage): void {
    if (this.#closing.signal.aborted) {
      this.lost++;
      return;
    }
    this.#waiting.push({ body: JSON.stringify(report), since: nowMicros() });
    if (this.#waiting.length > MOST_WAITING) {
      const oldest = this.#waiting.shift();
      if (oldest !== this.#posted) this.lost++;
    }
    this.#work ??= this.#deliver().finally(() => {
      this.#work = null;
    });
  }

  async close(): Promise<void> {
    if (this.#work !== null) await settlesWithin(this.#work, CLOSING_MS);
    this.#closing.abort();
    await this.#work;
  }

  async #deliver(): Promise<void> {
    const { signal } = this.#closing;
    let pauseMs = this.#firstPauseMs;
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      this.#posted = next;
      const failure = await this.#post(next.body);
      this.#posted = null;
      const waits = this.#waiting[0] === next;
      const isOver = failure === null || !failure.mayPass || !waits || nowMicros() - next.since > PATIENCE_MICROS;
      if (failure !== null) this.#fail(failure.reason);
      if (isOver) {
        if (waits) this.#waiting.shift();
        if (failure !== null) this.lost++;
        else this.#recover();
        pauseMs = this.#firstPauseMs;
      } else if (signal.aborted) {
        break;
      } else {
        await sleep(pauseMs, signal);
        pauseMs = Math.min(LONGEST_PAUSE_MS, 2 * pauseMs);
      }
    }
    this.lost += this.#waiting.length;
    this.#waiting.length = 0;
  }

  /** Returns null, or the reason why the event was not delivered, and whether another try may succeed. */
  async #post(body: string): Promise<{ reason: string; mayPass: boolean } | null> {
    try {
      const answer = await fetch(this.#url, {
        ...{ method: "POST", body, headers: { "content-type": "application/json" } },
        redirect: "manual", // a POST that is redirected may become a GET
        signal: AbortSignal.any([this.#closing.signal, AbortSignal.timeout(ANSWER_MS)]),
      });
      await answer.body?.cancel();
      if (answer.ok) return null;
      return { reason: `it answers ${answer.status}`, mayPass: answer.status >= 500 || LATER.includes(answer.status) };
    } catch (error) {
      return { reason: messageOf(error), mayPass: true };
    }
  }

  #fail(reason: string): void {
    if (this.#isFailing || this.#closing.signal.aborted) return;
    this.#isFailing = true;
    // The path of the address may be a secret.
    this.#log.warning(`the webhook at ${new URL(this.#url).host} does not take an event: ${reason}`);
  }

  #recover(): void {
    if (this.#isFailing) this.#log.info(`the webhook at ${new URL(this.#url).host} takes events again`);
    this.#isFailing = false;
  }
}
