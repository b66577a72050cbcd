// The jobs of one stream of tiles. Idle codec threads get tiles to decode and rectangles to convert to pixels. This file records
// the tiles in work, the lost tiles, and the slot (memory for one frame) for the pixels.

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import { TILE_BYTES } from "../../codec/kernel/decode/layout.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { BATCHES_LEFT, COUNTERS_BYTES, NEXT_BATCH } from "../../codec/tile-jobs.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import { CodecError } from "../../core/errors.ts";
import type { Rectangle } from "../../core/rectangle.ts";
import type { DecodeEvents } from "../picture.ts";
import { divideRectangles, divideTiles, LEAST_TILES, wholeLines } from "./batches.ts";
import type { PixelSlots } from "./pixel-slots.ts";
import { StreamSlots, type Work } from "./stream-slots.ts";
import type { TileCanvas } from "./tile-canvas.ts";
import { type PartMemory, release, type TileFrame } from "./tile-frame.ts";

/** The number of batches for each thread. Several batches let threads finish at about the same time. */
const BATCHES_PER_THREAD = 3;

/** The resources that all streams of one camera share. */
export interface TileResources {
  arena: Arena;
  pool: CodecPool;
  /** The memory for compressed bytes. */
  parts: PartMemory;
  /** The memory for the lists of tiles that threads get. */
  lists: RecycledBlocks;
  slots: PixelSlots;
  events: DecodeEvents;
}

export class StreamJobs {
  readonly #resources: TileResources;
  readonly #canvas: TileCanvas;
  readonly #onDone: () => void;
  readonly #slots: StreamSlots;
  /** The slot for the pixels of the frame in work. It is null until it is needed. */
  #target: Work | null = null;
  #running = 0;
  /** For each tile number: 1 while a thread decodes the tile. A newer tile with the same number waits. */
  readonly #inThread: Uint8Array;
  /** The tiles of failed batches. Their pixels in the planes are unknown until newer tiles arrive. */
  readonly #lost = new Set<number>();
  readonly #listBytes: number;

  /** The object calls `onDone` after each job. Throws CodecError when the arena (the shared memory) is full. */
  constructor(resources: TileResources, canvas: TileCanvas, onDone: () => void) {
    this.#resources = resources;
    this.#canvas = canvas;
    this.#onDone = onDone;
    this.#slots = new StreamSlots(resources.slots, canvas);
    this.#inThread = new Uint8Array(canvas.info.tiles);
    // Acquiring and releasing all lists once makes sure that their memory exists later.
    this.#listBytes = canvas.info.tiles * TILE_BYTES + COUNTERS_BYTES;
    const { lists, pool } = resources;
    const all = Array.from({ length: pool.threads }, () => lists.acquire(this.#listBytes));
    for (const block of all) lists.release(block);
  }

  /** Whether no thread works for the stream. */
  get areDone(): boolean {
    return this.#running === 0;
  }

  /** Whether tiles have arrived that the planes do not have, because decoding them failed. */
  get hasLostTiles(): boolean {
    return this.#lost.size > 0;
  }

  /**
   * Removes and returns the slot with the converted pixels, or returns null. The caller releases it. The next frame gets another
   * slot.
   */
  takeTarget(): Work | null {
    const target = this.#target;
    this.#target = null;
    return target;
  }

  /** See `DecodedPicture.changedSince`. */
  changedSince(slot: FrameSlot): Rectangle[] | null {
    return this.#slots.changedSince(slot.address);
  }

  /** Gives the pending tiles of a frame to idle threads. Returns whether there were tiles to give. */
  decode(frame: TileFrame): boolean {
    const { arena, parts, lists, pool } = this.#resources;
    const idle = pool.idleThreads;
    if (frame.pendingCount === 0 || idle === 0) return false;
    const taken = frame.take(this.#inThread);
    if (taken === null) return false;
    const { numbers } = taken;
    // There are more batches than threads, so a thread that starts late or runs on a busy core takes fewer batches than others.
    const share = Math.ceil(numbers.length / (pool.threads * BATCHES_PER_THREAD));
    const batches = divideTiles(numbers, this.#canvas.tilesPerLine, share);
    const isRest = frame.isWhole && frame.pendingCount === 0 && this.areDone && frame.failure === null;
    frame.hasBegun = true;
    const target = this.#acquire(frame);
    this.#mark(numbers, batches, target);
    // If few pixels are left to convert after the last tiles, for example seams, the thread that finishes last converts them too.
    let rectangles: Rectangle[] = [];
    if (isRest && target !== null && (pool.threads === 1 || target.stale.count <= 2 * LEAST_TILES)) {
      rectangles = target.stale.take();
      frame.isConverting = true;
    }
    const block = lists.acquire(this.#listBytes);
    const counters = block.address + numbers.length * TILE_BYTES;
    const words = new Int32Array(arena.memory.buffer, counters, COUNTERS_BYTES / 4);
    words[NEXT_BATCH] = 0;
    words[BATCHES_LEFT] = batches.length;
    this.#canvas.writeList(block.address, taken);
    const what = { list: block.address, batches, counters, rectangles };
    let running = Math.min(idle, batches.length);
    for (let thread = running; thread > 0; thread--) {
      this.#run(frame, target, what, ({ ok }) => {
        if (!ok) for (const number of numbers) this.#lost.add(number);
        if (--running > 0) return;
        for (const number of numbers) this.#inThread[number] = 0;
        for (const part of taken.parts) release(part, parts);
        lists.release(block);
      });
    }
    return true;
  }

  /**
   * Marks the tiles that a thread gets. Lines that the thread also converts become up to date, and other pixels become outdated.
   */
  #mark(numbers: Uint32Array, batches: readonly number[], target: Work | null): void {
    for (const number of numbers) {
      this.#inThread[number] = 1;
      if (this.#lost.size > 0) this.#lost.delete(number);
    }
    this.#slots.addTiles(numbers);
    let from = 0;
    for (const count of batches) {
      const batch = numbers.subarray(from, from + count);
      for (const { first, end } of wholeLines(batch, this.#canvas.tilesPerLine)) target?.stale.removeLines(first, end);
      from += count;
    }
  }

  /** Gives the outdated pixels in the slot of a complete frame to idle threads, if a slot is free. */
  convert(frame: TileFrame): void {
    const { pool } = this.#resources;
    const idle = pool.idleThreads;
    const target = idle === 0 ? null : this.#acquire(frame);
    if (target === null) return;
    frame.hasBegun = true;
    frame.isConverting = true;
    for (const part of divideRectangles(target.stale.take(), idle)) {
      this.#run(frame, target, { list: 0, batches: [], counters: 0, rectangles: part }, () => undefined);
    }
  }

  /** Gives a job to a thread. The caller has checked that a thread is idle. */
  #run(
    frame: TileFrame,
    target: Work | null,
    what: { list: number; batches: number[]; counters: number; rectangles: Rectangle[] },
    done: (result: JobResult) => void,
  ): void {
    const { state, scratchBytes, tilesPerLine, info } = this.#canvas;
    this.#running++;
    const job = {
      kind: "tiles",
      state,
      scratchBytes,
      ...what,
      pixels: target?.slot.address ?? 0,
      strideBytes: info.width * 4,
      convertsLines: tilesPerLine > 0,
      rectangles: what.rectangles.flatMap(({ x, y, width, height }) => [x, y, width, height]),
    } as const;
    const accepted = this.#resources.pool.tryRun(job, (result) => {
      this.#running--;
      done(result);
      this.#count(frame, result);
      this.#onDone();
    });
    if (!accepted) throw new Error("no codec thread accepted the tiles, although a thread was idle");
  }

  #count(frame: TileFrame, result: JobResult<"tiles">): void {
    if (result.ok) {
      frame.busyMicros += result.busyMicros;
      frame.isDamaged ||= result.value.isDamaged;
      return;
    }
    frame.failure = result.message;
    this.#slots.addAll();
  }

  /**
   * Returns the slot for the pixels of the frame in work. Returns null while no slot is free, and also, with `failure` set, when
   * the arena is full.
   */
  #acquire(frame: TileFrame): Work | null {
    try {
      this.#target ??= this.#slots.acquire();
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      frame.failure = error.message;
    }
    return this.#target;
  }
}
