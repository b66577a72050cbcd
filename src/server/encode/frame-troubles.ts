// What is wrong with a source's frames: said once when it begins, and once when all of it is over.

import type { MemoryUse } from "../../capture/capture-slots.ts";

/** There is no memory for them, the source damaged them, or they cannot be encoded (or decoded). */
export type FrameTrouble = MemoryUse | "source" | "encode";

export class FrameTroubles {
  readonly #say: (text: string | null) => void;
  readonly #present = new Set<FrameTrouble>();

  /** `say` hears a text for each that begins, and null when none is left. */
  constructor(say: (text: string | null) => void) {
    this.#say = say;
  }

  begin(what: FrameTrouble, text: string): void {
    if (this.#present.has(what)) return; // more of the same
    this.#present.add(what);
    this.#say(text);
  }

  /** A frame was well in that respect. */
  end(what: FrameTrouble): void {
    if (this.#present.delete(what) && this.#present.size === 0) this.#say(null);
  }
}
