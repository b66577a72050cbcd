// Decodes received whole pictures into slots, which are shared memory for one frame each. The newest picture goes to the first
// idle codec thread, or to all threads if it can be decoded in parts.

import type { Arena } from "../../codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../../codec/memory/frame-slots.ts";
import { growingSize } from "../../codec/memory/growing-block.ts";
import { isForEveryViewer } from "../../codec/jpeg/frame-kind.ts";
import { type JpegHeader, readJpegHeader } from "../../codec/jpeg/header.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { withHuffmanTables } from "../../codec/jpeg/standard-huffman.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError } from "../../core/errors.ts";
import { Newest } from "../../core/newest.ts";
import { frameBytes } from "../../core/pixel-format.ts";
import { createIntervalDecoder, type IntervalDecoder } from "./interval-decoder.ts";
import type { DecodeEvents, ReceivedFrame } from "../picture.ts";

/** A whole picture as it was received. */
export interface ReceivedPicture extends ReceivedFrame {
  /** The JPEG in its own memory, which is transferred to the codec thread and back. */
  jpeg: Uint8Array<ArrayBuffer>;
  /** The number of pixels in the server's Stream message. A JPEG with more pixels is not decoded. */
  maxPixels: number;
}

/**
 * The number of slots in addition to those that the decoders fill. One picture waits to be shown, one is being shown, and one is
 * kept to be shown again.
 */
const SLOTS_BESIDE_DECODERS = 3;

/** Loads the decoder kernel and creates the decoder. */
export async function createPictureDecoder(
  arena: Arena,
  pool: CodecPool,
  events: DecodeEvents,
): Promise<PictureDecoder> {
  return new PictureDecoder(arena, pool, events, await createIntervalDecoder(arena, pool));
}

export class PictureDecoder {
  readonly #arena: Arena;
  readonly #pool: CodecPool;
  readonly #events: DecodeEvents;
  readonly #intervals: IntervalDecoder;
  #slots: FrameSlots | null = null;
  /** The number of pictures that threads are decoding. */
  #running = 0;
  readonly #waiting = new Newest<ReceivedPicture>();

  constructor(arena: Arena, pool: CodecPool, events: DecodeEvents, intervals: IntervalDecoder) {
    this.#arena = arena;
    this.#pool = pool;
    this.#events = events;
    this.#intervals = intervals;
  }

  /** Takes a picture for decoding, and drops the picture that still waits. */
  offer(picture: ReceivedPicture): void {
    const older = this.#waiting.offer(picture);
    if (older !== null) this.#events.onDropped(older, "stale", "a newer picture came first");
    this.pump();
  }

  /** Whether no picture waits or is being decoded. */
  get isIdle(): boolean {
    return this.#running === 0 && this.#waiting.value === null;
  }

  /** Drops the waiting picture. */
  clear(): void {
    const waiting = this.#waiting.clear();
    if (waiting !== null) this.#events.onDropped(waiting, "stale", "the connection has ended");
  }

  /** Gives the waiting picture to threads if a thread is idle and a slot is free. Call it when one of these may have changed. */
  pump(): void {
    const picture = this.#waiting.value;
    if (picture === null) return;
    let slot: FrameSlot | null = null;
    try {
      const header = readJpegHeader(picture.jpeg);
      if (header.width * header.height > picture.maxPixels) {
        throw new CodecError(`its JPEG of ${header.width}x${header.height} is larger than the server has announced`);
      }
      // Servers decode these kinds themselves. Their decoders need up to 70 bytes for a pixel in each thread.
      if (!isForEveryViewer(header.kind)) throw new CodecError("it is CMYK or arithmetic-coded, which no server sends");
      const bytes = frameBytes("rgba", header.width, header.height);
      slot = this.#slotsFor(bytes).acquire();
      if (slot === null) return;
      // While threads share one picture, another one would delay it, so it has to wait.
      if (this.#pool.idleThreads === 0 || this.#intervals.isBusy) {
        slot.release();
        return;
      }
      this.#waiting.take();
      this.#decode(picture, header, slot, bytes);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      slot?.release();
      this.#waiting.clear();
      this.#events.onDropped(picture, "decode", error.message);
    }
  }

  /** Decodes a picture. The caller has checked that a thread is idle. */
  #decode(picture: ReceivedPicture, header: JpegHeader, slot: FrameSlot, bytes: number): void {
    const begunAt = nowMicros();
    const handOn = (jpeg: Uint8Array, isDamaged: boolean, workMicros: number, busyMicros: number) => {
      this.#running--;
      const { width, height } = header;
      const pixels = slot.bytes.subarray(0, bytes);
      this.#events.onDecoded({
        width,
        height,
        pixels,
        received: picture,
        slot,
        isRepeat: false,
        isDamaged,
        workMicros,
        busyMicros,
        decodedAt: nowMicros(),
        // Some cameras leave out the Huffman tables, but other programs need them in a file.
        jpeg: () => withHuffmanTables(jpeg, header),
      });
    };
    const drop = (reason: string) => {
      this.#running--;
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
    this.#running++;
    if (isShared) return;
    const job = { kind: "decode", jpeg: picture.jpeg, target: { address: slot.address, bytes } } as const;
    const isTaken = this.#pool.tryRun(job, (result) => {
      if (result.ok) handOn(result.value.jpeg, result.value.isDamaged, result.busyMicros, result.busyMicros);
      else drop(result.message);
    });
    if (!isTaken) throw new Error("no codec thread accepted the picture, although a thread was idle");
  }

  /** Makes the slots for pictures of this size. Throws CodecError if the arena has no memory for them. */
  #slotsFor(bytes: number): FrameSlots {
    if (this.#slots === null || this.#slots.slotBytes < bytes) {
      this.#slots = new FrameSlots(this.#arena, growingSize(bytes), this.#pool.threads + SLOTS_BESIDE_DECODERS);
    }
    return this.#slots;
  }
}
