// Footage of tiles: a picture that changes in parts, and the tiles that the encoder makes from each frame.

import { frameBytes } from "../../src/core/pixel-format.ts";
import { cutTiles, stitchTiles } from "../../src/codec/jpeg/stitch.ts";
import type { PictureFormat } from "../../src/codec/simd/encoder.ts";
import { mcusPerLine } from "../../src/codec/jpeg/tile-grid.ts";
import { supportedVariant } from "../../src/codec/wasm/variants.ts";
import type { StreamHeader } from "../../src/protocol/messages.ts";
import { EncoderFixture } from "./encoder-kernel.ts";
import type { NumberedTile } from "./tile-lists.ts";

/** The format with tiles of at most `tileMcus` MCUs. The width is the largest such number that divides a line. */
export function footageFormat(format: Omit<PictureFormat, "restartIntervalMcus">, tileMcus: number): PictureFormat {
  const mcus = mcusPerLine(format.width, format.sampling ?? "4:2:0");
  let restartIntervalMcus = Math.min(mcus, Math.max(1, tileMcus));
  while (mcus % restartIntervalMcus !== 0) restartIntervalMcus--;
  return { ...format, restartIntervalMcus };
}

export class TileFootage {
  readonly format: PictureFormat;
  readonly #bench: EncoderFixture;
  readonly #random: () => number;
  readonly #pixels: Uint8Array;
  header = new Uint8Array();
  tiles: Uint8Array[] = [];

  private constructor(bench: EncoderFixture, format: PictureFormat, random: () => number) {
    this.#bench = bench;
    this.format = format;
    this.#random = random;
    this.#pixels = new Uint8Array(frameBytes(format.format, format.width, format.height));
    this.change(1);
  }

  static async create(format: PictureFormat, random: () => number = Math.random): Promise<TileFootage> {
    bench ??= EncoderFixture.create(supportedVariant() ?? "plain");
    return new TileFootage(await bench, format, random);
  }

  /** The Stream message for its tiles. */
  get stream(): StreamHeader {
    const { width, height, quality } = this.format;
    const source = { sourceWidth: width, sourceHeight: height };
    return { width, height, framesPerSecond: 30, codec: "simd", quality, ...source, jpegHeader: this.header };
  }

  /** The whole picture of the current frame. */
  get jpeg(): Uint8Array {
    return stitchTiles(this.header, this.tiles);
  }

  get allTiles(): NumberedTile[] {
    return this.tiles.map((bytes, number) => ({ number, bytes }));
  }

  /** Changes at most this share of the picture's bytes, in one run. Returns the changed tiles. */
  change(share: number): NumberedTile[] {
    const random = this.#random;
    const length = Math.floor(this.#pixels.length * share);
    const from = Math.floor(random() * (this.#pixels.length - length + 1));
    const base = random() * 200;
    const step = random() * 0.2;
    for (let at = from; at < from + length; at++) this.#pixels[at] = base + 40 * Math.sin(at * step) + random() * 16;
    const before = this.tiles;
    const { tiles, tileBytes, picture } = this.#bench.encode(this.format, this.#pixels);
    this.header = new Uint8Array(picture.header);
    this.tiles = cutTiles(tiles, tileBytes);
    return this.allTiles.filter(({ number, bytes }) => Buffer.compare(bytes, before[number] ?? new Uint8Array()) !== 0);
  }
}

let bench: Promise<EncoderFixture> | null = null;

/** Divides a list at random places into this number of parts. Some may be empty. */
export function splitRandomly<T>(list: readonly T[], parts: number, random: () => number): T[][] {
  const cuts = Array.from({ length: parts - 1 }, () => Math.floor(random() * (list.length + 1)));
  const ends = [...cuts.toSorted((a, b) => a - b), list.length];
  return ends.map((end, i) => list.slice(ends[i - 1] ?? 0, end));
}
