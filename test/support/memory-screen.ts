// A screen in memory, for tests that check the shown pictures.

import type { Overlay, RgbaPicture } from "../../src/client/screens/overlay.ts";
import type { Screen } from "../../src/client/screens/screen.ts";

interface Shown {
  /** The frame number, read from the first pixel. 0 is the blank picture. */
  frame: number;
  overlay: Overlay;
}

/** Keeps the shown pictures. A slow screen is busy with a picture until `finish` is called. */
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
