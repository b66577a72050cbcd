// Finds the end of a picture by time, for cameras that write no EOI. The picture counts as complete when no bytes have come for
// longer than the pauses within the last pictures.
//
// Without this, such a picture would have to wait for the first byte of the next one, and would be late by one interval.

/**
 * The shortest quiet time after which a picture ends. It is needed because programs and networks pause for some milliseconds
 * within a picture.
 */
const LEAST_MS = 20;
/** A picture ends after a quiet time of this factor times the longest of the recent pauses within a picture. */
const PAUSES = 2;
const RECENT_PAUSES = 64;

/** The part of a JpegReader that is needed here. */
export interface UnendedPictures {
  /** True if the picture that is being read may be complete, and no marker will show its end. */
  readonly mayBeWhole: boolean;
  /** The number of pictures that have ended. */
  readonly ended: number;
  passOn(): void;
}

export class QuietEnd implements Disposable {
  readonly #pictures: UnendedPictures;
  readonly #beforePassingOn: () => void;
  #pausesMs: number[] = [];
  #timer: ReturnType<typeof setTimeout> | null = null;
  #writtenAt = performance.now();

  /** The object calls `beforePassingOn` before it passes on a picture. */
  constructor(pictures: UnendedPictures, beforePassingOn: () => void = () => undefined) {
    this.#pictures = pictures;
    this.#beforePassingOn = beforePassingOn;
  }

  /** Calls `write`, which passes the next bytes to the reader, and then waits for the quiet time. */
  around(write: () => void): void {
    this[Symbol.dispose]();
    const { ended, mayBeWhole } = this.#pictures;
    write();
    const now = performance.now();
    // If a picture has ended, this was a pause between pictures, which does not count.
    if (mayBeWhole && this.#pictures.ended === ended) {
      this.#pausesMs = [...this.#pausesMs.slice(1 - RECENT_PAUSES), now - this.#writtenAt];
    }
    this.#writtenAt = now;
    if (!this.#pictures.mayBeWhole) return;
    this.#timer = setTimeout(
      () => {
        this.#beforePassingOn();
        this.#pictures.passOn();
      },
      Math.max(LEAST_MS, PAUSES * Math.max(0, ...this.#pausesMs)),
    );
  }

  /** Ends the wait. */
  [Symbol.dispose](): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
