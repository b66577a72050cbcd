// A screen in memory, for the tests of what is put on it.

import type { Overlay, RgbaPicture } from "../../src/client/screens/overlay.ts";
import type { Screen } from "../../src/client/screens/screen.ts";

interface Shown {
  /** The frame's number, which its first pixel holds; 0 is the blank picture. */
  frame: number;
  overlay: Overlay;
}

/** A screen that keeps what it was shown; a slow one takes its time until it is let go on. */
export class MemoryScreen implements Screen {
  readonly shown: Shown[] = [];
  slow = false;
  failure: Error | null = null;
  #finish: (() => void) | null = null;

  show(picture: RgbaPicture, overlay: Overlay): void | Promise<void> {
    if (this.failure !== null) throw this.failure;
    if (this.#finish !== null) throw new Error("two pictures at a time");
    this.shown.push({ frame: picture.pixels[0] as number, overlay });
    if (!this.slow) return;
    return new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  async finish(): Promise<void> {
    const finish = this.#finish;
    if (finish === null) throw new Error("nothing is being shown");
    this.#finish = null;
    finish();
    await Bun.sleep(0);
  }

  setTitle(): void {}
  setSource(): void {}
  close(): void {}

  get frames(): number[] {
    return this.shown.map(({ frame }) => frame);
  }

  get alarm(): string | null | undefined {
    return this.shown.at(-1)?.overlay.alarm;
  }
}
