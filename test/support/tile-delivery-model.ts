// A world in memory for the model of tiles: the server's real books, encoders that are played, and viewers by the letter of wire.ts.

import { expect } from "bun:test";
import type { PreparedPicture } from "../../src/codec/tile-jobs.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import type { AdaptationLimits } from "../../src/server/deliver/adaptation.ts";
import { CameraControls } from "../../src/server/deliver/camera-controls.ts";
import { PictureFeed } from "../../src/server/renditions/feed.ts";
import { Reception } from "../../src/server/doors/reception.ts";
import type { Rendition } from "../../src/server/renditions/rendition.ts";
import { RenditionRegistry } from "../../src/server/renditions/registry.ts";
import { pictureOf } from "./encoded-pictures.ts";
import { Audience } from "../../src/server/deliver/audience.ts";
import { JPEG_START, ModelViewer } from "./model-viewer.ts";

export const TILES = 8;
/** A tile's bytes by how often its picture is halved: whole pictures are large enough to tell a link's rate by. */
const TILE_BYTES = [1_000, 700, 300] as const;
/** Of a JPEG that the source hands over. */
const JPEG_BYTES = 7_900;

/** What one start of a rendition truly shows: for each frame, the number of the frame that last changed each tile. */
export interface Truth {
  readonly tileBytes: number;
  readonly frames: Map<number, readonly number[]>;
  newest: number;
}

/** A part of the open frame: some tiles in a row, of all renditions, of which some have changed. */
interface Open {
  frame: number;
  parts: { first: number; count: number }[];
  changed: boolean[];
  renditions: { rendition: Rendition; truth: Truth; state: number[] }[];
}

export class World {
  readonly renditions = new RenditionRegistry();
  readonly pictures = new PictureFeed(({ width, height }) => ({
    ...{ width, height, framesPerSecond: 30, codec: "jpeg", quality: 0 },
    ...{ sourceWidth: width, sourceHeight: height, jpegHeader: new Uint8Array() },
  }));
  readonly audience: Audience;
  readonly reception: Reception;
  readonly models: ModelViewer[] = [];
  /** By the epoch that the JPEG header of its Stream names. */
  readonly truths: Truth[] = [];
  size: Size = { width: 1280, height: 720 };
  frame = 0;
  /** Whether what the source handed over last is a JPEG. */
  #passesOn = false;
  /** The newest frame of which tiles were made. */
  #tiled = 0;
  readonly #startedSize = new Map<Rendition, Size>();
  readonly #truthOf = new Map<Rendition, Truth>();
  #open: Open | null = null;

  constructor(limits: AdaptationLimits) {
    this.audience = new Audience({
      controls: new CameraControls({
        source: { name: "model", framesPerSecond: 30, run: () => Promise.resolve() },
        areSettable: false,
        say: () => undefined,
      }),
      ...{ name: "model", quality: 80, renditions: this.renditions, pictures: this.pictures },
      transcodes: true,
      captureIntervalMicros: () => 33_333,
      onChanged: () => undefined,
      say: () => undefined,
    });
    this.reception = new Reception({
      limits,
      findCamera: () => this.audience.camera,
      listCameras: () => [],
      say: () => undefined,
    });
  }

  join(): ModelViewer {
    const model = new ModelViewer(this.reception, this.truths);
    this.models.push(model);
    return model;
  }

  /**
   * As the tile pipeline does when it takes a frame; `prepares` says whether tables that are missing are ready by now. With
   * `lag` it is a JPEG that was decoded, so many frames behind the newest, if there is one.
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
      this.audience.beginFrame(rendition, open.frame);
    }
    this.#open = open;
  }

  /** One more part of the open frame is done, whichever; with the last one the frame is whole. */
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
      this.audience.sendPart(rendition, part.first, part.count, isLast);
    }
    if (!isLast) return;
    this.#open = null;
    for (const { rendition, truth } of open.renditions) {
      truth.newest = open.frame;
      rendition.commit(truth.tileBytes);
      this.audience.publishTiles(rendition);
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
      this.audience.abortFrame(rendition);
    }
  }

  /** The source hands over a JPEG, in which its number stands. */
  jpeg(): void {
    this.frame++;
    this.#passesOn = true;
    const jpeg = new Uint8Array(JPEG_BYTES);
    jpeg.set([...JPEG_START, ...new Uint8Array(Uint32Array.of(this.frame).buffer)]);
    const stamps = { capturedAt: this.frame, encodedAt: this.frame };
    this.audience.publish(pictureOf({ ...this.size, ...stamps, frameNumber: this.frame, isPassedOn: true }, jpeg));
  }

  /** Every viewer reads and shows all there is, at once, until nothing comes any more. */
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
      ...{ stateAddress: 0, tileCount: TILES, tilesPerLine: 1, restartIntervalMcus: 1, planeCount: 1, header },
    };
    const scaled = { width: this.size.width >> level.halvings, height: this.size.height >> level.halvings };
    rendition.start(picture, {
      ...{ ...scaled, framesPerSecond: 30, codec: "simd", quality: level.quality },
      ...{ sourceWidth: this.size.width, sourceHeight: this.size.height },
    });
    this.#startedSize.set(rendition, this.size);
    this.#truthOf.set(rendition, truth);
    expect(rendition.isNew).toBe(true);
  }
}

/** Bytes that say which tile of what, as of which frame. */
export function tileBytes(length: number, epoch: number, tile: number, frame: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new Uint32Array(bytes.buffer, 0, 3).set([epoch, tile, frame]);
  return bytes;
}
