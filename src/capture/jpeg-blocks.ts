// Memory blocks for JPEGs, in the arena (the memory that all threads share). Each block begins with space for the head of a
// message, so that the block can be sent without copying.
//
// So the server copies a JPEG only once: a camera's thread or the reader of a pipe copies it into its block.

import type { ArenaMemory } from "../codec/memory/lent-memory.ts";
import { type Block, RecycledBlocks } from "../codec/memory/recycled-blocks.ts";
import { PICTURE_HEAD_BYTES } from "../protocol/messages.ts";

/**
 * The memory for one JPEG, with a count of its users. `JpegBlocks.acquire` returns it with one user, and the last `release`
 * recycles it.
 */
export class JpegBlock {
  /** The memory for the JPEG. The JPEG begins at its start, and must not change after the block has been delivered. */
  readonly bytes: Uint8Array;
  readonly #whole: Uint8Array;
  readonly #recycle: () => void;
  #users = 1;

  constructor(whole: Uint8Array, recycle: () => void) {
    this.bytes = whole.subarray(PICTURE_HEAD_BYTES);
    this.#whole = whole;
    this.#recycle = recycle;
  }

  /**
   * Returns the bytes of the message with a JPEG of `jpegBytes` bytes. The sender writes the head into the first
   * PICTURE_HEAD_BYTES of them.
   */
  message(jpegBytes: number): Uint8Array {
    return this.#whole.subarray(0, PICTURE_HEAD_BYTES + jpegBytes);
  }

  /** Adds a user. Each `retain` needs one `release`. */
  retain(): void {
    if (this.#users === 0) throw new Error("a JPEG block was retained after its last release");
    this.#users++;
  }

  release(): void {
    if (this.#users === 0) throw new Error("a JPEG block was released more often than retained");
    if (--this.#users === 0) this.#recycle();
  }
}

export class JpegBlocks {
  readonly #arena: ArenaMemory;
  readonly #blocks: RecycledBlocks;

  constructor(arena: ArenaMemory) {
    this.#arena = arena;
    this.#blocks = new RecycledBlocks(arena);
  }

  /** Whether a block is not released. */
  get areInUse(): boolean {
    return this.#blocks.usedBytes > 0;
  }

  /**
   * Returns a block for a JPEG of at most `maxBytes` bytes. Its content is undefined. Throws CodecError when the arena is full.
   */
  acquire(maxBytes: number): JpegBlock {
    const block: Block = this.#blocks.acquire(PICTURE_HEAD_BYTES + maxBytes);
    return new JpegBlock(this.#arena.bytes(block.address, block.bytes), () => this.#blocks.release(block));
  }
}
