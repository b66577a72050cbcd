// Finds the end of the pictures of a camera that writes no EOI: nothing has come for longer than within its last pictures.
//
// Without it, such a picture would wait for the first byte of the next one, for an interval.

/** The shortest quiet time. Programs and networks pause for some milliseconds within a picture. */
const LEAST_MS = 20;
/** The quiet time is so many of the longest of the last pauses within a picture. */
const PAUSES = 2;
const RECENT_PAUSES = 64;

/** The part of a JpegReader that is needed here. */
export interface UnendedPictures {
  /** Whether the picture that is being read may be whole, and no byte will say so. */
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

  /** `beforePassingOn` is called before a picture is passed on. */
  constructor(pictures: UnendedPictures, beforePassingOn: () => void = () => undefined) {
    this.#pictures = pictures;
    this.#beforePassingOn = beforePassingOn;
  }

  /** Calls `write`, which passes the next bytes to the pictures, and waits until nothing follows. */
  around(write: () => void): void {
    this[Symbol.dispose]();
    const { ended, mayBeWhole } = this.#pictures;
    write();
    const now = performance.now();
    // When a picture has ended, the pause was one between pictures.
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
