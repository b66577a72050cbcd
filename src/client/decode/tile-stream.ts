// A stream of tiles from bytes to pixels: tiles go to idle codec threads as they come, what changed is converted when a frame is
// whole, and only then is it handed on.
//
// Frames queue up in the order they came. The tiles of the first alone are decoded: those of the next wait, compressed, until the
// planes have been converted for the first, so that no frame shows tiles of another. A whole frame that waits is replaced by the
// next whole one, so that at most three are there: one in work, one whole, one coming in.

import type { Arena } from "../../codec/memory/arena.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import { TILE_BYTES } from "../../codec/kernel/decode/layout.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { BATCHES_LEFT, COUNTERS_BYTES, NEXT_BATCH } from "../../codec/tile-jobs.ts";
import type { Block, RecycledBlocks } from "../../codec/memory/recycled-blocks.ts";
import type { Rectangle } from "../../codec/jpeg/tile-rectangles.ts";
import { nowMicros } from "../../core/clock.ts";
import { CodecError, ProtocolError } from "../../core/errors.ts";
import type { Tiles } from "../../protocol/messages.ts";
import { divideRectangles, divideTiles, LEAST_TILES, wholeLines } from "./batches.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { DecodedPicture, DecodeEvents } from "../picture.ts";
import type { PixelSlots } from "./pixel-slots.ts";
import { StreamRooms, type Work } from "./stream-slots.ts";
import type { TileCanvas } from "./tile-canvas.ts";
import { keepCopy, type PartMemory, release, TileFrame } from "./tile-frame.ts";

/** Batches for each thread, so that threads end at about the same time. */
const BATCHES_PER_THREAD = 3;

/** What all streams of a viewer share. */
export interface TileResources {
  arena: Arena;
  pool: CodecPool;
  /** For compressed bytes. */
  parts: PartMemory;
  /** For the lists of tiles that threads get. */
  lists: RecycledBlocks;
  slots: PixelSlots;
  events: DecodeEvents;
}

export class TileStream {
  readonly canvas: TileCanvas;
  readonly origin: Origin;
  readonly #resources: TileResources;
  #frames: TileFrame[] = [];
  readonly #rooms: StreamRooms;
  #work: Work | null = null;
  #jobs = 0;
  /** Tiles that a thread is at: a newer one with that number has to wait. */
  readonly #inThread: Uint8Array;
  /** Tiles of batches that failed, until newer ones come: nobody knows what the planes hold of them. */
  readonly #lost = new Set<number>();
  readonly #seen: Uint8Array;
  readonly #listBytes: number;
  #unseen: number;
  /** The newest picture that was handed on, as long as the planes are as they were then. */
  #unchanged: DecodedPicture | null = null;

  /** Throws CodecError where memory ends. */
  constructor(resources: TileResources, canvas: TileCanvas, origin: Origin) {
    this.#resources = resources;
    this.canvas = canvas;
    this.#rooms = new StreamRooms(resources.slots, canvas);
    this.origin = origin;
    this.#unseen = canvas.info.tiles;
    this.#inThread = new Uint8Array(this.#unseen);
    this.#seen = new Uint8Array(this.#unseen);
    // As many lists as there can be, so that none is missing later.
    this.#listBytes = canvas.info.tiles * TILE_BYTES + COUNTERS_BYTES;
    const { lists, pool } = resources;
    const all = Array.from({ length: pool.threads }, () => lists.acquire(this.#listBytes));
    for (const area of all) lists.release(area);
  }

  /** Nothing is left to be done, and no thread works on the canvas. */
  get isFinished(): boolean {
    return this.#frames.length === 0 && this.#jobs === 0;
  }

  /** Takes a part in. Throws ProtocolError for tiles that the picture does not have, CodecError where memory ends. */
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
    const coming = this.#frames.at(-1);
    const frame = coming === undefined || coming.isWhole ? new TileFrame(part, arrival, this.origin, tiles) : coming;
    if (frame !== coming) this.#frames.push(frame);
    const view = (area: Block) => arena.bytes(area.address, area.bytes);
    const added = frame.add(part, arrival, parts, view);
    if (frame.isWhole) this.#replaceOlder(frame);
    this.pump();
    if (added !== null) keepCopy(added, view);
  }

  /** Gives threads what there is to do, and hands on what is done. Call when a thread or a slot may be free. */
  pump(): void {
    for (let frame = this.#frames[0]; frame !== undefined && this.#isReady(frame); frame = this.#frames[0]) {
      this.#frames.shift();
      const work = this.#work;
      if (frame.failure === null && frame.isConverting) this.#work = null; // it goes with the picture
      const handOn = this.#prepareEnd(frame, work);
      const next = this.#frames[0];
      if (next !== undefined) this.#decode(next); // threads first: showing may take a while
      handOn();
    }
  }

  /** Another stream follows: a frame that is being decoded is still shown if it is whole, all others are given up. */
  retire(): void {
    const [first] = this.#frames;
    const kept = first?.isWhole && first.hasBegun ? [first] : [];
    for (const frame of this.#frames.slice(kept.length)) {
      frame.abandon(this.#resources.parts);
      if (frame.isWhole) this.#drop(frame, "another stream came first");
    }
    this.#frames = kept;
  }

  /** To be called once it is retired and finished. */
  close(): void {
    this.#work?.slot.release();
    this.#work = null;
  }

  #replaceOlder(frame: TileFrame): void {
    const older = this.#frames.at(-2);
    if (older === undefined || older.hasBegun) return;
    frame.inherit(older, this.#resources.parts);
    this.#frames.splice(-2, 1);
    this.#drop(older, "a newer frame was whole first");
  }

  #drop(frame: TileFrame, reason: string): void {
    this.#resources.events.onDropped(frame.received, "stale", reason);
  }

  /** Whether the first frame can be handed on; if not, threads have been given what they can do for it now. */
  #isReady(frame: TileFrame): boolean {
    this.#decode(frame);
    if (!frame.isWhole || frame.pendingCount > 0 || this.#jobs > 0) return false;
    if (frame.failure !== null || frame.isConverting || this.#unchanged !== null) return true;
    this.#convert(frame);
    return frame.failure !== null || (frame.isConverting && this.#jobs === 0);
  }

  /** Gives the frame's tiles to idle threads. */
  #decode(frame: TileFrame): void {
    frame.firstAt ??= nowMicros();
    const { arena, parts, lists, pool } = this.#resources;
    const idle = pool.idleThreads;
    if (frame.pendingCount === 0 || idle === 0) return;
    const taken = frame.take(this.#inThread);
    if (taken === null) return;
    const { numbers } = taken;
    // More batches than threads: one that is late, or on a busy core, leaves more of them to the others.
    const share = Math.ceil(numbers.length / (pool.threads * BATCHES_PER_THREAD));
    const batches = divideTiles(numbers, this.canvas.tilesPerLine, share);
    const isRest = frame.isWhole && frame.pendingCount === 0 && this.#jobs === 0 && frame.failure === null;
    frame.hasBegun = true;
    this.#unchanged = null;
    const work = this.#acquire(frame);
    this.#mark(numbers, batches, work);
    // What little is left to convert after the last tiles, seams above all, the last of their threads converts as well.
    let rectangles: Rectangle[] = [];
    if (isRest && work !== null && (pool.threads === 1 || work.stale.count <= 2 * LEAST_TILES)) {
      rectangles = work.stale.take();
      frame.isConverting = true;
    }
    const area = lists.acquire(this.#listBytes);
    const counters = area.address + numbers.length * TILE_BYTES;
    const words = new Int32Array(arena.memory.buffer, counters, COUNTERS_BYTES / 4);
    words[NEXT_BATCH] = 0;
    words[BATCHES_LEFT] = batches.length;
    this.canvas.writeList(area.address, taken);
    const what = { list: area.address, batches, counters, rectangles };
    let running = Math.min(idle, batches.length);
    for (let thread = running; thread > 0; thread--) {
      this.#run(frame, work, what, ({ ok }) => {
        if (!ok) for (const number of numbers) this.#lost.add(number);
        if (--running > 0) return;
        for (const number of numbers) this.#inThread[number] = 0;
        for (const part of taken.parts) release(part, parts);
        lists.release(area);
      });
    }
  }

  /** Tiles that go to a thread: what pixels of them are converted on the way is up to date then, all other is not. */
  #mark(numbers: Uint32Array, batches: readonly number[], work: Work | null): void {
    for (const number of numbers) {
      this.#inThread[number] = 1;
      if (this.#lost.size > 0) this.#lost.delete(number);
    }
    this.#rooms.addTiles(numbers);
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

  /** Gives a job to a thread; there is an idle one. */
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
      pixels: work?.room.address ?? 0,
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
    this.#rooms.addAll();
  }

  /** The slot that the frame in work is converted into; `null` while none is free or, with a failure, where memory ends. */
  #acquire(frame: TileFrame): Work | null {
    try {
      this.#work ??= this.#rooms.acquire();
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
      const { address, bytes, release: releaseSlot } = work.slot;
      const pixels = bytes.subarray(0, width * height * 4);
      const snapshot = this.canvas.snapshot();
      // Pixels and compressed bytes of a picture are over together.
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
