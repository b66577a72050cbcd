// What is wrong with what the viewer sees, and since when: said by the server, or noticed here since no picture comes.

import { type Micros, nowMicros } from "../core/clock.ts";

/** No picture for so long, while some should come, is trouble. */
const SILENCE_MICROS = 2_000_000;
/** Of slower sources no picture is expected within that time. */
const MIN_FRAMES_PER_SECOND = 0.5;

export class Trouble {
  #remark: string | null = null;
  #since: Micros | null = null;
  /** Since when there is a remark, as who made it says. */
  #remarkedAt: Micros = 0;
  /** The picture on the screen was captured before it began. */
  #isPictureOld = false;
  #shownAt: Micros | null = null;
  #isPaused = false;
  /** Since when pictures are wanted again. */
  #resumedAt: Micros = 0;
  #framesPerSecond = 0;

  /** Why, in words; null while nobody has said so, or nothing is wrong. */
  get remark(): string | null {
    return this.#remark;
  }

  /** Whether the picture on the screen is from before the trouble, and must not be taken for what is. */
  get isPictureOld(): boolean {
    return this.#isPictureOld;
  }

  /** How long it has lasted: since the last picture before it, as far as pictures were coming. 0: all is well. */
  get seconds(): number {
    return this.#since === null ? 0 : Math.max(0, (nowMicros() - this.#since) / 1e6);
  }

  /** One line of what is wrong; null while all is well. */
  get text(): string | null {
    return this.#since === null ? null : (this.#remark ?? "no new picture");
  }

  /**
   * What the server or the connection says is wrong, and has been for so long; null = nothing. Then it is over with the next
   * picture.
   */
  setRemark(remark: string | null, lastedMicros = 0): void {
    const began = nowMicros() - lastedMicros;
    if (this.#remark === null) this.#remarkedAt = began;
    this.#remark = remark;
    if (remark !== null) {
      this.#since ??= this.#expectsPictures ? (this.#shownAt ?? began) : began;
      this.#isPictureOld = this.#shownAt !== null;
    } else if (!this.#isPictureOld) {
      this.#since = null;
    }
  }

  /** The source's nominal rate; 0 = unknown: then only what is said is trouble. */
  setRate(framesPerSecond: number): void {
    this.#framesPerSecond = framesPerSecond;
  }

  /** Whether pictures are wanted at all. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
    this.#resumedAt = nowMicros();
  }

  /** A picture is on the screen since then, captured at that time by this clock, or a little earlier. */
  recordShown(shownAt: Micros, capturedAt: Micros): void {
    this.#shownAt = shownAt;
    // Whoever comes while a camera is away is sent the picture that it left: that is none of now.
    this.#isPictureOld = this.#remark !== null && capturedAt < this.#remarkedAt;
    if (this.#remark === null) this.#since = null;
  }

  /** To be called some times a second: notices that no picture comes. */
  tick(): void {
    if (this.#shownAt === null || this.#isPaused || !this.#expectsPictures || this.#isPictureOld) return;
    if (nowMicros() - Math.max(this.#shownAt, this.#resumedAt) < SILENCE_MICROS) return;
    this.#since ??= this.#shownAt;
    this.#isPictureOld = true;
  }

  get #expectsPictures(): boolean {
    return this.#framesPerSecond > MIN_FRAMES_PER_SECOND;
  }
}
