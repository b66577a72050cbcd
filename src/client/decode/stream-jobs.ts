// The jobs of one stream of tiles: tiles to decode, and rectangles to convert to pixels. If they take less time than waking a codec
// thread, this thread does them itself. Otherwise idle codec threads get them, and this thread takes its share. This file records
// the tiles in work, the lost tiles, and the slot (memory for one frame) for the pixels.

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import type { TileDecoder } from "../../codec/simd/tile-decoder.ts";
import { TILE_BYTES } from "../../codec/kernel/decode/layout.ts";
import { type OwnKernel, STRETCH_MICROS } from "../../codec/threads/own-kernel.ts";
import { UsualTime } from "../../codec/threads/usual-time.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { BATCHES_LEFT, COUNTERS_BYTES, NEXT_BATCH, type TileJob } from "../../codec/tile-jobs.ts";
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

/** This thread takes no part in frames that need more time, because it has other work meanwhile. */
const MOST_SHARED_MICROS = 2_000;
/** The time for decoding a tile and converting its pixels, and that for converting a pixel, before they were measured. */
const TILE_MICROS = 4;
const PIXEL_MICROS = 0.0015;

/** The resources that all streams of one camera share. */
export interface TileResources {
  arena: Arena;
  pool: CodecPool;
  /** The decoder of this thread. Null if the threads of the pool are this thread itself. */
  own: OwnKernel<TileDecoder> | null;
  /** The memory for compressed bytes. */
  parts: PartMemory;
  /** The memory for the lists of tiles that threads get. */
  lists: RecycledBlocks;
  slots: PixelSlots;
  events: DecodeEvents;
}

/** The tiles and rectangles of a job. */
interface Share {
  list: number;
  batches: number[];
  counters: number;
  rectangles: Rectangle[];
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
  readonly #tileTime = new UsualTime(TILE_MICROS);
  readonly #pixelTime = new UsualTime(PIXEL_MICROS);

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

  /**
   * Whether this thread decodes the pending tiles of a frame itself, or takes a share of them. Tiles that arrive before the rest
   * of their frame belong to large frames.
   */
  isOwnWork(frame: TileFrame): boolean {
    const isPossible = this.#hasOwn && frame.isWhole && this.areDone;
    return isPossible && frame.pendingCount * this.#tileTime.micros <= MOST_SHARED_MICROS;
  }

  get #hasOwn(): boolean {
    return this.#resources.own?.isReady === true;
  }

  /** Decodes the pending tiles of a frame, or gives them to idle threads. Returns whether there were tiles. */
  decode(frame: TileFrame): boolean {
    const { arena, parts, lists, pool } = this.#resources;
    const idle = pool.idleThreads;
    const isOwn = this.isOwnWork(frame);
    if (frame.pendingCount === 0 || (idle === 0 && !isOwn)) return false;
    const taken = frame.take(this.#inThread);
    if (taken === null) return false;
    const { numbers } = taken;
    const workers = isOwn ? pool.waking.workersFor(numbers.length * this.#tileTime.micros, pool.threads) : pool.threads;
    // There are more batches than threads, so a thread that starts late or runs on a busy core takes fewer batches than others.
    const share = Math.ceil(numbers.length / (workers * BATCHES_PER_THREAD));
    const most = isOwn && workers === 1 ? Math.floor(STRETCH_MICROS / this.#tileTime.micros) : share;
    const batches = divideTiles(numbers, this.#canvas.tilesPerLine, most);
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
    const threads = Math.min(idle, isOwn ? Math.min(workers, batches.length) - 1 : batches.length);
    let running = threads + (isOwn ? 1 : 0);
    let busyMicros = 0;
    let hasFailed = false;
    const done = (result: JobResult<"tiles">) => {
      if (result.ok) busyMicros += result.busyMicros;
      else hasFailed = true;
      if (--running > 0) return;
      // The times of workers that have failed are missing.
      if (!hasFailed) this.#tileTime.record(busyMicros / numbers.length);
      else for (const number of numbers) this.#lost.add(number);
      for (const number of numbers) this.#inThread[number] = 0;
      for (const part of taken.parts) release(part, parts);
      lists.release(block);
    };
    for (let thread = threads; thread > 0; thread--) this.#run(frame, target, what, done);
    if (isOwn) this.#runHere(frame, target, what, done);
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

  /** Converts the outdated pixels in the slot of a complete frame, or gives them to idle threads, if a slot is free. */
  convert(frame: TileFrame): void {
    const { pool } = this.#resources;
    const idle = pool.idleThreads;
    const target = idle === 0 && !this.#hasOwn ? null : this.#acquire(frame);
    if (target === null) return;
    const { tileMcus, mcuWidth, mcuHeight } = this.#canvas.info;
    const pixels = target.stale.count * tileMcus * mcuWidth * mcuHeight;
    const micros = pixels * this.#pixelTime.micros;
    const isOwn = this.#hasOwn && micros <= STRETCH_MICROS;
    if (idle === 0 && !isOwn) return;
    frame.hasBegun = true;
    frame.isConverting = true;
    for (const part of divideRectangles(target.stale.take(), isOwn ? 1 : idle)) {
      const its = part.reduce((sum, { width, height }) => sum + width * height, 0);
      const what = { list: 0, batches: [], counters: 0, rectangles: part };
      const done = (result: JobResult<"tiles">) => {
        if (result.ok && its > 0) this.#pixelTime.record(result.busyMicros / its);
      };
      if (isOwn) this.#runHere(frame, target, what, done);
      else this.#run(frame, target, what, done);
    }
  }

  /** Gives a job to a thread. The caller has checked that a thread is idle. */
  #run(frame: TileFrame, target: Work | null, what: Share, done: (result: JobResult<"tiles">) => void): void {
    this.#running++;
    const accepted = this.#resources.pool.tryRun(this.#jobOf(target, what), (result: JobResult<"tiles">) => {
      this.#running--;
      done(result);
      this.#count(frame, result);
      this.#onDone();
    });
    if (!accepted) throw new Error("no codec thread accepted the tiles, although a thread was idle");
  }

  /** Does a job, or takes its share of one, in this thread. If that ends later, the pool calls `onIdle` as for threads. */
  #runHere(frame: TileFrame, target: Work | null, what: Share, done: (result: JobResult<"tiles">) => void): void {
    this.#running++;
    const job = this.#jobOf(target, what);
    let isDamaged = false;
    this.#resources.own?.run({
      step: (decoder, mayGoOn) => {
        const { damagedTiles, isFinished } = decoder.run(job, mayGoOn);
        isDamaged ||= damagedTiles > 0;
        return isFinished;
      },
      done: (ended) => {
        this.#running--;
        const result = ended.ok ? { ...ended, value: { isDamaged } } : ended;
        done(result);
        this.#count(frame, result);
      },
    });
  }

  #jobOf(target: Work | null, { list, batches, counters, rectangles }: Share): TileJob {
    const { state, scratchBytes, tilesPerLine, info } = this.#canvas;
    return {
      kind: "tiles",
      ...{ state, scratchBytes, list, batches, counters },
      pixels: target?.slot.address ?? 0,
      strideBytes: info.width * 4,
      convertsLines: tilesPerLine > 0,
      rectangles: rectangles.flatMap(({ x, y, width, height }) => [x, y, width, height]),
    };
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
