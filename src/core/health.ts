// The current troubles of a part of the program, for example of a camera, with the time when they began. When several troubles
// last at the same time, the newest one is reported.

import { type Micros, nowMicros } from "./clock.ts";

interface Cause {
  text: string;
  since: Micros;
}

/**
 * Holds the current troubles of one part. Each trouble has a subject (`source`, `memory`, `encode` …), and a subject has one
 * trouble at most.
 *
 * @example
 * const health = new Health((text) => log.warning(text ?? "all is well"));
 * health.begin("source", "the camera is unplugged");
 * health.end("source");
 */
export class Health<Subject extends string = string> {
  /** The troubles in the order in which they began. */
  readonly #causes = new Map<Subject, Cause>();
  readonly #onChange: (text: string | null) => void;
  #brokenSince: Micros | null = null;

  /** The object calls `onChange` with the new `text` whenever it changes. */
  constructor(onChange: (text: string | null) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** The text of the trouble that began last, or null when nothing is wrong. */
  get text(): string | null {
    let text: string | null = null;
    for (const cause of this.#causes.values()) text = cause.text;
    return text;
  }

  /**
   * The time when trouble began, or null when nothing is wrong. It is the beginning of the first trouble, and it stays the same
   * until all troubles are over.
   */
  get since(): Micros | null {
    return this.#brokenSince;
  }

  has(subject: Subject): boolean {
    return this.#causes.has(subject);
  }

  /** Starts the trouble `subject`, or changes its text. Returns whether `this.text`, the text of all troubles, has changed. */
  begin(subject: Subject, text: string, since: Micros = nowMicros()): boolean {
    const before = this.text;
    const present = this.#causes.get(subject);
    if (present === undefined) this.#causes.set(subject, { text, since });
    else present.text = text;
    this.#brokenSince ??= since;
    return this.#compare(before);
  }

  /** Ends the trouble `subject` if it is present. Returns whether the object's `text` has changed. */
  end(subject: Subject): boolean {
    if (!this.#causes.has(subject)) return false; // The caller calls `end` for each frame, so the usual case returns early.
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
