// A fixture for the tile pipeline: real threads, frames that are handed over one at a time, and an encoder of whole frames to judge by.

import { SimdEncoder } from "../../src/codec/simd/encoder.ts";
import type { ChromaSampling } from "../../src/codec/jpeg/sampling.ts";
import { Arena } from "../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../src/codec/memory/growing-block.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import type { BandOutput } from "../../src/codec/tile-jobs.ts";
import { cutTiles } from "../../src/codec/jpeg/stitch.ts";
import {
  planesOf,
  type Sampling,
  frameBytes,
  halfSize,
  type PixelFormat,
  type Size,
} from "../../src/core/pixel-format.ts";
import { readTiles } from "../../src/protocol/messages.ts";
import { HEADER_BYTES } from "../../src/protocol/wire.ts";
import { FrameDispatcher } from "../../src/server/encode/dispatcher.ts";
import type { Level } from "../../src/server/renditions/ladder.ts";
import type { Rendition } from "../../src/server/renditions/rendition.ts";
import { RenditionRegistry } from "../../src/server/renditions/registry.ts";
import { TileScheduler } from "../../src/server/encode/tile-scheduler.ts";
import { until } from "./wait-until.ts";
import { keep, type PublishedPicture } from "./encoded-pictures.ts";
import { type NumberedTile, tilesOf } from "./tile-lists.ts";

export interface Frame extends Size {
  format: PixelFormat;
  pixels: Uint8Array;
}

type Job = Parameters<CodecPool["tryRun"]>[0];

/** A pool whose jobs a test may spoil before they reach a thread. */
class SpoiledPool extends CodecPool {
  spoil: (job: Job) => Job = (job) => job;
  /** Says the parts again that threads have said. */
  readonly said: (() => void)[] = [];

  override tryRun: CodecPool["tryRun"] = (job, done, onPart = null) => {
    const hear = (band: BandOutput) => {
      this.said.push(() => onPart?.(band));
      onPart?.(band);
    };
    return CodecPool.prototype.tryRun.call(this, this.spoil(job) as typeof job, done as () => void, hear);
  };
}

/** Threads, which several pipelines may use one after the other. */
export class Threads {
  readonly arena = Arena.create();
  readonly pool: SpoiledPool;
  readonly restarted: string[] = [];
  onIdle: () => void = () => undefined;

  constructor(threads: number) {
    this.pool = new SpoiledPool({
      runtime: BUN_RUNTIME,
      ...{ arena: this.arena, codec: "simd", threads },
      onIdle: () => this.onIdle(),
      onBroken: () => undefined,
      onRestarted: (reason) => this.restarted.push(reason),
    });
  }

  /** Where the arena's free part begins: what has been taken of it. */
  get takenBytes(): number {
    return this.arena.take(0);
  }
}

export class EncodeFixture {
  readonly renditions = new RenditionRegistry();
  readonly dispatcher: FrameDispatcher;
  readonly events: string[] = [];
  readonly troubles: (string | null)[] = [];
  /** Whole pictures. */
  readonly published: PublishedPicture[] = [];
  /** Somebody watches also where no rendition is wanted. */
  isWatched = false;
  wantsParts = true;
  onCommitted: (rendition: Rendition) => void = () => undefined;
  #capturedAt = 1_000_000;

  constructor(threads: Threads, noise: number | null, sampling: Sampling = "420") {
    const { arena, pool } = threads;
    const tell = (what: string) => (rendition: Rendition) => this.events.push(`${what} q${rendition.level.quality}`);
    const tiles = new TileScheduler({
      ...{ arena, pool, noise, sampling, framesPerSecond: 30, renditions: this.renditions },
      wantsParts: () => this.wantsParts,
      onSource: ({ width, height }) => this.events.push(`source ${width}x${height}`),
      onOpened: tell("opened"),
      onPart: (rendition, _first, _count, isLast) => tell(isLast ? "last part" : "part")(rendition),
      onCommitted: (rendition) => {
        tell("committed")(rendition);
        this.onCommitted(rendition);
      },
      onAborted: tell("aborted"),
    });
    this.dispatcher = new FrameDispatcher({
      ...{ arena, pool, quality: 80, sampling, tiles },
      isWatched: () => this.isWatched || this.renditions.wanted.length > 0,
      wantsTiles: () => this.renditions.wanted.length > 0,
      publish: (picture) => this.published.push(keep(picture)),
      onTrouble: (text) => this.troubles.push(text),
      say: () => undefined,
      onCaptured: () => undefined,
    });
    threads.onIdle = () => this.dispatcher.pump();
  }

  want(level: Level): Rendition {
    return this.renditions.acquire(level);
  }

  /** Hands a frame over, so many seconds after the one before, and waits until it is encoded or dropped. */
  async encode(frame: Frame, seconds = 0): Promise<void> {
    this.deliver(frame, seconds);
    await until(() => this.dispatcher.idle, "the frame");
  }

  /** Hands a frame over and does not wait. */
  deliver({ format, pixels, width, height }: Frame, seconds = 0): void {
    const slot = this.dispatcher.reserve(format, { width, height });
    if (slot === null) throw new Error("there is no slot left");
    slot.bytes.set(pixels);
    this.#capturedAt += seconds * 1e6;
    this.dispatcher.pixels(slot, format, { width, height }, this.#capturedAt);
  }

  /** The same frame again and again, until all that want it have it: tables may have to be made. */
  async encodeForAll(frame: Frame): Promise<void> {
    const lacksIt = (rendition: Rendition) => rendition.newestFrame < this.dispatcher.captures.frames;
    const giveUpAt = performance.now() + 20_000; // on a busy machine the thread that makes tables may get no turn for many frames
    for (let times = 0; times === 0 || this.renditions.wanted.some(lacksIt); times++) {
      if (performance.now() > giveUpAt) throw new Error("a rendition never came");
      await this.encode(frame);
    }
  }

  /** How many slots are free, seen by taking them all. */
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

/** What a viewer that has frame `since` is sent of it. */
export function owed(rendition: Rendition, since: number): NumberedTile[] {
  return rendition.compose(since).flatMap((message) => tilesOf(readTiles(message.subarray(HEADER_BYTES)).tiles));
}

/** Encodes whole frames, in memory and with a kernel of its own. */
export class WholeEncoder {
  readonly #arena = Arena.create();
  readonly #encoder: SimdEncoder;
  readonly #areas = [0, 1, 2, 3, 4].map(() => new GrowingBlock(this.#arena));
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

  /** The tiles of the frame at that level, all of them. */
  tiles(frame: Frame, level: Level, sampling: Sampling = "420"): Uint8Array[] {
    return this.encode(frame, level, sampling).tiles;
  }

  /** `header`: SOI to SOS. */
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
    const layout = { width: size.width, height: size.height, format: format };
    const picture = this.#encoder.prepare(this.#state, { ...layout, quality, ...chroma(format, sampling) });
    const bytes = this.#encoder.bytesBound(picture, picture.tileCount);
    const tileBytesAddress = this.#reserve(3, 4 * picture.tileCount);
    const target = { address: this.#reserve(4, bytes), bytes, tileBytesAddress };
    const planes = planesOf(layout.format, layout, address);
    const total = this.#encoder.encodeTiles(picture, this.#scratch, planes, 0, picture.tileCount, target);
    const lengths = new Uint32Array(this.#arena.memory.buffer, tileBytesAddress, picture.tileCount);
    return { header: picture.header, tiles: cutTiles(this.#arena.bytes(target.address, total).slice(), lengths) };
  }

  #reserve(area: number, bytes: number): number {
    return (this.#areas[area] as GrowingBlock).reserve(bytes);
  }
}

/** RGB alone can be 4:4:4; what else there is, the encoder knows best. */
function chroma(format: PixelFormat, sampling: Sampling): { sampling?: ChromaSampling } {
  return sampling === "444" && ["rgba", "rgb24", "bgr24"].includes(format) ? { sampling: "4:4:4" } : {};
}

export function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a !== undefined && b !== undefined && Buffer.compare(a, b) === 0;
}
