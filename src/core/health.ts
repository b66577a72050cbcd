// What is wrong with a thing, and since when: several causes may hold at a time, the newest is the one that is told.

import { type Micros, nowMicros } from "./clock.ts";

interface Cause {
  text: string;
  since: Micros;
}

/** Holds the present causes by subject (`source`, `memory`, `encode` …). */
export class Health<Subject extends string = string> {
  /** In the order in which the subjects began. */
  readonly #causes = new Map<Subject, Cause>();
  #brokenSince: Micros | null = null;

  /** The text of the cause that began last; null when nothing is wrong. */
  get text(): string | null {
    let text: string | null = null;
    for (const cause of this.#causes.values()) text = cause.text;
    return text;
  }

  /** When the first cause began, however the causes have changed since; null when nothing is wrong. */
  get since(): Micros | null {
    return this.#brokenSince;
  }

  has(subject: Subject): boolean {
    return this.#causes.has(subject);
  }

  /** A cause begins, or its text changes. Returns whether `text` of this object is another one now. */
  begin(subject: Subject, text: string, since: Micros = nowMicros()): boolean {
    const before = this.text;
    const present = this.#causes.get(subject);
    if (present === undefined) this.#causes.set(subject, { text, since });
    else present.text = text;
    this.#brokenSince ??= since;
    return this.text !== before;
  }

  /** A cause is over, if it was there. Returns whether `text` of this object is another one now. */
  end(subject: Subject): boolean {
    const before = this.text;
    this.#causes.delete(subject);
    if (this.#causes.size === 0) this.#brokenSince = null;
    return this.text !== before;
  }
}
