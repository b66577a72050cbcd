// The trouble with the picture on the screen, and the time when it began. Either the server or the connection reports the
// trouble, or no picture comes although pictures are expected.

import { type Micros, nowMicros } from "../core/clock.ts";
import { Health } from "../core/health.ts";
import { expectsFrames, SILENCE_MS } from "../protocol/silence.ts";

type Subject = "remark" | "silence";

export class Trouble {
  readonly #health = new Health<Subject>();
  #remark: string | null = null;
  /** The time when the current trouble began, according to the server or connection that reported it. */
  #remarkedAt: Micros = 0;
  /** True when the picture on the screen was captured before the trouble began. */
  #isPictureOld = false;
  #shownAt: Micros | null = null;
  #isPaused = false;
  /** The time when pictures were wanted again after a pause. */
  #resumedAt: Micros = 0;
  #framesPerSecond = 0;

  /** The trouble that the server or the connection reports, or null. */
  get remark(): string | null {
    return this.#remark;
  }

  /** Whether the picture on the screen was captured before the trouble began. Such a picture must not look live. */
  get isPictureOld(): boolean {
    return this.#isPictureOld;
  }

  /**
   * Returns the duration of the trouble, or 0 while all is well. If pictures were coming, it counts from the last picture before
   * the trouble.
   */
  get seconds(): number {
    const { since } = this.#health;
    return since === null ? 0 : Math.max(0, (nowMicros() - since) / 1e6);
  }

  /** The trouble in one line, or null while all is well. */
  get text(): string | null {
    return this.#health.text === null ? null : (this.#remark ?? "no new picture");
  }

  /**
   * Sets the trouble that the server or the connection reports, with its duration so far. With null the trouble ends with the
   * next picture.
   */
  setRemark(remark: string | null, lastedMicros = 0): void {
    const began = nowMicros() - lastedMicros;
    if (this.#remark === null) this.#remarkedAt = began;
    this.#remark = remark;
    if (remark !== null) {
      this.#health.begin("remark", remark, this.#expectsPictures ? (this.#shownAt ?? began) : began);
      this.#isPictureOld = this.#shownAt !== null;
    } else if (!this.#isPictureOld) {
      this.#endAll();
    }
  }

  /** Sets the source's nominal rate. With 0 the rate is unknown, and missing pictures are not a trouble. */
  setRate(framesPerSecond: number): void {
    this.#framesPerSecond = framesPerSecond;
  }

  /** Sets whether no pictures are wanted, because the user has paused the view or no part of it can be seen. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#resumedAt = nowMicros();
  }

  /**
   * Records that a picture was shown at `shownAt`. It was captured at `capturedAt` in this machine's clock, or a little earlier.
   */
  recordShown(shownAt: Micros, capturedAt: Micros): void {
    this.#shownAt = shownAt;
    // A new viewer gets the last picture of a camera that is disconnected. That picture is not live.
    this.#isPictureOld = this.#remark !== null && capturedAt < this.#remarkedAt;
    if (this.#remark === null) this.#endAll();
  }

  /** Detects that no picture comes. Call it several times a second. */
  tick(): void {
    if (this.#shownAt === null || this.#isPaused || !this.#expectsPictures || this.#isPictureOld) return;
    if (nowMicros() - Math.max(this.#shownAt, this.#resumedAt) < SILENCE_MS * 1000) return;
    this.#health.begin("silence", "no new picture", this.#shownAt);
    this.#isPictureOld = true;
  }

  #endAll(): void {
    this.#health.end("remark");
    this.#health.end("silence");
  }

  get #expectsPictures(): boolean {
    return expectsFrames(this.#framesPerSecond);
  }
}
