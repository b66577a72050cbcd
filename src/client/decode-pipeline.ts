// From received pictures to pixels: the newest goes to the first idle codec thread, into a slot of the arena.

import type { Arena } from "../codec/arena.ts";
import { type FrameSlot, FrameSlots } from "../codec/frame-slots.ts";
import { readJpegSize } from "../codec/jpeg-header.ts";
import type { CodecPool } from "../codec/pool.ts";
import { type Micros, nowMicros } from "../core/clock.ts";
import { CodecError } from "../core/errors.ts";
import { frameBytes, type Size } from "../core/pixel-format.ts";
import type { PictureStamps } from "../protocol/messages.ts";
import type { Arrival, Connection } from "./connection.ts";

/** A picture on its way through the viewer. */
export interface ReceivedPicture extends PictureStamps, Arrival {
  frameNumber: number;
  /** In memory of its own, which moves to the codec thread and back. */
  jpeg: Uint8Array<ArrayBuffer>;
  /** Where it came from and is acknowledged. */
  connection: Connection;
}

/** A picture as pixels. Whoever holds it releases the slot. */
export interface DecodedPicture extends Size {
  received: ReceivedPicture;
  slot: FrameSlot;
  /** RGBA, the used part of the slot. */
  pixels: Uint8Array;
  /** Some of it is missing, and grey instead. */
  isDamaged: boolean;
  decodeMicros: number;
  decodedAt: Micros;
}

/** One picture waits to be shown, one is shown, one is kept to be shown again; the rest are in the decoders' hands. */
const SLOTS_BESIDE_DECODERS = 3;

export interface DecodeEvents {
  onDecoded(picture: DecodedPicture): void;
  /** `stale`: a newer picture came before a thread was free; `decode`: it is damaged, `reason` says how. */
  onDropped(picture: ReceivedPicture, cause: "stale" | "decode", reason: string): void;
}

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
        const received = { ...picture, jpeg: result.value.jpeg };
        const decodeMicros = result.busyMicros;
        const { isDamaged } = result.value;
        this.#events.onDecoded({ ...size, received, slot, pixels, isDamaged, decodeMicros, decodedAt: nowMicros() });
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
