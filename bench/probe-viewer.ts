// A viewer that looks at what it shows: reads the frame code out of the decoded pixels, and reports what it found.
//
// usage: bun bench/probe-viewer.ts HOST:PORT SECONDS SLOW_MS sdl|none

import { parseAddress } from "../src/client/address.ts";
import type { RgbaPicture } from "../src/client/overlay.ts";
import { createNoScreen } from "../src/client/screens/none.ts";
import type { Screen } from "../src/client/screens/screen.ts";
import { createSdlScreen } from "../src/client/screens/sdl.ts";
import { view } from "../src/client/view.ts";
import type { ViewReport } from "../src/client/view-figures.ts";
import { nowMicros } from "../src/core/clock.ts";
import { Durations, type LatencyMs } from "../src/core/statistics.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { readFrameCode } from "../src/server/sources/frame-code.ts";
import { AgeOverTime, type AgeSamples } from "./age-over-time.ts";

/** What the pixels say, beside what the product says of itself. */
export interface ProbeReport {
  product: ViewReport;
  /** From the time in the picture to now, when it was shown. */
  pixelLatencyMs: LatencyMs;
  frames: number;
  unreadable: number;
  /** Frames shown after a newer one. */
  outOfOrder: number;
  /** Age of the picture on the screen, looked at again and again from the first picture to the end. */
  age: AgeSamples;
  /** Of the picture that was on the screen at the end. */
  width: number;
  height: number;
  firstFrame: number;
  lastFrame: number;
  seconds: number;
}

const [address, seconds, slowMs, display] = process.argv.slice(2);

const pixelLatency = new Durations();
let frames = 0;
let unreadable = 0;
let outOfOrder = 0;
let firstFrame = 0;
let lastFrame = 0;
let size: Size = { width: 0, height: 0 };
const age = new AgeOverTime();
let firstAt = 0;
let lastAt = 0;

function examine(picture: RgbaPicture): void {
  const code = readFrameCode(picture.pixels, picture);
  if (code === null) {
    if (frames > 0) unreadable++; // before the first picture the screen is blank
    return;
  }
  const now = nowMicros();
  if (code.frameNumber === lastFrame) return; // the same picture again, with another overlay
  if (code.frameNumber < lastFrame) outOfOrder++;
  age.shown(code.bornAt, now);
  size = { width: picture.width, height: picture.height };
  lastFrame = code.frameNumber;
  firstFrame ||= code.frameNumber;
  firstAt ||= now;
  lastAt = now;
  frames++;
  pixelLatency.record(now - code.bornAt);
}

const product = await view(
  {
    address: parseAddress(address ?? ""),
    display: "none",
    renderer: "auto",
    workers: 2,
    size: null,
    output: null,
    frames: null,
    seconds: Number(seconds),
    once: true,
  },
  new AbortController().signal,
  {
    report: () => undefined,
    say: () => undefined,
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
);
const report: ProbeReport = {
  product,
  pixelLatencyMs: pixelLatency.summary(),
  frames,
  unreadable,
  outOfOrder,
  age: age.until(nowMicros()),
  ...size,
  firstFrame,
  lastFrame,
  seconds: (lastAt - firstAt) / 1e6,
};
console.log(JSON.stringify(report));
process.exit(0);
