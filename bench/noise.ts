// `bench noise`: the bytes that `--noise` saves and the quality that it costs, for several strengths of sensor noise and several bounds.
//
// The tile encoder encodes footage with Gaussian noise twice: all tiles, and only the changed tiles. Both results are
// decoded and compared with the footage without noise.

import { Arena } from "../src/codec/memory/arena.ts";
import { instantiateDecoder, JpegPicture } from "../src/codec/simd/decoder.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { tileGrid } from "../src/codec/jpeg/tile-grid.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import { stitchTiles } from "../src/codec/jpeg/stitch.ts";
import { createTileEncoder } from "../src/codec/simd/tile-encoder.ts";
import { type EncodeTilesJob, type TileEncoder, UNCHANGED } from "../src/codec/tile-jobs.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import type { Chart } from "./chart.ts";
import { footageFrames } from "./footage.ts";
import { addNoise } from "./sensor-noise.ts";

const SIZE = { width: 768, height: 576 };
const FORMAT = "yuvj420p";
const QUALITY = 75;
const SIGMAS = [0, 1, 2, 3, 5];
const DEFAULT_NOISE = 2;
/** The largest loss in dB compared with encoding all tiles, for the default bound and for a bound that suits the noise. */
const LOSS_LIMIT_DB = 0.5;

interface Outcome {
  sigma: number;
  noise: number | null;
  psnrDb: number;
  share: number;
  bytesPerFrame: number;
  worstMeanOff: number;
}

export const noiseBench: Bench = async ({ quick, progress }) => {
  const count = quick ? 8 : 40;
  const clean = footageFrames(SIZE, count, FORMAT);
  const cleanRgba = footageFrames(SIZE, count, "rgba");
  const outcomes: Outcome[] = [];
  const bounds: Bound[] = [];
  for (const sigma of quick ? [2] : SIGMAS) {
    const noisy = clean.map((frame, index) => addNoise(frame, sigma, index + 1));
    progress(`noise: sigma ${sigma}, everything`);
    const all = await run(noisy, cleanRgba, null, sigma);
    outcomes.push(all);
    for (const noise of new Set([DEFAULT_NOISE, ...(quick ? [] : [0, Math.max(1, sigma)])])) {
      progress(`noise: sigma ${sigma}, bound ${noise}`);
      const some = await run(noisy, cleanRgba, noise, sigma);
      outcomes.push(some);
      bounds.push(atMost(`dB lost, sigma ${sigma}, --noise ${noise}`, all.psnrDb - some.psnrDb, LOSS_LIMIT_DB));
      bounds.push(atMost(`block mean off, sigma ${sigma}, --noise ${noise}`, some.worstMeanOff, noise));
    }
  }
  const header = [
    "sensor noise",
    "--noise",
    "PSNR to the clean picture",
    "tiles encoded",
    "kB/frame",
    "worst block mean off",
  ];
  const rows = outcomes.map(({ sigma, noise, psnrDb, share, bytesPerFrame, worstMeanOff }) => [
    ...[
      `σ ${sigma}`,
      noise === null ? "off" : String(noise),
      `${psnrDb.toFixed(2)} dB`,
      `${(100 * share).toFixed(1)} %`,
    ],
    ...[(bytesPerFrame / 1000).toFixed(1), worstMeanOff.toFixed(2)],
  ]);
  const groups = outcomes.map(({ sigma, noise }) => `σ ${sigma}, --noise ${noise ?? "off"}`);
  const panel = (title: string, unit: string, values: number[]) =>
    ({ kind: "bars", title, unit, groups, series: [{ name: unit, values }] }) as const;
  const chart: Chart = {
    title: `Encoding only changes above the noise bound (${SIZE.width}x${SIZE.height}, quality ${QUALITY})`,
    panels: [
      panel(
        "Bytes of a frame, by sensor noise and bound",
        "kB",
        outcomes.map(({ bytesPerFrame }) => bytesPerFrame / 1000),
      ),
      panel(
        "Likeness to the picture without noise (PSNR)",
        "dB",
        outcomes.map(({ psnrDb }) => psnrDb),
      ),
    ],
  };
  return { name: "noise", figures: { ...SIZE, quality: QUALITY, outcomes }, bounds, table: [header, ...rows], chart };
};

/** Encodes and decodes all frames. The figures leave out the first frame, in which every tile is new. */
async function run(
  frames: readonly Uint8Array[],
  clean: readonly Uint8Array[],
  noise: number | null,
  sigma: number,
): Promise<Outcome> {
  const stream = await Stream.create(noise);
  let squares = 0;
  let encoded = 0;
  let bytes = 0;
  let worstMeanOff = 0;
  for (const [index, frame] of frames.entries()) {
    const sent = stream.encode(frame);
    if (index === 0) continue;
    encoded += sent.tiles;
    bytes += sent.bytes;
    worstMeanOff = Math.max(worstMeanOff, worstBlockMeanOff(frame, stream.reference));
    squares += meanSquareError(stream.decode(), clean[index] as Uint8Array);
  }
  const measured = frames.length - 1;
  return {
    sigma,
    noise,
    psnrDb: round(10 * Math.log10(255 ** 2 / (squares / measured))),
    share: round(encoded / measured / stream.tileCount),
    bytesPerFrame: Math.round(bytes / measured),
    worstMeanOff,
  };
}

/** The tile encoder and a decoder, on one arena and in one thread. */
class Stream {
  readonly tileCount: number;
  readonly #arena: Arena;
  readonly #encoder: TileEncoder;
  readonly #decoded: JpegPicture;
  readonly #tiles: Uint8Array[] = [];
  readonly #job: EncodeTilesJob;
  readonly #scale: EncodeTilesJob["scales"][number];
  readonly #jpegAddress: number;
  readonly #rgbaAddress: number;
  readonly #addresses: [number, number];
  #frames = 0;

  static async create(noise: number | null): Promise<Stream> {
    const arena = Arena.create();
    const encoder = new SimdEncoder(await WASM.kernel("encoder"), arena.memory);
    const decoder = instantiateDecoder(await WASM.kernel("decoder"), arena.memory);
    return new Stream(arena, encoder, new JpegPicture(decoder, arena.memory, (bytes) => arena.take(bytes)), noise);
  }

  private constructor(arena: Arena, encoder: SimdEncoder, decoded: JpegPicture, noise: number | null) {
    this.#arena = arena;
    this.#decoded = decoded;
    this.#encoder = createTileEncoder(arena, encoder, arena.take(encoder.scratchBytes));
    const { mcuLines, tilesPerLine, mcuHeightPixels, tileCount } = tileGrid("4:2:0", SIZE.width, SIZE.height);
    this.tileCount = tileCount;
    const layout = { ...SIZE, format: FORMAT, quality: QUALITY } as const;
    const picture = this.#encoder.prepare({ kind: "prepare-tiles", ...layout, sampling: "4:2:0", stateAddress: null });
    const pixels = SIZE.width * SIZE.height;
    this.#addresses = [arena.take(pixels * 2), arena.take(pixels * 2)];
    this.#jpegAddress = arena.take(pixels * 2);
    this.#rgbaAddress = arena.take(pixels * 4);
    this.#scale = {
      ...SIZE,
      address: this.#addresses[0],
      mcuLines,
      tilesPerLine,
      mcuHeight: mcuHeightPixels,
      referenceAddress: null,
      becomesReference: true,
      noise,
      refresh: { first: 0, count: 0 },
      renditions: [{ picture, isNew: false, lengthsAddress: arena.take(4 * tileCount) }],
    };
    this.#job = {
      kind: "encode-tiles",
      format: FORMAT,
      counterAddress: arena.take(4),
      bands: 1,
      bandLines: mcuLines,
      scales: [this.#scale],
      saysParts: false,
    };
  }

  /** For each tile, the pixels that were last encoded. */
  get reference(): Uint8Array {
    return this.#arena.bytes(this.#scale.address, (SIZE.width * SIZE.height * 3) / 2);
  }

  encode(frame: Uint8Array): { tiles: number; bytes: number } {
    // The frames use two buffers alternately, because each frame becomes the reference of the next.
    const address = this.#addresses[this.#frames % 2] as number;
    if (this.#frames++ > 0) this.#scale.referenceAddress = this.#scale.address;
    this.#scale.address = address;
    this.#arena.bytes(address, frame.length).set(frame);
    new Int32Array(this.#arena.memory.buffer, this.#job.counterAddress, 1)[0] = 0;
    const sent = { tiles: 0, bytes: 0 };
    this.#encoder.encode(this.#job, ({ outputs }) => {
      const output = outputs[0];
      const lengths = new Uint32Array(
        this.#arena.memory.buffer,
        this.#scale.renditions[0]?.lengthsAddress,
        this.tileCount,
      );
      let at = output?.address ?? 0;
      for (const [tile, length] of lengths.entries()) {
        if (length === UNCHANGED) continue;
        this.#tiles[tile] = this.#arena.bytes(at, length).slice();
        at += length;
        sent.tiles++;
        sent.bytes += length;
      }
    });
    return sent;
  }

  /** Decodes all current tiles to RGBA. */
  decode(): Uint8Array {
    const header = this.#scale.renditions[0]?.picture.header ?? new Uint8Array();
    const jpeg = stitchTiles(header, this.#tiles);
    this.#arena.bytes(this.#jpegAddress, jpeg.length).set(jpeg);
    this.#decoded.decode(this.#jpegAddress, jpeg.length, this.#rgbaAddress, SIZE.width * 4);
    return this.#arena.bytes(this.#rgbaAddress, SIZE.width * SIZE.height * 4);
  }
}

/** The mean square error of red, green and blue. */
function meanSquareError(a: Uint8Array, b: Uint8Array): number {
  let squares = 0;
  for (let at = 0; at < a.length; at++) {
    if ((at & 3) < 3) squares += ((a[at] as number) - (b[at] as number)) ** 2;
  }
  return squares / ((a.length / 4) * 3);
}

/** The largest difference between the mean of an 8 × 8 block of luma and the mean of the same block in the reference. */
function worstBlockMeanOff(frame: Uint8Array, reference: Uint8Array): number {
  const { width, height } = SIZE;
  let worst = 0;
  for (let top = 0; top < height; top += 8) {
    for (let left = 0; left < width; left += 8) {
      let sum = 0;
      for (let y = top; y < top + 8; y++) {
        for (let x = left; x < left + 8; x++) {
          sum += (frame[y * width + x] as number) - (reference[y * width + x] as number);
        }
      }
      worst = Math.max(worst, Math.abs(sum) / 64);
    }
  }
  return worst;
}
