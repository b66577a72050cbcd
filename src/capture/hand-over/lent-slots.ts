// The slots that the main thread lends to a reading thread, as that thread sees them.

import { viewOf } from "../../system/memory.ts";
import type { CaptureSignals, SlotPlace } from "./capture-signals.ts";

/** The longest time until a thread that waits for a slot notices that it should stop. */
const LONGEST_WAIT_MS = 100;

export class LentSlots {
  readonly #signals: CaptureSignals;
  readonly #ask: () => void;
  /** The arrays over the lent slots, by the address of the slot. There are only a few slots, which are used again and again. */
  readonly #known = new Map<number, Uint8Array>();

  /** `ask` sends the main thread a request for a slot. */
  constructor(signals: CaptureSignals, ask: () => void) {
    this.#signals = signals;
    this.#ask = ask;
  }

  /** Returns the slot that was lent in advance, or asks for a slot. Returns null when no slot is free or the thread should stop. */
  take(): Uint8Array | null {
    const early = this.#signals.takeSlot();
    if (early !== null && early !== "refused") return this.#viewOf(early);
    this.#ask();
    while (!this.#signals.isStopped) {
      this.#signals.waitForSlot(LONGEST_WAIT_MS);
      const answer = this.#signals.takeSlot();
      if (answer !== null) return answer === "refused" ? null : this.#viewOf(answer);
    }
    return null;
  }

  #viewOf(place: SlotPlace): Uint8Array {
    const known = this.#known.get(place.address);
    if (known?.length === place.bytes) return known;
    const slot = viewOf(place);
    this.#known.set(place.address, slot);
    return slot;
  }
}
