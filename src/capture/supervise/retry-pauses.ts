// The pauses before a failed source is tried again. They grow from try to try until a frame comes.

import type { Retry } from "../../core/errors.ts";

const MINUTE_MS = 60_000;

/** The first and the longest pause. Cameras lock an account for about half an hour after five wrong passwords. */
const PAUSES_MS: Readonly<Record<Retry, readonly [first: number, longest: number]>> = {
  now: [50, 800],
  soon: [500, 5_000],
  growing: [500, 30_000],
  minutes: [2 * MINUTE_MS, 60 * MINUTE_MS],
};

export class RetryPauses {
  /** The next pause of each kind, so that a camera that restarts now and then does not have a wrong password tried at once. */
  #nextMs = new Map<Retry, number>();
  #hasWorked = false;

  /** Whether a frame has ever come. */
  get hasWorked(): boolean {
    return this.#hasWorked;
  }

  /** Returns the pause after a failure. Until the first frame a source may never work: no pause stays short. */
  nextMs(retry: Retry): number {
    const kind = retry === "soon" && !this.#hasWorked ? "growing" : retry;
    const [firstMs, longestMs] = PAUSES_MS[kind];
    const pauseMs = this.#nextMs.get(kind) ?? firstMs;
    this.#nextMs.set(kind, Math.min(2 * pauseMs, longestMs));
    return pauseMs;
  }

  /** A frame has come: the next pauses are short again. */
  reset(): void {
    this.#hasWorked = true;
    this.#nextMs.clear();
  }
}

/** What the operator and the viewers read behind the reason. Short pauses have one text, so that it is logged once. */
export function describePause(milliseconds: number, retry: Retry): string {
  if (retry === "now") return "";
  if (milliseconds < MINUTE_MS) return "; trying again";
  return `; trying again in ${Math.round(milliseconds / MINUTE_MS)} min`;
}
