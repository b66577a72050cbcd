// `bench codec`: the time to encode and decode a picture, compared with native libjpeg-turbo in the same run.

import { atLeast, atMost, type Bench, type Bound, round } from "./bench.ts";
import type { BarPanel, Chart } from "./chart.ts";
import { type Contestant, createContestants, NATIVE } from "./codec-contestants.ts";
import { footageFrames } from "./footage.ts";
import { threadClock } from "./thread-time.ts";
import { median } from "../src/core/statistics.ts";

const QUALITY = 75;
/** The pause between two pictures of a camera. Meanwhile other data fills the caches. */
const CADENCE_MS = 16;
/** The calls before the measurement. The engine optimises code only after it has run for a while. */
const WARM_UP_CALLS = 30;

/** Bounds of the ratios to native libjpeg-turbo (RGBA, 4:2:0). docs/codec.md has measured figures and their spread. */
const LIMITS: Record<string, { encodeRotating: number; encodeHot: number; decodeRotating: number; decodeBox: number }> =
  {
    "simd (relaxed)": { encodeRotating: 0.85, encodeHot: 0.75, decodeRotating: 0.95, decodeBox: 0.95 },
    "simd (plain)": { encodeRotating: 1.0, encodeHot: 0.92, decodeRotating: 1.2, decodeBox: 1.1 },
  };
/** The codec simd must be at least this many times as fast as jsquash. */
const FASTER_THAN_JSQUASH = { encode: 25, decode: 4 };

const now = threadClock();

interface Figures {
  name: string;
  encodeHotMs: number;
  encodeRotatingMs: number;
  decodeRotatingMs: number;
  decodeBoxMs: number;
  bytesPerFrame: number;
}

export const codecBench: Bench = async ({ quick, progress }) => {
  const sizes = quick
    ? [{ width: 1280, height: 720 }]
    : [
        { width: 1280, height: 720 },
        { width: 1920, height: 1080 },
        { width: 3840, height: 2160 },
      ];
  const header = ["picture", "codec", "encode: hot", "rotating", "decode: rotating", "box, hot", "kB"];
  const table = [header];
  const bounds: Bound[] = [];
  const figures: Record<string, Figures[]> = {};
  for (const size of sizes) {
    const label = `${size.width}x${size.height}`;
    progress(`codec ${label}: reading footage`);
    const rgba = footageFrames(size, quick ? 8 : 16, "rgba");
    const planar = footageFrames(size, quick ? 8 : 16, "yuvj420p");
    const contestants = await createContestants(size, QUALITY, { rgba, yuvj420p: planar });
    const measured = await measure(contestants, rgba.length, quick ? 16 : 48, (what) =>
      progress(`codec ${label}: ${what}`),
    );
    figures[label] = measured;
    const native = measured.find(({ name }) => name === NATIVE);
    for (const each of measured) {
      const cell = (key: Exclude<keyof Figures, "name" | "bytesPerFrame">) => {
        if (Number.isNaN(each[key])) return "";
        const ratio = native === undefined ? "" : ` (${(each[key] / native[key]).toFixed(2)}×)`;
        return `${each[key].toFixed(2)} ms${ratio}`;
      };
      table.push([
        ...[
          label,
          each.name,
          cell("encodeHotMs"),
          cell("encodeRotatingMs"),
          cell("decodeRotatingMs"),
          cell("decodeBoxMs"),
        ],
        (each.bytesPerFrame / 1000).toFixed(1),
      ]);
    }
    if (native !== undefined) bounds.push(...boundsAgainstNative(label, measured, native));
    bounds.push(...boundsAgainstJsquash(label, measured));
  }
  const chart: Chart = {
    title: `Encoding and decoding real footage at quality ${QUALITY}`,
    panels: Object.entries(figures).map(([label, all]) => chartPanel(label, all)),
  };
  return { name: "codec", figures: { quality: QUALITY, sizes: figures }, bounds, table, chart };
};

/** The chart leaves out jsquash: it takes about fifty times as long, so the other bars would look equal beside it. */
function chartPanel(label: string, measured: readonly Figures[]): BarPanel {
  const shown = measured.filter(({ name }) => name !== "jsquash");
  return {
    kind: "bars",
    title: `${label}, pictures coming as from a camera, one thread`,
    unit: "ms",
    groups: shown.map(({ name }) => name),
    series: [
      { name: "encode", values: shown.map(({ encodeRotatingMs }) => encodeRotatingMs) },
      { name: "decode", values: shown.map(({ decodeRotatingMs }) => decodeRotatingMs) },
    ],
  };
}

function boundsAgainstNative(label: string, measured: readonly Figures[], native: Figures): Bound[] {
  return measured.flatMap((each) => {
    const limits = LIMITS[each.name];
    if (limits === undefined) return [];
    const bound = (what: string, value: number, of: number, limit: number) =>
      atMost(`${each.name} ${what} ÷ native, ${label}`, value / of, limit);
    return [
      bound("encode hot", each.encodeHotMs, native.encodeHotMs, limits.encodeHot),
      bound("encode rotating", each.encodeRotatingMs, native.encodeRotatingMs, limits.encodeRotating),
      bound("decode rotating", each.decodeRotatingMs, native.decodeRotatingMs, limits.decodeRotating),
      bound("decode box", each.decodeBoxMs, native.decodeBoxMs, limits.decodeBox),
    ];
  });
}

function boundsAgainstJsquash(label: string, measured: readonly Figures[]): Bound[] {
  const simd = measured.find(({ name }) => name === "simd (relaxed)");
  const jsquash = measured.find(({ name }) => name === "jsquash");
  if (simd === undefined || jsquash === undefined) return [];
  return [
    atLeast(
      `jsquash ÷ simd, encode, ${label}`,
      jsquash.encodeRotatingMs / simd.encodeRotatingMs,
      FASTER_THAN_JSQUASH.encode,
    ),
    atLeast(
      `jsquash ÷ simd, decode, ${label}`,
      jsquash.decodeRotatingMs / simd.decodeRotatingMs,
      FASTER_THAN_JSQUASH.decode,
    ),
  ];
}

/**
 * Measures all contestants alternately, so that other load on the machine affects them equally. All of them work in this thread, and
 * the processor time of this thread counts. So a call that another program interrupts does not take longer.
 */
async function measure(
  contestants: readonly Contestant[],
  frames: number,
  turns: number,
  progress: (what: string) => void,
): Promise<Figures[]> {
  for (const contestant of contestants) {
    progress(`warming ${contestant.name} up`);
    for (let call = 0; call < (contestant.isSlow ? 2 : WARM_UP_CALLS); call++) {
      await contestant.encode(call % frames);
      await contestant.decode(call % frames, call % 2 === 1);
    }
  }
  const times = contestants.map(() => ({
    hot: [] as number[],
    encode: [] as number[],
    decode: [] as number[],
    box: [] as number[],
  }));
  for (let turn = 0; turn < turns; turn++) {
    progress(`turn ${turn + 1} of ${turns}`);
    for (const [index, contestant] of contestants.entries()) {
      if (contestant.isSlow && turn % 4 !== 0) continue;
      const time = times[index] as (typeof times)[number];
      const frame = turn % frames;
      await Bun.sleep(CADENCE_MS);
      time.encode.push(await timed(() => contestant.encode(frame)));
      await repeat(time.hot, contestant, () => contestant.encode(0));
      if (contestant.encodesOnly) continue;
      await Bun.sleep(CADENCE_MS);
      time.decode.push(await timed(() => contestant.decode(frame, false)));
      if (!contestant.isSlow) await repeat(time.box, contestant, () => contestant.decode(0, true));
    }
  }
  return contestants.map(({ name, bytesPerFrame }, index) => {
    const { hot, encode, decode, box } = times[index] as (typeof times)[number];
    const middle = (values: number[]) => round(median(values) ?? Number.NaN);
    return {
      name,
      encodeHotMs: middle(hot),
      encodeRotatingMs: middle(encode),
      decodeRotatingMs: middle(decode),
      decodeBoxMs: middle(box),
      bytesPerFrame: bytesPerFrame(),
    };
  });
}

/** Hot: the same picture several times. The first time is a warm-up and does not count. */
async function repeat(
  times: number[],
  { isSlow }: Contestant,
  work: () => Promise<unknown> | undefined,
): Promise<void> {
  if (!isSlow) await work();
  for (let again = 0; again < (isSlow ? 1 : 3); again++) times.push(await timed(work));
}

async function timed(work: () => Promise<unknown> | undefined): Promise<number> {
  const start = now();
  const working = work();
  if (working instanceof Promise) await working;
  return now() - start;
}
