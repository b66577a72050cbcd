// `bench codec`: how long encoding and decoding a picture takes, beside native libjpeg-turbo in the same run.

import { CODEC_NAMES, type CodecName, createCodec } from "../src/codec/codec.ts";
import { median } from "../src/core/statistics.ts";
import { atMost, type Bench, type Bound, round } from "./bench.ts";
import { footageFrames } from "./footage.ts";
import { loadNativeTurbojpeg } from "./native-turbojpeg.ts";

const QUALITY = 75;

interface CodecFigures {
  name: string;
  encodeMs: number;
  decodeMs: number;
  bytesPerFrame: number;
}

/** One way to encode and decode, timed turn by turn with the others so that noise meets all alike. */
interface Contestant {
  name: string;
  encode: (rgba: Uint8Array) => Promise<Uint8Array> | Uint8Array;
  decode: (jpeg: Uint8Array, rgba: Uint8Array) => unknown;
}

/** jsquash needs this many times the native time at most; measured 20–36 (encode) and 4–6 (decode). */
const JSQUASH_LIMITS = { encode: 70, decode: 12 };

export const codecBench: Bench = async ({ quick, progress }) => {
  const sizes = quick
    ? [{ width: 640, height: 360 }]
    : [
        { width: 640, height: 360 },
        { width: 1280, height: 720 },
        { width: 1920, height: 1080 },
      ];
  const table = [["picture", "codec", "encode ms", "decode ms", "kB", "encode ÷ native", "decode ÷ native"]];
  const bounds: Bound[] = [];
  const figures: Record<string, CodecFigures[]> = {};
  for (const size of sizes) {
    const label = `${size.width}x${size.height}`;
    const frames = footageFrames(size, 8);
    const contestants = await contestantsFor(size);
    const measured = await measure(contestants, frames, quick ? 8 : 24, (turn) => progress(`codec ${label}: ${turn}`));
    figures[label] = measured;
    const native = measured.find(({ name }) => name === NATIVE);
    for (const each of measured) {
      const encodeRatio = native ? each.encodeMs / native.encodeMs : null;
      const decodeRatio = native ? each.decodeMs / native.decodeMs : null;
      const kilobytes = (each.bytesPerFrame / 1000).toFixed(1);
      const ratio = (value: number | null) => value?.toFixed(2) ?? "not installed";
      table.push([
        ...[label, each.name, each.encodeMs.toFixed(2), each.decodeMs.toFixed(2), kilobytes],
        ...[ratio(encodeRatio), ratio(decodeRatio)],
      ]);
      if (each.name === "jsquash" && encodeRatio !== null && decodeRatio !== null) {
        bounds.push(atMost(`jsquash encode ÷ native, ${label}`, encodeRatio, JSQUASH_LIMITS.encode));
        bounds.push(atMost(`jsquash decode ÷ native, ${label}`, decodeRatio, JSQUASH_LIMITS.decode));
      }
    }
  }
  return { name: "codec", figures: { quality: QUALITY, sizes: figures }, bounds, table };
};

const NATIVE = "libjpeg-turbo (native)";

async function contestantsFor({ width, height }: { width: number; height: number }): Promise<Contestant[]> {
  const ours = await Promise.all(
    CODEC_NAMES.map(async (name: CodecName): Promise<Contestant> => {
      const codec = await createCodec(name);
      return {
        name,
        encode: (bytes) => codec.encode({ format: "rgba", width, height, bytes }, QUALITY),
        decode: (jpeg, rgba) => codec.decode(jpeg, rgba),
      };
    }),
  );
  const native = loadNativeTurbojpeg();
  if (native === null) return ours;
  return [
    ...ours,
    {
      name: NATIVE,
      encode: (rgba) => native.encode(rgba, width, height, QUALITY),
      decode: (jpeg, rgba) => native.decode(jpeg, rgba, width, height),
    },
  ];
}

async function measure(
  contestants: readonly Contestant[],
  frames: readonly Uint8Array[],
  turns: number,
  progress: (turn: string) => void,
): Promise<CodecFigures[]> {
  const times = contestants.map(() => ({ encode: [] as number[], decode: [] as number[], bytes: 0 }));
  const target = new Uint8Array(frames[0]?.length ?? 0);
  const warmUpTurns = 2;
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    progress(`turn ${turn + warmUpTurns + 1} of ${turns + warmUpTurns}`);
    const frame = frames[(turn + warmUpTurns) % frames.length] as Uint8Array;
    for (const [index, contestant] of contestants.entries()) {
      const time = times[index] as (typeof times)[number];
      const start = performance.now();
      const jpeg = await contestant.encode(frame);
      const middle = performance.now();
      await contestant.decode(jpeg, target);
      const end = performance.now();
      if (turn < 0) continue;
      time.encode.push(middle - start);
      time.decode.push(end - middle);
      time.bytes += jpeg.length;
    }
  }
  return contestants.map(({ name }, index) => {
    const { encode, decode, bytes } = times[index] as (typeof times)[number];
    return {
      name,
      encodeMs: round(median(encode) ?? 0),
      decodeMs: round(median(decode) ?? 0),
      bytesPerFrame: Math.round(bytes / turns),
    };
  });
}
