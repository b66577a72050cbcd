// The troubles of a part, for example of a camera, and since when it has them. Several may last at the same time; the newest is
// reported.

import { type Micros, nowMicros } from "./clock.ts";

interface Cause {
  text: string;
  since: Micros;
}

/**
 * Holds the present troubles by subject (`source`, `memory`, `encode` …).
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

  /** `onChange` is called with the new `text` whenever it changes. */
  constructor(onChange: (text: string | null) => void = () => undefined) {
    this.#onChange = onChange;
  }

  /** The text of the trouble that began last, or null when nothing is wrong. */
  get text(): string | null {
    let text: string | null = null;
    for (const cause of this.#causes.values()) text = cause.text;
    return text;
  }

  /** The time when trouble began, or null when nothing is wrong. Later troubles do not change it until all are over. */
  get since(): Micros | null {
    return this.#brokenSince;
  }

  has(subject: Subject): boolean {
    return this.#causes.has(subject);
  }

  /** Starts the trouble `subject`, or changes its text. Returns whether the object's `text` has changed. */
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
    if (!this.#causes.has(subject)) return false; // This is called for each frame, so the usual case returns early.
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
