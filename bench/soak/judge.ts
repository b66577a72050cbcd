// The judge of a soak run. It compares the pictures that viewers show with those of the server for the same frame.

import type { FrameFinding } from "./findings.ts";

/** The number of server frames to remember. Viewers report a frame within seconds. */
const REMEMBERED = 20_000;
/** After this many further frames, the server has certainly reported a frame. */
const PATIENCE_FRAMES = 300;

export class Judge {
  /** One line for each error. */
  readonly wrong: string[] = [];
  checked = 0;
  /** The number of grey copies among them. */
  checkedGrey = 0;
  readonly #stored = new Set<string>();
  #newest = 0;
  #waiting: { name: string; finding: FrameFinding }[] = [];

  /** The server's tile store has had this frame. */
  stored(finding: FrameFinding): void {
    this.#stored.add(keyOf(finding));
    this.#newest = Math.max(this.#newest, finding.frameNumber);
    if (this.#stored.size > REMEMBERED) this.#stored.delete(this.#stored.values().next().value as string);
    if (this.#waiting.length > 0) this.#judge(PATIENCE_FRAMES);
  }

  /** A viewer has shown this frame. */
  shown(name: string, finding: FrameFinding): void {
    const { isEqual, isGrey = false, frameNumber } = finding;
    this.checked++;
    if (isGrey) this.checkedGrey++;
    if (!isEqual)
      this.wrong.push(`${name}: frame ${frameNumber} does not equal ${isGrey ? "the grey of " : ""}its own JPEG`);
    // Server and viewers use different pipes, so the server's report may still be on its way.
    this.#waiting.push({ name, finding });
    this.#judge(PATIENCE_FRAMES);
  }

  /** All processes have ended. Judges the findings that still wait. */
  conclude(): void {
    this.#judge(0);
  }

  #judge(patienceFrames: number): void {
    this.#waiting = this.#waiting.filter(({ name, finding }) => {
      if (this.#stored.has(keyOf(finding))) return false;
      if (patienceFrames > 0 && this.#newest < finding.frameNumber + patienceFrames) return true;
      this.wrong.push(
        `${name}: frame ${finding.frameNumber}, ${finding.width}x${finding.height}, is not the server's frame`,
      );
      return false;
    });
  }
}

function keyOf({ frameNumber, width, height, crc }: FrameFinding): string {
  return `${frameNumber} ${width}x${height} ${crc}`;
}
