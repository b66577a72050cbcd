// What is wrong with a thing, and since when: several causes may hold at a time, and the newest one is reported.

import { type Micros, nowMicros } from "./clock.ts";

interface Cause {
  text: string;
  since: Micros;
}

/**
 * Holds the present causes by subject (`source`, `memory`, `encode` …).
 *
 * @example
 * const health = new Health((text) => log.warning(text ?? "all is well"));
 * health.begin("source", "the camera is unplugged");
 * health.end("source");
 */
export class Health<Subject extends string = string> {
  /** In the order in which the subjects began. */
  readonly #causes = new Map<Subject, Cause>();
  readonly #onChange: (text: string | null) => void;
  #brokenSince: Micros | null = null;

  /** `onChange` is called with the new `text` each time that it changes. */
  constructor(onChange: (text: string | null) => void = () => undefined) {
    this.#onChange = onChange;
  }

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
    return this.#compare(before);
  }

  /** A cause is over, if it was there. Returns whether `text` of this object is another one now. */
  end(subject: Subject): boolean {
    if (!this.#causes.has(subject)) return false; // called for each frame
    const before = this.text;
    this.#causes.delete(subject);
    if (this.#causes.size === 0) this.#brokenSince = null;
    return this.#compare(before);
  }

  #compare(before: string | null): boolean {
    const { text } = this;
    if (text === before) return false;
    this.#onChange(text);
    return true;
  }
}
