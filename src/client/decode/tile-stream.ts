// One stream of tiles, from bytes to pixels: tiles go to idle codec threads as they arrive, changed tiles are converted when a frame
// is whole, and then the frame is handed on.
//
// Frames queue up in the order of arrival. Only tiles of the oldest frame are decoded. The tiles of later frames wait, compressed,
// until the planes have been converted for the oldest one, so that no frame shows tiles of another. A whole frame that waits is
// replaced by the next whole one (Newest), so there are at most three frames: one in work, one whole, one that arrives.

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import { TILE_BYTES } from "../../codec/kernel/decode/layout.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { BATCHES_LEFT, COUNTERS_BYTES, NEXT_BATCH } from "../../codec/tile-jobs.ts";
import type { Block, RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import type { Rectangle } from "../../codec/jpeg/tile-rectangles.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError, ProtocolError } from "../../core/errors.ts";
import { Newest } from "../../core/newest.ts";
import type { Tiles } from "../../protocol/messages.ts";
import { divideRectangles, divideTiles, LEAST_TILES, wholeLines } from "./batches.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { DecodedPicture, DecodeEvents } from "../picture.ts";
import type { PixelSlots } from "./pixel-slots.ts";
import { StreamSlots, type Work } from "./stream-slots.ts";
import type { TileCanvas } from "./tile-canvas.ts";
import { keepCopy, type PartMemory, release, TileFrame } from "./tile-frame.ts";

/** Each thread gets several batches, so that all threads end at about the same time. */
const BATCHES_PER_THREAD = 3;

/** What all streams of one camera share. */
export interface TileResources {
  arena: Arena;
  pool: CodecPool;
  /** Memory for compressed bytes. */
  parts: PartMemory;
  /** Memory for the lists of tiles that threads get. */
  lists: RecycledBlocks;
  slots: PixelSlots;
  events: DecodeEvents;
}

export class TileStream {
  readonly canvas: TileCanvas;
  readonly origin: Origin;
  readonly #resources: TileResources;
  /** The oldest frame, whose tiles are decoded; maybe not whole yet. */
  #current: TileFrame | null = null;
  /** The newest whole frame after `#current`. */
  readonly #waiting = new Newest<TileFrame>();
  /** The frame that arrives; it may be `#current`. */
  #arriving: TileFrame | null = null;
  readonly #slots: StreamSlots;
  /** Where the frame in work is converted to; null until it is needed. */
  #work: Work | null = null;
  #jobs = 0;
  /** By tile number: 1 while a thread decodes the tile; a newer tile of that number has to wait. */
  readonly #inThread: Uint8Array;
  /** Tiles of failed batches, until newer ones arrive: what the planes hold of them is unknown. */
  readonly #lost = new Set<number>();
  readonly #seen: Uint8Array;
  readonly #listBytes: number;
  #unseen: number;
  /** The newest picture that was handed on; null when the planes have changed since. */
  #unchanged: DecodedPicture | null = null;

  /** Throws CodecError when the arena is full. */
  constructor(resources: TileResources, canvas: TileCanvas, origin: Origin) {
    this.#resources = resources;
    this.canvas = canvas;
    this.#slots = new StreamSlots(resources.slots, canvas);
    this.origin = origin;
    this.#unseen = canvas.info.tiles;
    this.#inThread = new Uint8Array(this.#unseen);
    this.#seen = new Uint8Array(this.#unseen);
    // Takes as many lists as there can be and gives them back, so that memory for them cannot be missing later.
    this.#listBytes = canvas.info.tiles * TILE_BYTES + COUNTERS_BYTES;
    const { lists, pool } = resources;
    const all = Array.from({ length: pool.threads }, () => lists.acquire(this.#listBytes));
    for (const block of all) lists.release(block);
  }

  /** No frame is left, and no thread works on the canvas. */
  get isFinished(): boolean {
    return this.#current === null && this.#jobs === 0;
  }

  /** Takes a part of a frame. Throws ProtocolError for tiles that the picture does not have, CodecError when the arena is full. */
  offer(part: Tiles, arrival: Arrival): void {
    const { arena, parts } = this.#resources;
    const { numbers } = part.tiles;
    const highest = numbers.at(-1) ?? 0;
    const { tiles } = this.canvas.info;
    if (highest >= tiles) throw new ProtocolError(`Tiles holds tile ${highest} of a picture of ${tiles} tiles`);
    for (let index = 0; index < numbers.length && this.#unseen > 0; index++) {
      const number = numbers[index] as number;
      this.#unseen -= 1 - (this.#seen[number] ?? 1);
      this.#seen[number] = 1;
    }
    if (part.isLast && this.#unseen > 0) {
      throw new ProtocolError(`${this.#unseen} of ${tiles} tiles are missing in the first frame of a stream`);
    }
    const frame = this.#arriving ?? new TileFrame(part, arrival, this.origin, tiles);
    this.#arriving = frame;
    this.#current ??= frame;
    const view = (block: Block) => arena.bytes(block.address, block.bytes);
    const added = frame.add(part, arrival, parts, view);
    if (frame.isWhole) {
      this.#arriving = null;
      if (frame !== this.#current) this.#letWait(frame, this.#current);
    }
    this.pump();
    if (added !== null) keepCopy(added, view);
  }

  /** Gives work to idle threads, and hands on finished frames. Call when a thread or a slot may have become free. */
  pump(): void {
    for (let frame = this.#current; frame !== null && this.#isReady(frame); frame = this.#current) {
      const next = this.#waiting.take() ?? this.#arriving;
      this.#current = next;
      const work = this.#work;
      if (frame.failure === null && frame.isConverting) this.#work = null; // its slot goes with the picture
      const handOn = this.#prepareEnd(frame, work);
      if (next !== null) this.#decode(next); // threads first: showing may take a while
      handOn();
    }
  }

  /** Another stream follows: a whole frame that is being decoded is still shown, all others are dropped. */
  retire(): void {
    const current = this.#current;
    const isKept = current?.isWhole && current.hasBegun;
    const waiting = this.#waiting.clear();
    const arriving = this.#arriving;
    this.#arriving = null;
    if (!isKept) this.#current = null;
    if (current !== null && !isKept) this.#giveUp(current);
    if (waiting !== null) this.#giveUp(waiting);
    if (arriving !== null && arriving !== current) this.#giveUp(arriving);
  }

  #giveUp(frame: TileFrame): void {
    frame.abandon(this.#resources.parts);
    if (frame.isWhole) this.#drop(frame, "another stream came first");
  }

  /** Is called once, when the stream is retired and finished. */
  close(): void {
    this.#work?.held.release();
    this.#work = null;
  }

  /** Lets a whole frame wait, or takes the place of `current` if no thread has begun with that. The replaced frame's tiles go along. */
  #letWait(frame: TileFrame, current: TileFrame): void {
    let replaced = this.#waiting.clear();
    if (replaced === null && !current.hasBegun) {
      replaced = current;
      this.#current = frame;
    } else {
      this.#waiting.offer(frame);
    }
    if (replaced === null) return;
    frame.inherit(replaced, this.#resources.parts);
    this.#drop(replaced, "a newer frame was whole first");
  }

  #drop(frame: TileFrame, reason: string): void {
    this.#resources.events.onDropped(frame.received, "stale", reason);
  }

  /** Whether the oldest frame can be handed on. If not, idle threads have been given its work. */
  #isReady(frame: TileFrame): boolean {
    this.#decode(frame);
    if (!frame.isWhole || frame.pendingCount > 0 || this.#jobs > 0) return false;
    if (frame.failure !== null || frame.isConverting || this.#unchanged !== null) return true;
    this.#convert(frame);
    return frame.failure !== null || (frame.isConverting && this.#jobs === 0);
  }

  /** Gives the tiles of a frame to idle threads. */
  #decode(frame: TileFrame): void {
    frame.firstAt ??= nowMicros();
    const { arena, parts, lists, pool } = this.#resources;
    const idle = pool.idleThreads;
    if (frame.pendingCount === 0 || idle === 0) return;
    const taken = frame.take(this.#inThread);
    if (taken === null) return;
    const { numbers } = taken;
    // There are more batches than threads: a thread that starts late, or on a busy core, leaves more of them to the others.
    const share = Math.ceil(numbers.length / (pool.threads * BATCHES_PER_THREAD));
    const batches = divideTiles(numbers, this.canvas.tilesPerLine, share);
    const isRest = frame.isWhole && frame.pendingCount === 0 && this.#jobs === 0 && frame.failure === null;
    frame.hasBegun = true;
    this.#unchanged = null;
    const work = this.#acquire(frame);
    this.#mark(numbers, batches, work);
    // If little is left to convert after the last tiles, mostly seams, the thread that ends last converts it as well.
    let rectangles: Rectangle[] = [];
    if (isRest && work !== null && (pool.threads === 1 || work.stale.count <= 2 * LEAST_TILES)) {
      rectangles = work.stale.take();
      frame.isConverting = true;
    }
    const block = lists.acquire(this.#listBytes);
    const counters = block.address + numbers.length * TILE_BYTES;
    const words = new Int32Array(arena.memory.buffer, counters, COUNTERS_BYTES / 4);
    words[NEXT_BATCH] = 0;
    words[BATCHES_LEFT] = batches.length;
    this.canvas.writeList(block.address, taken);
    const what = { list: block.address, batches, counters, rectangles };
    let running = Math.min(idle, batches.length);
    for (let thread = running; thread > 0; thread--) {
      this.#run(frame, work, what, ({ ok }) => {
        if (!ok) for (const number of numbers) this.#lost.add(number);
        if (--running > 0) return;
        for (const number of numbers) this.#inThread[number] = 0;
        for (const part of taken.parts) release(part, parts);
        lists.release(block);
      });
    }
  }

  /** Marks tiles that go to a thread: lines that are converted on the way become up to date, all other pixels outdated. */
  #mark(numbers: Uint32Array, batches: readonly number[], work: Work | null): void {
    for (const number of numbers) {
      this.#inThread[number] = 1;
      if (this.#lost.size > 0) this.#lost.delete(number);
    }
    this.#slots.addTiles(numbers);
    let from = 0;
    for (const count of batches) {
      const batch = numbers.subarray(from, from + count);
      for (const { first, end } of wholeLines(batch, this.canvas.tilesPerLine)) work?.stale.removeLines(first, end);
      from += count;
    }
  }

  #convert(frame: TileFrame): void {
    const { pool } = this.#resources;
    const idle = pool.idleThreads;
    const work = idle === 0 ? null : this.#acquire(frame);
    if (work === null) return;
    frame.hasBegun = true;
    frame.isConverting = true;
    for (const part of divideRectangles(work.stale.take(), idle)) {
      this.#run(frame, work, { list: 0, batches: [], counters: 0, rectangles: part }, () => undefined);
    }
  }

  /** Gives a job to a thread. The caller has made sure that one is idle. */
  #run(
    frame: TileFrame,
    work: Work | null,
    what: { list: number; batches: number[]; counters: number; rectangles: Rectangle[] },
    done: (result: JobResult) => void,
  ): void {
    const { state, scratchBytes, tilesPerLine, info } = this.canvas;
    this.#jobs++;
    const job = {
      kind: "tiles",
      state,
      scratchBytes,
      ...what,
      pixels: work?.slot.address ?? 0,
      strideBytes: info.width * 4,
      convertsLines: tilesPerLine > 0,
      rectangles: what.rectangles.flatMap(({ x, y, width, height }) => [x, y, width, height]),
    } as const;
    const accepted = this.#resources.pool.tryRun(job, (result) => {
      this.#jobs--;
      done(result);
      this.#count(frame, result);
      this.pump();
    });
    if (!accepted) throw new Error("no thread took the tiles, and one was idle");
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

  /** The slot that the frame in work is converted into; null while none is free, or with `failure` set when the arena is full. */
  #acquire(frame: TileFrame): Work | null {
    try {
      this.#work ??= this.#slots.acquire();
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      frame.failure = error.message;
    }
    return this.#work;
  }

  #prepareEnd(frame: TileFrame, work: Work | null): () => void {
    const { events } = this.#resources;
    const { received, failure } = frame;
    if (failure !== null) return () => events.onDropped(received, "decode", failure);
    const { width, height } = this.canvas.info;
    const decodedAt = nowMicros();
    const workMicros = decodedAt - Math.max(received.lastByteAt, frame.firstAt ?? 0);
    const { busyMicros } = frame;
    const isDamaged = frame.isDamaged || this.#lost.size > 0;
    const facts = { received, isDamaged, workMicros, busyMicros, decodedAt };
    let picture: DecodedPicture;
    if (this.#unchanged !== null) {
      picture = { ...this.#unchanged, ...facts, isRepeat: true };
    } else {
      if (work === null) throw new Error("a frame was converted into no slot");
      const { address, bytes, release: releaseSlot } = work.held;
      const pixels = bytes.subarray(0, width * height * 4);
      const snapshot = this.canvas.snapshot();
      // The pixels and the compressed bytes of a picture are released together.
      const release = () => {
        releaseSlot();
        snapshot.release();
      };
      picture = {
        width,
        height,
        ...facts,
        slot: { address, bytes, release },
        isRepeat: false,
        pixels,
        jpeg: snapshot.jpeg,
      };
      this.#unchanged = picture;
    }
    return () => events.onDecoded(picture);
  }
}
