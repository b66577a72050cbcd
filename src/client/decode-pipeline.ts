// From whole pictures received to pixels: the newest goes to the first idle codec thread, into a slot of the arena.

import type { Arena } from "../codec/arena.ts";
import { FrameSlots } from "../codec/frame-slots.ts";
import { readJpegSize } from "../codec/jpeg-header.ts";
import type { CodecPool } from "../codec/pool.ts";
import { nowMicros } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type Size } from "../core/pixel-format.ts";
import type { DecodeEvents, ReceivedFrame } from "./picture.ts";

/** A whole picture that has come. */
export interface ReceivedPicture extends ReceivedFrame {
  /** In memory of its own, which moves to the codec thread and back. */
  jpeg: Uint8Array<ArrayBuffer>;
}

/** One picture waits to be shown, one is shown, one is kept to be shown again; the rest are in the decoders' hands. */
const SLOTS_BESIDE_DECODERS = 3;

export class DecodePipeline {
  readonly #arena: Arena;
  readonly #pool: CodecPool;
  readonly #events: DecodeEvents;
  #slots: FrameSlots | null = null;
  #waiting: ReceivedPicture | null = null;

  constructor(arena: Arena, pool: CodecPool, events: DecodeEvents) {
    this.#arena = arena;
    this.#pool = pool;
    this.#events = events;
  }

  offer(picture: ReceivedPicture): void {
    const older = this.#waiting;
    this.#waiting = picture;
    if (older !== null) this.#events.onDropped(older, "stale", "a newer picture came first");
    this.pump();
  }

  /** Gives the waiting picture to a thread, if there is one idle and a slot. Call when either may have changed. */
  pump(): void {
    const picture = this.#waiting;
    if (picture === null) return;
    let size: Size;
    let slots: FrameSlots;
    try {
      size = readJpegSize(picture.jpeg);
      slots = this.#slotsFor(frameBytes("rgba", size.width, size.height));
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      this.#waiting = null;
      this.#events.onDropped(picture, "decode", error.message);
      return;
    }
    const slot = slots.acquire();
    if (slot === null) return;
    const bytes = frameBytes("rgba", size.width, size.height);
    const pixels = slot.bytes.subarray(0, bytes);
    const target = { address: slot.address, bytes };
    const accepted = this.#pool.tryRun({ kind: "decode", jpeg: picture.jpeg, target }, (result) => {
      if (result.ok) {
        const { jpeg, isDamaged } = result.value;
        const { busyMicros } = result;
        this.#events.onDecoded({
          ...size,
          received: picture,
          slot,
          isRepeat: false,
          pixels,
          isDamaged,
          workMicros: busyMicros,
          busyMicros,
          decodedAt: nowMicros(),
          jpeg: () => jpeg,
        });
      } else {
        slot.release();
        this.#events.onDropped(picture, "decode", result.message);
      }
    });
    if (accepted) this.#waiting = null;
    else slot.release();
  }

  /** Throws CodecError where there is no memory for pictures of that size. */
  #slotsFor(bytes: number): FrameSlots {
    if (this.#slots === null || this.#slots.slotBytes < bytes) {
      this.#slots = new FrameSlots(this.#arena, bytes, this.#pool.threads + SLOTS_BESIDE_DECODERS);
    }
    return this.#slots;
  }
}
