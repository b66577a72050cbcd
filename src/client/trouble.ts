// What is wrong with the picture on the screen, and since when: the server or the connection reports it, or no picture comes.

import { type Micros, nowMicros } from "../core/clock.ts";
import { Health } from "../core/health.ts";
import { expectsFrames, SILENCE_MS } from "../protocol/silence.ts";

type Subject = "remark" | "silence";

export class Trouble {
  readonly #health = new Health<Subject>();
  #remark: string | null = null;
  /** When the present problem began, according to the server or connection that reported it. */
  #remarkedAt: Micros = 0;
  /** The picture on the screen was captured before the problem began. */
  #isPictureOld = false;
  #shownAt: Micros | null = null;
  #isPaused = false;
  /** When pictures were wanted again after a pause. */
  #resumedAt: Micros = 0;
  #framesPerSecond = 0;

  /** What the server or the connection reports; null if it reports nothing. */
  get remark(): string | null {
    return this.#remark;
  }

  /** Whether the picture on the screen is older than the problem, and must not be taken for a live picture. */
  get isPictureOld(): boolean {
    return this.#isPictureOld;
  }

  /** How long the problem has lasted, counted from the last picture before it if pictures were coming. 0 = all is well. */
  get seconds(): number {
    const { since } = this.#health;
    return since === null ? 0 : Math.max(0, (nowMicros() - since) / 1e6);
  }

  /** One line that says what is wrong; null while all is well. */
  get text(): string | null {
    return this.#health.text === null ? null : (this.#remark ?? "no new picture");
  }

  /**
   * Reports what the server or the connection says is wrong, and how long it has lasted. With null the problem ends with the next
   * picture.
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

  /** Sets the source's nominal rate; 0 = unknown, then silence is no problem. */
  setRate(framesPerSecond: number): void {
    this.#framesPerSecond = framesPerSecond;
  }

  /** Sets whether the user has paused, so that no pictures are wanted. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#resumedAt = nowMicros();
  }

  /** A picture is on the screen since `shownAt`. It was captured at `capturedAt` by this clock, or a little earlier. */
  recordShown(shownAt: Micros, capturedAt: Micros): void {
    this.#shownAt = shownAt;
    // A new viewer gets the last picture of a camera that is away: that picture is not live.
    this.#isPictureOld = this.#remark !== null && capturedAt < this.#remarkedAt;
    if (this.#remark === null) this.#endAll();
  }

  /** Is called several times a second: notices that no picture comes. */
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
