// A viewer that checks the pictures that it shows: it reads the frame code in the decoded pixels and reports the latency.
//
// Usage: bun bench/probe-viewer.ts HOST:PORT SECONDS SLOW_MS sdl|none [WARM_UP_SECONDS]
//
// With a warm-up, the measurement begins that long after the first picture, and the line {"warm":true} says so. Earlier pictures do not count.
// For each line on its input it prints a ProbeWindow, and the line `end` ends it.

import { parseAddress } from "../src/connect/address.ts";
import { accessWith } from "../src/connect/server-access.ts";
import type { RgbaPicture } from "../src/client/screens/overlay.ts";
import { createNoScreen } from "../src/client/screens/none.ts";
import type { Screen } from "../src/client/screens/screen.ts";
import { createSdlScreen } from "../src/client/screens/sdl.ts";
import { view } from "../src/client/view.ts";
import type { ViewReport } from "../src/client/figures.ts";
import { type Micros, nowMicros } from "../src/core/clock.ts";
import { Durations, type LatencyMs, median, roundMs } from "../src/core/statistics.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { readFrameCode } from "../src/capture/pattern/frame-code.ts";
import { readTileCode } from "./tile-code.ts";
import { AgeOverTime, type AgeSamples } from "./age-over-time.ts";

/** The figures from the pixels, and the viewer's own report. */
export interface ProbeReport {
  product: ViewReport;
  /** The time from the capture time in the frame code to the moment at which the picture was shown. */
  pixelLatencyMs: LatencyMs;
  /** Each of these times, in microseconds, so that several runs can be put together. */
  pixelLatencyMicros: number[];
  frames: number;
  unreadable: number;
  /** Frames that were shown after a newer one. */
  outOfOrder: number;
  /** The age of the picture on the screen, sampled from the first picture to the end. */
  age: AgeSamples;
  /** The size of the last picture. */
  width: number;
  height: number;
  /** The median pixel latency in the last second of the run. */
  lastSecondMs: number;
  firstFrame: number;
  lastFrame: number;
  seconds: number;
}

/** The figures of the time since the last ProbeWindow, or since the start. */
export interface ProbeWindow {
  window: true;
  fps: number;
  pixelLatencyMs: LatencyMs;
}

const [address, seconds, slowMs, display, warmUpSeconds] = process.argv.slice(2);
/** The time for the start of the program and the first picture, in addition to the warm-up and the measured seconds. */
const PATIENCE_SECONDS = 30;

const pixelLatency = new Durations();
const pixelLatencyMicros: number[] = [];
let frames = 0;
let unreadable = 0;
let outOfOrder = 0;
let firstFrame = 0;
let lastFrame = 0;
let size: Size = { width: 0, height: 0 };
const age = new AgeOverTime();
let firstAt = 0;
let lastAt = 0;
/** The pictures of about the last second, with the time at which each was shown and its age then. */
const recent: { at: Micros; age: number }[] = [];
/** The measurement since the last ProbeWindow. */
let since = { at: nowMicros(), latency: new Durations() };
const ending = new AbortController();
let isWarm = warmUpSeconds === undefined;
let isWarming = false;

function beginToMeasure(): void {
  isWarm = true;
  console.log('{"warm":true}');
  setTimeout(() => ending.abort(), Number(seconds) * 1000);
}

function examine(picture: RgbaPicture): void {
  const code = readFrameCode(picture.pixels, picture) ?? readTileCode(picture.pixels, picture);
  if (code === null) {
    if (frames > 0) unreadable++; // before the first picture the screen is blank
    return;
  }
  const now = nowMicros();
  if (!isWarm) {
    if (!isWarming) setTimeout(beginToMeasure, Number(warmUpSeconds) * 1000);
    isWarming = true;
    return;
  }
  if (code.frameNumber === lastFrame) return; // this is the same picture with another overlay
  if (code.frameNumber < lastFrame) outOfOrder++;
  age.shown(code.bornAt, now);
  size = { width: picture.width, height: picture.height };
  lastFrame = code.frameNumber;
  firstFrame ||= code.frameNumber;
  firstAt ||= now;
  lastAt = now;
  frames++;
  pixelLatency.record(now - code.bornAt);
  pixelLatencyMicros.push(now - code.bornAt);
  since.latency.record(now - code.bornAt);
  recent.push({ at: now, age: now - code.bornAt });
  while (recent[0] !== undefined && recent[0].at < now - 1e6) recent.shift();
}

async function printWindows(): Promise<void> {
  for await (const line of console) {
    if (line === "end") ending.abort();
    const { at, latency } = since;
    since = { at: nowMicros(), latency: new Durations() };
    const fps = (latency.count * 1e6) / (since.at - at);
    console.log(JSON.stringify({ window: true, fps, pixelLatencyMs: latency.summary() } satisfies ProbeWindow));
  }
}
void printWindows();

const server = parseAddress(address ?? "");
const product = await view(
  {
    address: server,
    access: accessWith(server, null, process.env["SLIPSTREAM_KEY"] ?? null),
    display: "none",
    renderer: "auto",
    workers: 2,
    size: null,
    output: null,
    frames: null,
    seconds: Number(seconds) + (warmUpSeconds === undefined ? 0 : Number(warmUpSeconds) + PATIENCE_SECONDS),
    once: true,
    async createScreen(events): Promise<Screen> {
      const screen = display === "sdl" ? await createSdlScreen("probe", "auto", events) : createNoScreen();
      return {
        ...screen,
        async show(picture, overlay) {
          await screen.show(picture, overlay);
          if (Number(slowMs) > 0) await Bun.sleep(Number(slowMs));
          examine(picture);
        },
      };
    },
  },
  ending.signal,
  () => undefined,
);
const report: ProbeReport = {
  product,
  pixelLatencyMs: pixelLatency.summary(),
  pixelLatencyMicros,
  frames,
  unreadable,
  outOfOrder,
  age: age.until(nowMicros()),
  ...size,
  lastSecondMs: roundMs(median(recent.map((each) => each.age)) ?? 0),
  firstFrame,
  lastFrame,
  seconds: (lastAt - firstAt) / 1e6,
};
console.log(JSON.stringify(report));
process.exit(0);
