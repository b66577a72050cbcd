// A model of tile delivery: the server's real audience and renditions, simulated encoders, and viewers that follow wire.ts literally.

import { expect } from "bun:test";
import type { PreparedPicture } from "../../src/codec/tile-jobs.ts";
import { Health } from "../../src/core/health.ts";
import { type Log, SILENT_LOG } from "../../src/core/log.ts";
import type { Trace } from "../../src/core/trace.ts";
import type { Source } from "../../src/capture/source.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import type { AdaptationLimits } from "../../src/server/deliver/quality/adaptation.ts";
import { CameraControls } from "../../src/server/deliver/camera-controls.ts";
import { PictureFeed } from "../../src/server/renditions/feed.ts";
import { Reception } from "../../src/server/doors/reception.ts";
import type { Rendition } from "../../src/server/renditions/rendition.ts";
import { RenditionRegistry } from "../../src/server/renditions/registry.ts";
import { pictureOf } from "./encoded-pictures.ts";
import { DEFAULT_ACCESS_LIMITS } from "../../src/server/access/limits.ts";
import { Audience } from "../../src/server/deliver/audience.ts";
import { JPEG_START, ModelViewer } from "./model-viewer.ts";

export const TILES = 8;
/** The number of bytes of a tile, by the halvings of its rendition. Whole pictures are large enough to measure the rate of a link. */
const TILE_BYTES = [1_000, 700, 300] as const;
/** The number of bytes of a JPEG that the source delivers. */
const JPEG_BYTES = 7_900;

/** The pictures that a started rendition must show: for each frame, the number of the frame that last changed each tile. */
export interface Truth {
  readonly tileBytes: number;
  readonly frames: Map<number, readonly number[]>;
  newest: number;
}

/** The frame that is being encoded, for all renditions. */
interface Open {
  frame: number;
  parts: { first: number; count: number }[];
  changed: boolean[];
  renditions: { rendition: Rendition; truth: Truth; state: number[] }[];
}

export class World implements Disposable {
  readonly renditions = new RenditionRegistry();
  readonly pictures = new PictureFeed({ source: { framesPerSecond: 30 }, codec: "simd", quality: 80 });
  readonly health: Health = new Health(() => this.audience.notifyAll());
  readonly audience: Audience;
  readonly reception: Reception;
  readonly models: ModelViewer[] = [];
  /** The index is the epoch, a number in the JPEG header of the Stream message. */
  readonly truths: Truth[] = [];
  size: Size = { width: 1280, height: 720 };
  frame = 0;
  /** Whether the source's last frame is a JPEG. */
  #passesOn = false;
  /** The number of the newest frame from which tiles were made. */
  #tiled = 0;
  readonly #startedSize = new Map<Rendition, Size>();
  readonly #truthOf = new Map<Rendition, Truth>();
  #open: Open | null = null;

  constructor(limits: AdaptationLimits, { log = SILENT_LOG, trace = null }: { log?: Log; trace?: Trace | null } = {}) {
    const source: Source = { name: "model", framesPerSecond: 30, run: () => Promise.resolve() };
    this.audience = new Audience({
      name: "model",
      route: null,
      controls: new CameraControls({ source, areSettable: false, log: SILENT_LOG }),
      quality: 80,
      renditions: this.renditions,
      pictures: this.pictures,
      captures: { intervalMicros: 33_333 },
      transcodes: true,
      health: this.health,
      listener: { demandChanged: () => undefined, frameAcknowledged: () => undefined, frameAwaited: () => undefined },
      log,
      trace,
      followDoor: null,
    });
    this.reception = new Reception({
      limits,
      // The clock moves only when a model moves it. So calls without a pause do not count as a flood, and a wait does not count as a stall.
      access: { ...DEFAULT_ACCESS_LIMITS, connectsPerSecond: 10_000, messagesPerSecond: 100_000, stallSeconds: 3_600 },
      findCamera: () => this.audience,
      keys: null,
      listCameras: () => [],
      log: SILENT_LOG,
    });
  }

  /** Ends all viewers, so that none of their timers fires in a later test. */
  [Symbol.dispose](): void {
    for (const model of this.models) model.hangUp();
  }

  join(): ModelViewer {
    const model = new ModelViewer(this.reception, this.truths);
    this.models.push(model);
    return model;
  }

  /**
   * Does the same as the tile scheduler when it takes a frame. `prepares` says whether missing tables are made now. With `lag` the
   * frame is a decoded JPEG, this many frames behind the newest. If the source delivers no JPEGs, the call then does nothing.
   */
  openFrame(changed: boolean[], partTiles: number, prepares: boolean, lag: number | null = null): void {
    this.commitFrame();
    const isDecoded = lag !== null && this.#passesOn;
    const frame = isDecoded ? Math.max(this.#tiled + 1, this.frame - lag) : this.frame + 1;
    if (isDecoded && frame > this.frame) return;
    if (!isDecoded) {
      this.audience.useTiles(this.size);
      this.#passesOn = false;
    }
    for (const rendition of this.renditions.takeRetired()) rendition.stop();
    for (const rendition of this.renditions.wanted) {
      if (rendition.picture !== null && this.#startedSize.get(rendition) !== this.size) rendition.stop();
      if (rendition.picture === null && prepares) this.#start(rendition);
    }
    const ready = this.renditions.wanted.filter(({ picture }) => picture !== null);
    if (ready.length === 0) return;
    this.frame = Math.max(frame, this.frame);
    this.#tiled = frame;
    const open: Open = { frame, parts: [], changed, renditions: [] };
    for (let first = 0; first < TILES; first += partTiles)
      open.parts.push({ first, count: Math.min(partTiles, TILES - first) });
    for (const rendition of ready) {
      const truth = this.#truthOf.get(rendition) as Truth;
      open.renditions.push({ rendition, truth, state: [...(truth.frames.get(truth.newest) ?? [])] });
      rendition.open(open.frame, 1000 * open.frame);
      this.audience.begin(rendition, open.frame);
    }
    this.#open = open;
  }

  /** Encodes one more part of the open frame. The last part makes the frame whole. */
  encodePart(which: number): void {
    const open = this.#open;
    if (open === null) return;
    const [part] = open.parts.splice(which % open.parts.length, 1);
    if (part === undefined) throw new Error("a frame was open without parts");
    const isLast = open.parts.length === 0;
    for (const { rendition, truth, state } of open.renditions) {
      for (let tile = part.first; tile < part.first + part.count; tile++) {
        if (!rendition.isNew && !open.changed[tile]) continue;
        state[tile] = open.frame;
        const bytes = tileBytes(truth.tileBytes, this.truths.indexOf(truth), tile, open.frame);
        rendition.put([tile], [bytes.length], bytes);
      }
      if (isLast) truth.frames.set(open.frame, state);
      this.audience.part(rendition, { ...part, isLast });
    }
    if (!isLast) return;
    this.#open = null;
    for (const { rendition, truth } of open.renditions) {
      truth.newest = open.frame;
      rendition.commit(truth.tileBytes);
      this.audience.commit(rendition);
    }
  }

  commitFrame(): void {
    while (this.#open !== null) this.encodePart(0);
  }

  abortFrame(): void {
    const open = this.#open;
    this.#open = null;
    for (const { rendition } of open?.renditions ?? []) {
      rendition.abort();
      this.audience.abort(rendition);
    }
  }

  /** The source delivers a JPEG, which contains its frame number. */
  jpeg(): void {
    this.frame++;
    this.#passesOn = true;
    const jpeg = new Uint8Array(JPEG_BYTES);
    jpeg.set([...JPEG_START, ...new Uint8Array(Uint32Array.of(this.frame).buffer)]);
    const stamps = { capturedAt: this.frame, encodedAt: this.frame };
    this.audience.publish(pictureOf({ ...this.size, ...stamps, frameNumber: this.frame, isPassedOn: true }, jpeg));
  }

  /** Each viewer reads and shows everything at once, until no more bytes come. */
  settle(): void {
    for (const model of this.models) model.read(Number.POSITIVE_INFINITY);
    while (this.models.some((model) => model.acknowledge(0, "shown", { transfer: 100, work: 100 })));
  }

  #start(rendition: Rendition): void {
    const { level } = rendition;
    const truth: Truth = { tileBytes: TILE_BYTES[level.halvings] as number, frames: new Map(), newest: 0 };
    const epoch = this.truths.push(truth) - 1;
    const header = new Uint8Array(Uint32Array.of(epoch).buffer);
    const picture: PreparedPicture = {
      stateAddress: 0,
      tileCount: TILES,
      tilesPerLine: 1,
      restartIntervalMcus: 1,
      planeCount: 1,
      header,
    };
    rendition.start(picture, {
      width: this.size.width >> level.halvings,
      height: this.size.height >> level.halvings,
      framesPerSecond: 30,
      codec: "simd",
      quality: level.quality,
      sourceWidth: this.size.width,
      sourceHeight: this.size.height,
    });
    this.#startedSize.set(rendition, this.size);
    this.#truthOf.set(rendition, truth);
    expect(rendition.isNew).toBe(true);
  }
}

/** The bytes of a tile, which name its epoch, its number and its frame. */
export function tileBytes(length: number, epoch: number, tile: number, frame: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new Uint32Array(bytes.buffer, 0, 3).set([epoch, tile, frame]);
  return bytes;
}
