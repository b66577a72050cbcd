// A frame while its tiles come in, part by part: their bytes in the arena until they are decoded, and a copy to keep.
//
// Plain numbers by tile number instead of objects: a frame may have hundreds of tiles, and all pass through here.

import type { Block, RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import type { BytePool, ByteBlock } from "../../core/byte-pool.ts";
import type { Micros } from "../../core/clock.ts";
import type { Tiles } from "../../protocol/messages.ts";
import { totalBytes } from "../../protocol/tile-list.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { ReceivedFrame } from "../picture.ts";

/** Where the bytes of parts go. */
export interface PartMemory {
  areas: RecycledBlocks;
  copies: BytePool;
}

/** The bytes of one part. */
export interface PartBytes {
  /** In the arena, for threads to read. */
  area: Block;
  /** How much of the area they are. */
  bytes: number;
  /** Tiles of it that are still to be decoded, or are being so; then both memories have one user less. */
  users: number;
  /** The same once more, for snapshots, as long as any has a tile of it; made once threads have been woken. */
  copy: ByteBlock;
  /** Tiles whose newest bytes are in it. */
  kept: number;
}

/** Tiles on their way to threads, in ascending order. */
export interface TakenTiles {
  numbers: Uint32Array;
  parts: PartBytes[];
  /** In the part's bytes. */
  offsets: Uint32Array;
  lengths: Uint32Array;
}

export class TileFrame {
  received: ReceivedFrame;
  /** The last part has come. */
  isWhole = false;
  /** Tiles that no thread has been given yet. */
  pendingCount = 0;
  /** Some of it was given to a thread. */
  hasBegun = false;
  /** What makes pixels of it has been given to threads: once they are done it can be shown. */
  isConverting = false;
  /** When it became the oldest frame, the one whose tiles are decoded. */
  firstAt: Micros | null = null;
  busyMicros: Micros = 0;
  isDamaged = false;
  /** Why it cannot be shown. */
  failure: string | null = null;
  /** By tile; null: it is not pending. */
  readonly #parts: (PartBytes | null)[];
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;

  constructor(part: Tiles, arrival: Arrival, origin: Origin, tileCount: number) {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { firstByteAt, lastByteAt } = arrival;
    this.received = { frameNumber, capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt, bytes: 0, origin };
    this.#parts = new Array<PartBytes | null>(tileCount).fill(null);
    this.#offsets = new Uint32Array(tileCount);
    this.#lengths = new Uint32Array(tileCount);
  }

  /**
   * Takes a part in. One with another number gives the frame up for a newer one, which has its tiles as well.
   * Returns its bytes, which are yet to be copied (`keepCopy`), or null where there are none.
   */
  add(part: Tiles, arrival: Arrival, memory: PartMemory, view: (area: Block) => Uint8Array): PartBytes | null {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { lastByteAt, messageBytes } = arrival;
    const firstByteAt = frameNumber === this.received.frameNumber ? this.received.firstByteAt : arrival.firstByteAt;
    const stamps = { capturedAt, encodedAt, sentAt, firstByteAt, lastByteAt };
    this.received = { ...this.received, ...stamps, frameNumber, bytes: this.received.bytes + messageBytes };
    this.isWhole = part.isLast;
    const { numbers, lengths, chunks } = part.tiles;
    if (numbers.length === 0) return null;
    const total = totalBytes(part.tiles);
    const area = memory.areas.acquire(total);
    const bytes = { area, bytes: total, users: numbers.length, copy: memory.copies.acquire(total), kept: 0 };
    const room = view(area);
    let at = 0;
    for (const chunk of chunks) {
      room.set(chunk, at);
      at += chunk.length;
    }
    let offset = 0;
    for (let index = 0; index < numbers.length; index++) {
      const length = lengths[index] as number;
      this.#put(numbers[index] as number, bytes, offset, length, memory);
      offset += length;
    }
    return bytes;
  }

  /** Takes out the tiles that no thread is at already (`isBusy`, by tile); null where there are none. */
  take(isBusy: Uint8Array): TakenTiles | null {
    const taken: TakenTiles = {
      numbers: new Uint32Array(this.pendingCount),
      parts: [],
      offsets: new Uint32Array(this.pendingCount),
      lengths: new Uint32Array(this.pendingCount),
    };
    let count = 0;
    for (let number = 0; number < this.#parts.length; number++) {
      const part = this.#parts[number] as PartBytes | null;
      if (part === null || isBusy[number] !== 0) continue;
      this.#parts[number] = null;
      taken.numbers[count] = number;
      taken.parts.push(part);
      taken.offsets[count] = this.#offsets[number] as number;
      taken.lengths[count++] = this.#lengths[number] as number;
    }
    if (count === 0) return null;
    this.pendingCount -= count;
    return { ...taken, numbers: taken.numbers.subarray(0, count) };
  }

  /** Takes over the tiles of an older frame that is not shown any more, as far as this one has no newer ones. */
  inherit(older: TileFrame, memory: PartMemory): void {
    for (const [number, part] of older.#parts.entries()) {
      if (part === null) continue;
      if (this.#parts[number] !== null) release(part, memory);
      else this.#put(number, part, older.#offsets[number] as number, older.#lengths[number] as number, memory);
    }
    older.#forget();
  }

  /** Gives up the tiles that were not decoded. */
  abandon(memory: PartMemory): void {
    for (const part of this.#parts) if (part !== null) release(part, memory);
    this.#forget();
  }

  #put(number: number, part: PartBytes, offset: number, length: number, memory: PartMemory): void {
    const older = this.#parts[number] as PartBytes | null;
    if (older === null) this.pendingCount++;
    else release(older, memory);
    this.#parts[number] = part;
    this.#offsets[number] = offset;
    this.#lengths[number] = length;
  }

  #forget(): void {
    this.#parts.fill(null);
    this.pendingCount = 0;
  }
}

/** Copies what will be overwritten in the arena once it is decoded. */
export function keepCopy(part: PartBytes, view: (area: Block) => Uint8Array): void {
  part.copy.bytes.set(view(part.area).subarray(0, part.bytes));
}

/** One of its tiles has been decoded, or will not be. */
export function release(part: PartBytes, { areas, copies }: PartMemory): void {
  if (--part.users > 0) return;
  areas.release(part.area);
  copies.release(part.copy);
}
