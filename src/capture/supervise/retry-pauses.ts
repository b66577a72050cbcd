// The pauses before a failed source is tried again. They grow from try to try until a frame comes.

import type { Retry } from "../../core/errors.ts";

const MINUTE_MS = 60_000;

/**
 * The first and the longest pause for each kind of failure. The pauses after a refused password are minutes long, because cameras
 * lock an account for about half an hour after five wrong passwords.
 */
const PAUSES_MS: Readonly<Record<Retry, readonly [first: number, longest: number]>> = {
  now: [50, 800],
  soon: [500, 5_000],
  growing: [500, 30_000],
  minutes: [2 * MINUTE_MS, 60 * MINUTE_MS],
};

export class RetryPauses {
  /**
   * The next pause for each kind. They are kept separately, so that a camera's restart does not shorten the pause after a wrong
   * password.
   */
  #nextMs = new Map<Retry, number>();
  #hasWorked = false;

  /** Whether the source has ever delivered a frame. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /**
   * Returns the pause after a failure, and makes the next pause longer. Before the first frame also short pauses grow, because
   * the source may never work.
   */
  nextMs(retry: Retry): number {
    const kind = retry === "soon" && !this.#hasWorked ? "growing" : retry;
    const [firstMs, longestMs] = PAUSES_MS[kind];
    const pauseMs = this.#nextMs.get(kind) ?? firstMs;
    this.#nextMs.set(kind, Math.min(2 * pauseMs, longestMs));
    return pauseMs;
  }

  /** Makes the next pauses short again. The caller does this when a frame has come. */
  reset(): void {
    this.#hasWorked = true;
    this.#nextMs.clear();
  }
}

/**
 * Returns the text about the pause that follows the reason of a failure. All short pauses have the same text, so that the log
 * does not repeat the message.
 */
export function describePause(milliseconds: number, retry: Retry): string {
  if (retry === "now") return "";
  if (milliseconds < MINUTE_MS) return "; trying again";
  return `; trying again in ${Math.round(milliseconds / MINUTE_MS)} min`;
}
