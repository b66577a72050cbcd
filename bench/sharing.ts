// `bench sharing`: two workers encode and decode one picture, compared with one worker. The results have the same bytes.

import { Worker } from "node:worker_threads";
import { Arena } from "../src/codec/memory/arena.ts";
import { TILE_BYTES } from "../src/codec/kernel/decode/layout.ts";
import { instantiateDecoder, JpegPicture } from "../src/codec/simd/decoder.ts";
import { seams, shareOut } from "../src/codec/jpeg/tile-rectangles.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { planesOf } from "../src/core/pixel-format.ts";
import { cutTiles, stitchTiles } from "../src/codec/jpeg/stitch.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import { atMost, type Bench, round } from "./bench.ts";
import { footageFrames } from "./footage.ts";
import { CONTROL_WORDS, DECODE, DONE, ENCODE, GO, KIND, type SharingSetup } from "./sharing-setup.ts";

const SIZE = { width: 1920, height: 1080 };
const PIXEL_BYTES = SIZE.width * SIZE.height * 4;
const OUTPUT_BYTES = SIZE.width * SIZE.height;
/** 0.5 would be perfect. If the second core is busy with other work, the ratio is 1. */
const LIMIT = 0.95;

export const sharingBench: Bench = async ({ quick, progress }) => {
  progress("sharing: reading footage");
  const arena = Arena.create();
  const take = (bytes: number) => arena.take(bytes);
  const control = take(4 * CONTROL_WORDS);
  const words = new Int32Array(arena.memory.buffer, control, CONTROL_WORDS);

  const encoder = new SimdEncoder(await WASM.kernel("encoder"), arena.memory);
  const layout = { width: SIZE.width, height: SIZE.height, format: "rgba" } as const;
  const picture = encoder.prepare(take(encoder.stateBytes), { ...layout, quality: 75 });
  const source = take(PIXEL_BYTES);
  arena.bytes(source, PIXEL_BYTES).set(footageFrames(SIZE, 1, "rgba")[0] as Uint8Array);
  const planes = planesOf(layout.format, layout, source);
  const target = () => ({
    address: take(OUTPUT_BYTES),
    bytes: OUTPUT_BYTES,
    tileBytesAddress: take(4 * picture.tileCount),
  });
  const [mine, theirs] = [target(), target()];
  const scratch = take(encoder.scratchBytes);
  const lines = picture.tileCount / picture.tilesPerLine;
  const half = Math.ceil(lines / 2) * picture.tilesPerLine;
  const lengths = (address: number, count: number) => new Uint32Array(arena.memory.buffer, address, count);
  const encodeAlone = () => encoder.encodeTiles(picture, scratch, planes, 0, picture.tileCount, mine);
  const whole = encodeAlone();
  const jpeg = stitchTiles(
    picture.header,
    cutTiles(arena.bytes(mine.address, whole), lengths(mine.tileBytesAddress, picture.tileCount)),
  );

  const kernel = instantiateDecoder(await WASM.kernel("decoder"), arena.memory);
  const decoded = new JpegPicture(kernel, arena.memory, take);
  const input = take(jpeg.length);
  arena.bytes(input, jpeg.length).set(jpeg);
  const info = decoded.readHeader(input, jpeg.length);
  decoded.indexTiles(input, jpeg.length);
  const stride = SIZE.width * 4;
  const [alonePixels, sharedPixels] = [take(PIXEL_BYTES), take(PIXEL_BYTES)];
  const shares = shareOut(info, 2);
  const [first, second] = shares;
  if (first === undefined || second === undefined) throw new Error("the picture cannot be shared out");

  const setup: SharingSetup = {
    memory: arena.memory,
    control,
    encode: {
      picture,
      scratch: take(encoder.scratchBytes),
      planes,
      firstTile: half,
      tiles: picture.tileCount - half,
      target: theirs,
    },
    decode: {
      state: decoded.state,
      scratch: take(decoded.scratchBytes),
      list: decoded.list + second.firstTile * TILE_BYTES,
      tiles: second.tiles,
      pixels: sharedPixels,
      stride,
    },
  };
  const worker = new Worker(new URL("./sharing-worker.ts", import.meta.url), { workerData: setup });
  /** The worker does its share while this thread does the other. */
  const together = (kind: number, ours: () => void) => {
    words[KIND] = kind;
    const turn = Atomics.add(words, GO, 1) + 1;
    Atomics.notify(words, GO);
    ours();
    while (Atomics.load(words, DONE) !== turn);
  };
  const encodeTogether = () =>
    together(ENCODE, () => void encoder.encodeTiles(picture, scratch, planes, 0, half, mine));
  const decodeAlone = () => void decoded.decode(input, jpeg.length, alonePixels, stride);
  const decodeTogether = () => {
    decoded.readHeader(input, jpeg.length);
    decoded.indexTiles(input, jpeg.length);
    together(DECODE, () => {
      kernel.decodeTiles(decoded.state, decoded.scratch(), decoded.list, first.tiles, sharedPixels, stride, 0);
    });
    for (const seam of seams(info, shares, kernel.waitingRows(decoded.state, 0)))
      decoded.convert(seam, sharedPixels, stride);
  };
  const ways = { encodeAlone, encodeTogether, decodeAlone, decodeTogether };
  progress("sharing: warming up");
  for (let turn = 0; turn < 30; turn++) for (const way of Object.values(ways)) way();

  encodeTogether();
  const parts = lengths(mine.tileBytesAddress, half).reduce((sum, bytes) => sum + bytes, 0);
  const joined = Buffer.concat([arena.bytes(mine.address, parts), arena.bytes(theirs.address, whole - parts)]);
  encodeAlone();
  const isSameJpeg = joined.equals(arena.bytes(mine.address, whole));
  const isSamePicture = Buffer.from(arena.bytes(alonePixels, PIXEL_BYTES)).equals(
    arena.bytes(sharedPixels, PIXEL_BYTES),
  );

  const times: Record<keyof typeof ways, number[]> = {
    encodeAlone: [],
    encodeTogether: [],
    decodeAlone: [],
    decodeTogether: [],
  };
  for (let turn = 0; turn < (quick ? 60 : 300); turn++) {
    if (turn % 20 === 0) progress(`sharing: turn ${turn}`);
    for (const [name, way] of Object.entries(ways) as [keyof typeof ways, () => void][]) {
      const start = performance.now();
      way();
      times[name].push(performance.now() - start);
    }
  }
  await worker.terminate();
  const ms = Object.fromEntries(Object.entries(times).map(([name, values]) => [name, bestQuarter(values)])) as Record<
    keyof typeof ways,
    number
  >;
  const [encode, decode] = [ms.encodeTogether / ms.encodeAlone, ms.decodeTogether / ms.decodeAlone];
  return {
    name: "sharing",
    figures: { ...SIZE, ms, isSameJpeg, isSamePicture },
    bounds: [
      // A second core that is busy for a moment spoils a short run, so the bound applies only to the long run.
      ...(quick
        ? []
        : [
            atMost("encode: two workers ÷ one, 1920x1080", encode, LIMIT),
            atMost("decode: two workers ÷ one, 1920x1080", decode, LIMIT),
          ]),
      atMost("results that differ", Number(!isSameJpeg) + Number(!isSamePicture), 0),
    ],
    table: [
      ["1920x1080", "one worker", "two", "ratio"],
      ["encode", `${ms.encodeAlone.toFixed(2)} ms`, `${ms.encodeTogether.toFixed(2)} ms`, encode.toFixed(2)],
      ["decode", `${ms.decodeAlone.toFixed(2)} ms`, `${ms.decodeTogether.toFixed(2)} ms`, decode.toFixed(2)],
    ],
    chart: {
      title: "One picture shared out between two workers (1920x1080)",
      panels: [
        {
          kind: "bars",
          title: "Best quarter of all turns",
          unit: "ms",
          groups: ["encode", "decode"],
          series: [
            { name: "one worker", values: [ms.encodeAlone, ms.decodeAlone] },
            { name: "two", values: [ms.encodeTogether, ms.decodeTogether] },
          ],
        },
      ],
    },
  };
};

/** The median would show whether the second core was busy with other work. The best quarter does not. */
function bestQuarter(values: readonly number[]): number {
  return round(values.toSorted((a, b) => a - b)[values.length >> 2] ?? 0);
}
