// Reports damaged pictures when several follow each other. Single damaged pictures are normal for cameras, and are only counted.

/** This many damaged pictures in a row are reported. */
const REPORTED = 3;

export class DamagedInARow {
  readonly #report: (text: string | null) => void;
  #count = 0;

  /** The object calls `report` with a line about the damaged pictures, and with null when a picture is whole again. */
  constructor(report: (text: string | null) => void) {
    this.#report = report;
  }

  whole(): void {
    if (this.#count >= REPORTED) this.#report(null);
    this.#count = 0;
  }

  damaged(reason: string): void {
    if (++this.#count === REPORTED) this.#report(`the source sends damaged pictures: ${reason}`);
  }
}
