// A frame whose tiles arrive in parts. The bytes of the tiles stay in shared memory until they are decoded. A copy is kept for
// snapshots.
//
// A frame may have hundreds of tiles. So their data are in typed arrays, indexed by the number of the tile, and not in objects.

import type { Block, RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import type { BytePool, ByteBlock } from "../../core/byte-pool.ts";
import type { Micros } from "../../core/clock.ts";
import type { Tiles } from "../../protocol/messages.ts";
import { totalBytes } from "../../protocol/tile-list.ts";
import type { Arrival, Origin } from "../../protocol/origin.ts";
import type { ReceivedFrame } from "../picture.ts";

/** The memory for the bytes of parts. */
export interface PartMemory {
  blocks: RecycledBlocks;
  copies: BytePool;
}

/** The bytes of one part of a frame. */
export interface PartBytes {
  /** The block in the arena, which threads read. */
  block: Block;
  /** The number of used bytes of the block. */
  bytes: number;
  /** The number of tiles of the part that are not decoded yet. At 0 the block is released, and the copy loses one user. */
  users: number;
  /** A copy for snapshots. It is kept while a snapshot has one of its tiles, and filled after threads have been woken. */
  copy: ByteBlock;
  /** The number of tiles whose newest bytes are in this part. */
  kept: number;
}

/** Tiles for threads, in the order of their numbers. */
export interface TakenTiles {
  numbers: Uint32Array;
  parts: PartBytes[];
  /** The offsets of the tiles in the part. */
  offsets: Uint32Array;
  lengths: Uint32Array;
}

export class TileFrame {
  received: ReceivedFrame;
  /** True when the last part has arrived. */
  isWhole = false;
  /** The number of tiles that are not given to a thread yet. */
  pendingCount = 0;
  /** True when tiles of the frame were given to a thread. */
  hasBegun = false;
  /** True when threads have got all work for the conversion to pixels. When they finish, the frame can be shown. */
  isConverting = false;
  /** The time when the frame became the oldest one, so that its tiles are decoded. Null before that. */
  firstAt: Micros | null = null;
  busyMicros: Micros = 0;
  isDamaged = false;
  /** The reason why the frame cannot be shown, or null. */
  failure: string | null = null;
  /** For each tile number: the part with the tile's bytes, or null if the tile is not pending. */
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
   * Takes a part. A part of a newer frame makes this object that newer frame, with the tiles of both. Returns the bytes of the
   * part, or null if the part is empty. The caller must copy the bytes later with `keepCopy`.
   */
  add(part: Tiles, arrival: Arrival, memory: PartMemory, view: (block: Block) => Uint8Array): PartBytes | null {
    const { frameNumber, capturedAt, encodedAt, sentAt } = part;
    const { lastByteAt, messageBytes } = arrival;
    const { origin, bytes: bytesBefore } = this.received;
    const firstByteAt = frameNumber === this.received.frameNumber ? this.received.firstByteAt : arrival.firstByteAt;
    const receivedBytes = bytesBefore + messageBytes;
    this.received = {
      frameNumber,
      capturedAt,
      encodedAt,
      sentAt,
      firstByteAt,
      lastByteAt,
      bytes: receivedBytes,
      origin,
    };
    this.isWhole = part.isLast;
    const { numbers, lengths, chunks } = part.tiles;
    if (numbers.length === 0) return null;
    const total = totalBytes(part.tiles);
    const block = memory.blocks.acquire(total);
    const bytes = { block, bytes: total, users: numbers.length, copy: memory.copies.acquire(total), kept: 0 };
    const target = view(block);
    let at = 0;
    for (const chunk of chunks) {
      target.set(chunk, at);
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

  /**
   * Removes and returns the pending tiles, or null. Tiles stay while a thread decodes an older version of them (`isBusy`, by tile
   * number).
   */
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
    taken.numbers = taken.numbers.subarray(0, count);
    return taken;
  }

  /** Takes the tiles of an older frame that will not be shown, except tiles that are newer in this frame. */
  inherit(older: TileFrame, memory: PartMemory): void {
    for (const [number, part] of older.#parts.entries()) {
      if (part === null) continue;
      if (this.#parts[number] !== null) release(part, memory);
      else this.#put(number, part, older.#offsets[number] as number, older.#lengths[number] as number, memory);
    }
    older.#forget();
  }

  /** Releases the tiles that are not decoded. */
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

/** Copies the bytes of a part, because the arena's memory is reused after decoding. */
export function keepCopy(part: PartBytes, view: (block: Block) => Uint8Array): void {
  part.copy.bytes.set(view(part.block).subarray(0, part.bytes));
}

/** Removes one user of a part. Call it for each tile of the part when the tile has been decoded or will not be decoded. */
export function release(part: PartBytes, { blocks, copies }: PartMemory): void {
  if (--part.users > 0) return;
  blocks.release(part.block);
  copies.release(part.copy);
}
