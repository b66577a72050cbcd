// From whole pictures received to pixels: the newest goes to the first idle codec thread, or where it can be decoded in parts to
// all of them, into a slot of the arena.

import type { Arena } from "../../codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../../codec/memory/frame-slots.ts";
import { type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { withHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import { frameBytes } from "../../core/pixel-format.ts";
import { createIntervalDecoder, type IntervalDecoder } from "./interval-decoder.ts";
import type { DecodeEvents, ReceivedFrame } from "../picture.ts";

/** A whole picture that has come. */
export interface ReceivedPicture extends ReceivedFrame {
  /** In memory of its own, which moves to the codec thread and back. */
  jpeg: Uint8Array<ArrayBuffer>;
}

/** One picture waits to be shown, one is shown, one is kept to be shown again; the rest are in the decoders' hands. */
const SLOTS_BESIDE_DECODERS = 3;

/** Loads what it needs of codecs. */
export async function createDecodePipeline(
  arena: Arena,
  pool: CodecPool,
  events: DecodeEvents,
): Promise<DecodePipeline> {
  return new DecodePipeline(arena, pool, events, await createIntervalDecoder(arena, pool));
}

export class DecodePipeline {
  readonly #arena: Arena;
  readonly #pool: CodecPool;
  readonly #events: DecodeEvents;
  readonly #intervals: IntervalDecoder;
  #slots: FrameSlots | null = null;
  #waiting: ReceivedPicture | null = null;

  constructor(arena: Arena, pool: CodecPool, events: DecodeEvents, intervals: IntervalDecoder) {
    this.#arena = arena;
    this.#pool = pool;
    this.#events = events;
    this.#intervals = intervals;
  }

  offer(picture: ReceivedPicture): void {
    const older = this.#waiting;
    this.#waiting = picture;
    if (older !== null) this.#events.onDropped(older, "stale", "a newer picture came first");
    this.pump();
  }

  /** Gives the waiting picture to threads, if there is one idle and a slot. Call when either may have changed. */
  pump(): void {
    const picture = this.#waiting;
    if (picture === null) return;
    let slot: FrameSlot | null = null;
    try {
      const header = readJpegHeader(picture.jpeg);
      const bytes = frameBytes("rgba", header.width, header.height);
      slot = this.#slotsFor(bytes).acquire();
      if (slot === null) return;
      // All threads are for the picture that they share: the next one would only make it late.
      if (this.#pool.idleThreads === 0 || this.#intervals.isBusy) {
        slot.release();
        return;
      }
      this.#waiting = null;
      this.#decode(picture, header, slot, bytes);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      slot?.release();
      this.#waiting = null;
      this.#events.onDropped(picture, "decode", error.message);
    }
  }

  /** There is an idle thread. */
  #decode(picture: ReceivedPicture, header: JpegHeader, slot: FrameSlot, bytes: number): void {
    const begunAt = nowMicros();
    const handOn = (jpeg: Uint8Array, isDamaged: boolean, workMicros: number, busyMicros: number) => {
      const { width, height } = header;
      const pixels = slot.bytes.subarray(0, bytes);
      const times = { workMicros, busyMicros, decodedAt: nowMicros() };
      // A server passes on what a camera made; whoever keeps a picture as a file wants its tables in it.
      const asFile = () => withHuffmanTables(jpeg, header);
      const facts = { received: picture, slot, isRepeat: false, isDamaged, ...times, jpeg: asFile };
      this.#events.onDecoded({ width, height, pixels, ...facts });
    };
    const drop = (reason: string) => {
      slot.release();
      this.#events.onDropped(picture, "decode", reason);
    };
    const isShared =
      header.restartIntervalMcus > 0 &&
      this.#pool.idleThreads > 1 &&
      this.#intervals.tryDecode(picture.jpeg, slot.address, ({ failure, isDamaged, busyMicros }) => {
        if (failure !== null) drop(failure);
        else handOn(picture.jpeg, isDamaged, nowMicros() - begunAt, busyMicros);
      });
    if (isShared) return;
    const job = { kind: "decode", jpeg: picture.jpeg, target: { address: slot.address, bytes } } as const;
    const isTaken = this.#pool.tryRun(job, (result) => {
      if (result.ok) handOn(result.value.jpeg, result.value.isDamaged, result.busyMicros, result.busyMicros);
      else drop(result.message);
    });
    if (!isTaken) throw new Error("no thread took the picture, and one was idle");
  }

  /** Throws CodecError where there is no memory for pictures of that size. */
  #slotsFor(bytes: number): FrameSlots {
    if (this.#slots === null || this.#slots.slotBytes < bytes) {
      this.#slots = new FrameSlots(this.#arena, bytes, this.#pool.threads + SLOTS_BESIDE_DECODERS);
    }
    return this.#slots;
  }
}
