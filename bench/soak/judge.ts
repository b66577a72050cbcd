// The judge of a soak run: compares what viewers show with what the server had at the same frame.

import type { FrameFinding } from "./findings.ts";

/** Frames of the server that are remembered; a viewer says within seconds what it shows. */
const REMEMBERED = 20_000;
/** So many frames on, the server has surely said what it had. */
const PATIENCE_FRAMES = 300;

export class Judge {
  /** What was wrong, one line each. */
  readonly wrong: string[] = [];
  checked = 0;
  readonly #stored = new Set<string>();
  #newest = 0;
  #waiting: { name: string; finding: FrameFinding }[] = [];

  /** The server's tile store had this. */
  stored(finding: FrameFinding): void {
    this.#stored.add(keyOf(finding));
    this.#newest = Math.max(this.#newest, finding.frameNumber);
    if (this.#stored.size > REMEMBERED) this.#stored.delete(this.#stored.values().next().value as string);
    if (this.#waiting.length > 0) this.#judge(PATIENCE_FRAMES);
  }

  /** A viewer has shown this. */
  shown(name: string, finding: FrameFinding): void {
    this.checked++;
    if (!finding.isEqual) this.wrong.push(`${name}: frame ${finding.frameNumber} is not what its own JPEG decodes to`);
    // The two come through different pipes, so the server's word may be still to come.
    this.#waiting.push({ name, finding });
    this.#judge(PATIENCE_FRAMES);
  }

  /** All has been said. */
  conclude(): void {
    this.#judge(0);
  }

  #judge(patienceFrames: number): void {
    this.#waiting = this.#waiting.filter(({ name, finding }) => {
      if (this.#stored.has(keyOf(finding))) return false;
      if (patienceFrames > 0 && this.#newest < finding.frameNumber + patienceFrames) return true;
      this.wrong.push(`${name}: frame ${finding.frameNumber}, ${finding.width}x${finding.height}, is not the server's`);
      return false;
    });
  }
}

function keyOf({ frameNumber, width, height, crc }: FrameFinding): string {
  return `${frameNumber} ${width}x${height} ${crc}`;
}
