// A fixture for the encoders of a camera: real threads, frames that are delivered one at a time, and an encoder of whole frames as the oracle.

import type { ChromaSampling } from "../../src/codec/jpeg/sampling.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import { Arena } from "../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../src/codec/memory/growing-block.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { SimdEncoder } from "../../src/codec/simd/encoder.ts";
import { OwnKernel } from "../../src/codec/threads/own-kernel.ts";
import type { BandOutput, TileEncoder } from "../../src/codec/tile-jobs.ts";
import { cutTiles } from "../../src/codec/jpeg/stitch.ts";
import { Health } from "../../src/core/health.ts";
import { SILENT_LOG } from "../../src/core/log.ts";
import { type Trace, TraceTrack } from "../../src/core/trace.ts";
import { CaptureRate } from "../../src/capture/capture-rate.ts";
import { EncodeFigures } from "../../src/server/encode/figures.ts";
import type { Demand, PictureSink, TileSink } from "../../src/server/renditions/sinks.ts";
import type { EncodedPicture } from "../../src/server/picture.ts";
import {
  frameBytes,
  halfSize,
  type PixelFormat,
  planesOf,
  type Sampling,
  type Size,
} from "../../src/core/pixel-format.ts";
import { readTiles } from "../../src/protocol/messages.ts";
import { HEADER_BYTES } from "../../src/protocol/wire.ts";
import { ChangedTiles } from "../../src/server/encode/changed-tiles.ts";
import type { MotionGrid } from "../../src/server/motion/motion-grid.ts";
import { FrameDispatcher } from "../../src/server/encode/dispatcher.ts";
import type { Level } from "../../src/server/renditions/ladder.ts";
import type { Part, Rendition } from "../../src/server/renditions/rendition.ts";
import { RenditionRegistry } from "../../src/server/renditions/registry.ts";
import { TileScheduler } from "../../src/server/encode/tile-scheduler.ts";
import { randomPixels } from "./random-pictures.ts";
import { until } from "./wait-until.ts";
import { keep, type PublishedPicture } from "./encoded-pictures.ts";
import { type NumberedTile, tilesOf } from "./tile-lists.ts";

export interface Frame extends Size {
  format: PixelFormat;
  pixels: Uint8Array;
}

/** Returns a frame of random pixels. */
export function randomFrame(seed: number, { width, height }: Size, format: PixelFormat = "yuvj420p"): Frame {
  return { format, width, height, pixels: randomPixels(frameBytes(format, width, height), seed) };
}

type Job = Parameters<CodecPool["tryRun"]>[0];

/** A pool whose jobs a test can change before they reach a thread. */
class SpoiledPool extends CodecPool {
  spoil: (job: Job) => Job = (job) => job;
  /** Each function repeats a message of a thread about a band. */
  readonly repeats: (() => void)[] = [];

  override tryRun: CodecPool["tryRun"] = (job, done, onPart = null) => {
    const hear = (band: BandOutput) => {
      this.repeats.push(() => onPart?.(band));
      onPart?.(band);
    };
    return CodecPool.prototype.tryRun.call(this, this.spoil(job) as typeof job, done as () => void, hear);
  };
}

/** Codec threads. Several fixtures may use them one after the other. */
export class Threads {
  readonly arena = Arena.create();
  readonly pool: SpoiledPool;
  readonly restarted: string[] = [];
  onIdle: () => void = () => undefined;
  /** The encoder of the main thread, which is the test's own. Without it, only the threads encode. */
  readonly own: OwnKernel<TileEncoder> | null;

  /** `load` loads the main thread's encoder. */
  constructor(threads: number, load: ((arena: Arena, pool: CodecPool) => Promise<TileEncoder>) | null = null) {
    this.pool = new SpoiledPool({
      runtime: BUN_RUNTIME,
      arena: this.arena,
      codec: "simd",
      threads,
      onIdle: () => this.onIdle(),
      onBroken: () => undefined,
      onRestarted: (reason) => this.restarted.push(reason),
    });
    this.own = load === null ? null : OwnKernel.create(this.pool, () => load(this.arena, this.pool));
  }

  /** The number of bytes taken from the arena. */
  get takenBytes(): number {
    return this.arena.take(0);
  }
}

/** The encoders of a camera with a simulated audience. It records its calls, and wants the renditions that the test wants. */
export class EncodeFixture implements Demand, TileSink, PictureSink {
  readonly renditions = new RenditionRegistry();
  readonly captures = new CaptureRate();
  readonly troubles: (string | null)[] = [];
  readonly figures = new EncodeFigures(new Health((text) => this.troubles.push(text)));
  readonly dispatcher: FrameDispatcher;
  /** The calls about tiles, in order. */
  readonly events: string[] = [];
  /** The changed shares of the committed frames, by the quality of their rendition. */
  readonly changedShares = new Map<number, number[]>();
  /** The whole pictures that were published. */
  readonly published: PublishedPicture[] = [];
  /** Whether a viewer watches although it needs no rendition. */
  watchesPictures = false;
  hasPartsWanted = true;
  tilesIntervalMicros = 0;
  /** The changed tiles of each frame, as the encoder told them. */
  readonly changes: { capturedAt: number; grid: MotionGrid; tiles: number[] }[] = [];
  onCommitted: (rendition: Rendition) => void = () => undefined;
  #capturedAt = 1_000_000;

  constructor(threads: Threads, noise: number | null, sampling: Sampling = "420", trace: Trace | null = null) {
    const { arena, pool } = threads;
    const { captures, figures, renditions } = this;
    const track = trace === null ? null : new TraceTrack(trace, "camera test");
    const { own } = threads;
    const shared = { arena, pool, own, sampling, figures, demand: this, log: SILENT_LOG, track };
    const source = { framesPerSecond: 30 };
    const changes = new ChangedTiles(arena, {
      halvings: 0,
      frame: (capturedAt, grid, isChanged) => {
        const tiles = [...isChanged.entries()].flatMap(([tile, mark]) => (mark === 1 ? [tile] : []));
        this.changes.push({ capturedAt, grid, tiles });
      },
    });
    const tiles = new TileScheduler({ ...shared, noise, source, renditions, freeStates: [], sinks: [this], changes });
    const listener = { frameCaptured: () => undefined };
    this.dispatcher = new FrameDispatcher({
      ...shared,
      quality: 80,
      tiles,
      pictures: this,
      sinks: [this],
      captures,
      listener,
    });
    threads.onIdle = () => this.dispatcher.pump();
  }

  passOn(): void {
    throw new Error("no tiles of another server are expected");
  }

  get isWatched(): boolean {
    return this.watchesPictures || this.wantsTiles;
  }

  isAwaited = true;

  get wantsTiles(): boolean {
    return !this.renditions.isEmpty;
  }

  wantsParts(): boolean {
    return this.hasPartsWanted;
  }

  publish(picture: EncodedPicture): void {
    this.published.push(keep(picture));
  }

  useTiles({ width, height }: Size): void {
    this.events.push(`source ${width}x${height}`);
  }

  begin(rendition: Rendition): void {
    this.#note("opened", rendition);
  }

  part(rendition: Rendition, { isLast }: Part): void {
    this.#note(isLast ? "last part" : "part", rendition);
  }

  commit(rendition: Rendition, changedShare: number): void {
    this.#note("committed", rendition);
    const { quality } = rendition.level;
    this.changedShares.set(quality, [...(this.changedShares.get(quality) ?? []), changedShare]);
    this.onCommitted(rendition);
  }

  abort(rendition: Rendition): void {
    this.#note("aborted", rendition);
  }

  #note(what: string, { level }: Rendition): void {
    this.events.push(`${what} q${level.quality}`);
  }

  want(level: Level): Rendition {
    return this.renditions.acquire(level);
  }

  /** Delivers a frame that was captured `seconds` after the last one, and waits until it is encoded or dropped. */
  async encode(frame: Frame, seconds = 0): Promise<void> {
    this.deliver(frame, seconds);
    await until(() => this.dispatcher.idle, "the frame");
  }

  /** Delivers a frame and does not wait. */
  deliver({ format, pixels, width, height }: Frame, seconds = 0): void {
    const slot = this.dispatcher.reserve(format, { width, height });
    if (slot === null) throw new Error("there is no slot left");
    slot.bytes.set(pixels);
    this.#capturedAt += seconds * 1e6;
    this.dispatcher.pixels(slot, format, { width, height }, this.#capturedAt);
  }

  /** Delivers the same frame until each wanted rendition has it, because threads may have to make tables first. */
  async encodeForAll(frame: Frame): Promise<void> {
    const lacksIt = (rendition: Rendition) => rendition.newestFrame < this.captures.frames;
    const giveUpAt = performance.now() + 20_000; // on a busy machine the thread that makes the tables may not run for many frames
    for (let times = 0; times === 0 || this.renditions.wanted.some(lacksIt); times++) {
      if (performance.now() > giveUpAt) throw new Error("a rendition never came");
      await this.encode(frame);
      await Bun.sleep(0); // the frame may be finished before a thread is heard
    }
  }

  /** The number of free slots, counted by reserving all of them. */
  freeSlots({ format, width, height }: Frame): number {
    const slots = [];
    for (let slot = this.dispatcher.reserve(format, { width, height }); slot !== null;) {
      slots.push(slot);
      slot = this.dispatcher.reserve(format, { width, height });
    }
    for (const slot of slots) slot.release();
    return slots.length;
  }
}

/** The tiles that a viewer with frame `since` would be sent. */
export function missingTiles(rendition: Rendition, since: number): NumberedTile[] {
  return rendition.compose(since).flatMap((message) => tilesOf(readTiles(message.subarray(HEADER_BYTES)).tiles));
}

/** Encodes whole frames, with its own arena and kernel. */
export class WholeEncoder {
  readonly #arena = Arena.create();
  readonly #encoder: SimdEncoder;
  readonly #blocks = [0, 1, 2, 3, 4].map(() => new GrowingBlock(this.#arena));
  readonly #state: number;
  readonly #scratch: number;

  private constructor(module: WebAssembly.Module) {
    this.#encoder = new SimdEncoder(module, this.#arena.memory);
    this.#state = this.#arena.take(this.#encoder.stateBytes);
    this.#scratch = this.#arena.take(this.#encoder.scratchBytes);
  }

  static async load(): Promise<WholeEncoder> {
    return new WholeEncoder(await WASM.kernel("encoder"));
  }

  /**
   * Throws unless the tiles that a viewer with frame `since` would be sent are all tiles of the frame, and equal those of the frame
   * encoded as a whole.
   */
  expectTiles(
    rendition: Rendition,
    frame: Frame,
    { since = 0, sampling = "420" }: { since?: number; sampling?: Sampling } = {},
  ): void {
    const tiles = missingTiles(rendition, since);
    const expected = this.tiles(frame, rendition.level, sampling);
    const wrong = expected.flatMap((bytes, number) => (sameBytes(tiles[number]?.bytes, bytes) ? [] : [number]));
    const { halvings, quality } = rendition.level;
    const what = `${frame.format} ${frame.width}x${frame.height} halved ${halvings} times, quality ${quality}`;
    if (tiles.length !== expected.length || wrong.length > 0)
      throw new Error(`of the tiles of ${what} ${wrong} of ${expected.length} are wrong; ${tiles.length} came`);
  }

  /** All tiles of the frame at this level. */
  tiles(frame: Frame, level: Level, sampling: Sampling = "420"): Uint8Array[] {
    return this.encode(frame, level, sampling).tiles;
  }

  /** The JPEG header (SOI to SOS) and all tiles of the frame at this level. */
  encode(
    { format, width, height, pixels }: Frame,
    { halvings, quality }: Level,
    sampling: Sampling = "420",
  ): { header: Uint8Array; tiles: Uint8Array[] } {
    let size: Size = { width, height };
    let address = this.#reserve(0, frameBytes(format, width, height));
    this.#arena.bytes(address, pixels.length).set(pixels);
    for (let halving = 1; halving <= halvings; halving++) {
      const half = halfSize(size);
      const target = this.#reserve(halving, frameBytes(format, half.width, half.height));
      this.#encoder.halve(format, size, address, target, 0, half.height);
      size = half;
      address = target;
    }
    const layout = { width: size.width, height: size.height, format };
    const picture = this.#encoder.prepare(this.#state, { ...layout, quality, ...chroma(format, sampling) });
    const bytes = this.#encoder.bytesBound(picture, picture.tileCount);
    const tileBytesAddress = this.#reserve(3, 4 * picture.tileCount);
    const target = { address: this.#reserve(4, bytes), bytes, tileBytesAddress };
    const planes = planesOf(format, size, address);
    const total = this.#encoder.encodeTiles(picture, this.#scratch, planes, 0, picture.tileCount, target);
    const lengths = new Uint32Array(this.#arena.memory.buffer, tileBytesAddress, picture.tileCount);
    return { header: picture.header, tiles: cutTiles(this.#arena.bytes(target.address, total).slice(), lengths) };
  }

  #reserve(block: number, bytes: number): number {
    return (this.#blocks[block] as GrowingBlock).reserve(bytes);
  }
}

/** Only RGB can be 4:4:4. For other formats the encoder chooses the sampling. */
function chroma(format: PixelFormat, sampling: Sampling): { sampling?: ChromaSampling } {
  return sampling === "444" && ["rgba", "rgb24", "bgr24"].includes(format) ? { sampling: "4:4:4" } : {};
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
