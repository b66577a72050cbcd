// The arena is the memory that all threads of a process share. Frames arrive in it, codec threads work on them there without
// copying, and screens read them.
//
//   address   content                                              size
//   0         the lock of growth (growth-lock.ts)                  4
//   65536     the kernels' constant tables, the same in every thread up to KERNEL_TABLES_BYTES
//   262144    header: magic "SLAR", version, first free address …    HEADER_BYTES
//   262208    blocks, in units of 64 bytes                           grows upwards
//
// Any thread may take a block, and blocks are never freed. So each owner reuses its memory: a GrowingBlock for one user,
// FrameSlots for frames, RecycledBlocks for data of varying size (docs/architecture.md, "Memory"). So the memory of a process
// depends on the largest pictures that it has handled.

import { CodecError } from "../../core/errors.ts";
import { withGrowthLock } from "./growth-lock.ts";

/** The kernels' constant tables are below this address. */
export const KERNEL_TABLES_BYTES = 4 << 16;

const HEADER_BYTES = 64;
const MAGIC = 0x52414c53; // "SLAR"
const VERSION = 1;
const PAGE_BYTES = 65536;
/** Blocks begin at cache lines, so that two threads never write to the same cache line. */
const UNIT_BYTES = 64;
/** The largest size of the arena: 4 GiB, the limit of 32-bit addresses. Unused memory costs only address space. */
const MAX_PAGES = 65536;

/** The indexes of the header's words. */
const HEADER_MAGIC = 0;
const HEADER_VERSION = 1;
const HEADER_FREE_UNITS = 2;
/** The number of threads that are growing the memory. */
const HEADER_GROWING = 3;
/** The number of callers that forbid growth at the moment (`holdGrowth`). */
const HEADER_HOLDS = 4;

export class Arena {
  /** The shared memory. It is posted to threads, which call `attach`. */
  readonly memory: WebAssembly.Memory;
  readonly #header: Int32Array;

  private constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#header = new Int32Array(memory.buffer, KERNEL_TABLES_BYTES, HEADER_BYTES / 4);
  }

  /** Creates an arena that grows to `maxBytes` at most. Default: 4 GiB, the limit of its addresses. */
  static create(maxBytes = MAX_PAGES * PAGE_BYTES): Arena {
    const pages = KERNEL_TABLES_BYTES / PAGE_BYTES + 1;
    const maximum = Math.min(MAX_PAGES, Math.max(pages, Math.ceil(maxBytes / PAGE_BYTES)));
    const arena = new Arena(new WebAssembly.Memory({ initial: pages, maximum, shared: true }));
    arena.#header[HEADER_MAGIC] = MAGIC;
    arena.#header[HEADER_VERSION] = VERSION;
    arena.#header[HEADER_FREE_UNITS] = (KERNEL_TABLES_BYTES + HEADER_BYTES) / UNIT_BYTES;
    return arena;
  }

  /** Returns the arena in a memory that another thread has created. */
  static attach(memory: WebAssembly.Memory): Arena {
    const arena = new Arena(memory);
    if (arena.#header[HEADER_MAGIC] !== MAGIC || arena.#header[HEADER_VERSION] !== VERSION) {
      throw new Error("this memory does not contain an arena of this version");
    }
    return arena;
  }

  /**
   * Takes a block for as long as the process lives. Its address is a multiple of 64. Throws CodecError when the arena is full.
   */
  take(bytes: number): number {
    const units = Math.ceil(bytes / UNIT_BYTES);
    const address = Atomics.add(this.#header, HEADER_FREE_UNITS, units) * UNIT_BYTES;
    const missing = address + units * UNIT_BYTES - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing, units);
    return address;
  }

  /**
   * Prevents the memory from growing until the returned function is called. Until then `take` throws if the memory would have to
   * grow. Call this before threads with kernels on this memory are ended. Bun 1.4.5 crashes (segmentation fault at address 0x10)
   * when a shared memory grows in one thread while another thread with a WebAssembly instance on it is being ended.
   */
  holdGrowth(): () => void {
    Atomics.add(this.#header, HEADER_HOLDS, 1);
    // This wait takes microseconds, because no thread begins to grow the memory after it has seen the hold.
    while (Atomics.load(this.#header, HEADER_GROWING) > 0);
    return () => void Atomics.sub(this.#header, HEADER_HOLDS, 1);
  }

  /** Returns a view of `length` bytes. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  #grow(missingBytes: number, units: number): void {
    Atomics.add(this.#header, HEADER_GROWING, 1);
    try {
      if (Atomics.load(this.#header, HEADER_HOLDS) > 0) throw new CodecError("codec threads are being ended");
      // If another thread grows the memory at the same time, both growths take effect.
      withGrowthLock(this.memory, () => this.memory.grow(Math.ceil(missingBytes / PAGE_BYTES)));
    } catch (cause) {
      Atomics.sub(this.#header, HEADER_FREE_UNITS, units); // the address is restored, so that a smaller block may still fit
      const reason = cause instanceof CodecError ? cause.message : `${missingBytes} more bytes are too many`;
      throw new CodecError(`there is not enough memory for pictures of this size: ${reason}`, { cause });
    } finally {
      Atomics.sub(this.#header, HEADER_GROWING, 1);
    }
  }
}
