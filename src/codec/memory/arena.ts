// The arena: the one shared memory of a process. Pixels come in here, codec threads work in place, and screens read from it.
//
//   0        the kernels' constant tables                          KERNEL_TABLES_BYTES, the same in every thread
//   262144   header: magic "SLAR", version, first free address     HEADER_BYTES
//   262208   areas, handed out upwards in units of 64 bytes        never taken back
//
// Any thread may take an area. Nothing is given back: who needs an area keeps it and takes a larger one when its needs
// grow (GrowingArea), so that what a process takes is bounded by the largest pictures it has seen.

import { CodecError } from "../../core/errors.ts";

/** The kernels load their constant tables below this address; whoever lays out the memory begins here. */
export const KERNEL_TABLES_BYTES = 4 << 16;

const HEADER_BYTES = 64;
const MAGIC = 0x52414c53; // "SLAR"
const VERSION = 1;
const PAGE_BYTES = 65536;
/** Areas begin at cache lines, so that two threads never write to the same one. */
const UNIT_BYTES = 64;
/** 4 GiB, all that 32-bit addresses reach; memory that is never touched is only reserved. */
const MAX_PAGES = 65536;

/** Words of the header. */
const HEADER_MAGIC = 0;
const HEADER_VERSION = 1;
const HEADER_FREE_UNITS = 2;
/** Threads that are growing the memory at this moment. */
const HEADER_GROWING = 3;
/** How many have asked that it does not grow. */
const HEADER_HOLDS = 4;

export class Arena {
  /** To be posted to threads, which attach to it. */
  readonly memory: WebAssembly.Memory;
  readonly #header: Int32Array;

  private constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#header = new Int32Array(memory.buffer, KERNEL_TABLES_BYTES, HEADER_BYTES / 4);
  }

  static create(): Arena {
    const pages = KERNEL_TABLES_BYTES / PAGE_BYTES + 1;
    const arena = new Arena(new WebAssembly.Memory({ initial: pages, maximum: MAX_PAGES, shared: true }));
    arena.#header[HEADER_MAGIC] = MAGIC;
    arena.#header[HEADER_VERSION] = VERSION;
    arena.#header[HEADER_FREE_UNITS] = (KERNEL_TABLES_BYTES + HEADER_BYTES) / UNIT_BYTES;
    return arena;
  }

  /** The arena on a memory that another thread has created. */
  static attach(memory: WebAssembly.Memory): Arena {
    const arena = new Arena(memory);
    if (arena.#header[HEADER_MAGIC] !== MAGIC || arena.#header[HEADER_VERSION] !== VERSION) {
      throw new Error("this memory holds no arena of this version");
    }
    return arena;
  }

  /** Takes an area, for as long as the process lives; its address is a multiple of 64. Throws CodecError when full. */
  take(bytes: number): number {
    const units = Math.ceil(bytes / UNIT_BYTES);
    const address = Atomics.add(this.#header, HEADER_FREE_UNITS, units) * UNIT_BYTES;
    const missing = address + units * UNIT_BYTES - this.memory.buffer.byteLength;
    if (missing > 0) this.#grow(missing, units);
    return address;
  }

  /**
   * Keeps the memory from growing until the returned function is called; areas that would need it to are refused. To be
   * called before threads with kernels on this memory are ended: Bun 1.4.5 crashes (segmentation fault at address 0x10) when
   * a shared memory grows in one thread while another one that has a WebAssembly instance on it is being torn down.
   */
  holdGrowth(): () => void {
    Atomics.add(this.#header, HEADER_HOLDS, 1);
    while (Atomics.load(this.#header, HEADER_GROWING) > 0); // microseconds: who sees the hold does not begin
    return () => void Atomics.sub(this.#header, HEADER_HOLDS, 1);
  }

  /** A view of an area. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, address, length);
  }

  #grow(missingBytes: number, units: number): void {
    Atomics.add(this.#header, HEADER_GROWING, 1);
    try {
      if (Atomics.load(this.#header, HEADER_HOLDS) > 0) throw new CodecError("codec threads are being ended");
      this.memory.grow(Math.ceil(missingBytes / PAGE_BYTES)); // atomic: another thread's growth only adds to it
    } catch (cause) {
      Atomics.sub(this.#header, HEADER_FREE_UNITS, units); // so that what is smaller may still fit
      const reason = cause instanceof CodecError ? cause.message : `${missingBytes} bytes more are too many`;
      throw new CodecError(`no memory for pictures of this size: ${reason}`, { cause });
    } finally {
      Atomics.sub(this.#header, HEADER_GROWING, 1);
    }
  }
}

/** An area of one owner that grows with its needs. What was in it is lost when it does. */
export class GrowingArea {
  readonly #arena: Arena;
  #address = 0;
  #bytes = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** The address of at least so many bytes. */
  reserve(bytes: number): number {
    if (bytes > this.#bytes) {
      // Half as much again, so that a size that creeps up does not take a new area each time.
      this.#bytes = this.#bytes === 0 ? bytes : Math.max(bytes, this.#bytes * 1.5);
      this.#address = this.#arena.take(this.#bytes);
    }
    return this.#address;
  }

  get address(): number {
    return this.#address;
  }

  get bytes(): number {
    return this.#bytes;
  }
}
