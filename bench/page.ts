// `bench page`: the web page in Chromium against the same server's MJPEG stream in an <img>. It reads the frame code out of the
// pixels that the browser shows, and measures the processor time of all processes of the browser.

import { readdirSync, readFileSync } from "node:fs";
import { type BrowserServer, chromium, type Page } from "playwright-core";
import type { Size } from "../src/core/pixel-format.ts";
import { CHROMIUM, CHROMIUM_FLAGS } from "../test/support/chromium.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import { FOOTAGE_KINDS, type FootageKind } from "./footage-file.ts";
import { readCpuTimes } from "./process-figures.ts";
import { startFootageServer } from "./processes.ts";

const SIZE: Size = { width: 1280, height: 720 };
const FPS = 30;
const WARM_UP_MS = 2_000;

/** The largest ratios of the page to the stream: of the age, and of the processor time for each kind of footage. */
const AGE_LIMIT = 0.5;
const CPU_LIMITS: Readonly<Record<FootageKind, number>> = { moving: 1, still: 0.7, frozen: 0.7 };

interface Shown {
  p50Ms: number;
  p99Ms: number;
  /** The number of different frames a second. */
  fps: number;
  /** The processor time of the browser for each frame of the source, without the reading of pixels. */
  cpuMsPerFrame: number;
}

/** What a browser shows: an element of a page. */
const CONTENDERS = { page: "canvas", stream: "img" } as const;

export const pageBench: Bench = async ({ quick, progress }) => {
  if (CHROMIUM === null) throw new Error("bench page needs chromium: install it with 'apt-get install chromium'");
  const seconds = quick ? 4 : 10;
  const table = [["footage", "shown by", "age p50 ms", "p99 ms", "fps", "browser ms/frame"]];
  const bounds: Bound[] = [];
  const figures: object[] = [];
  for (const kind of quick ? (["moving"] as const) : FOOTAGE_KINDS) {
    const server = await startFootageServer({ kind, size: SIZE, fps: FPS, flags: ["--http"] });
    try {
      const port = server.latest().http?.port ?? 0;
      const shown = {} as Record<keyof typeof CONTENDERS, Shown>;
      for (const [name, element] of Object.entries(CONTENDERS) as [keyof typeof CONTENDERS, string][]) {
        progress(`page ${kind}, ${name}`);
        shown[name] = await measure(port, element, seconds);
        const { p50Ms, p99Ms, fps, cpuMsPerFrame } = shown[name];
        figures.push({ kind, shownBy: name, ...shown[name] });
        table.push([kind, name, p50Ms.toFixed(1), p99Ms.toFixed(1), fps.toFixed(1), cpuMsPerFrame.toFixed(1)]);
      }
      if (kind === "moving") {
        bounds.push(atMost("age p50, page ÷ stream, moving", shown.page.p50Ms / shown.stream.p50Ms, AGE_LIMIT));
      }
      const cpu = shown.page.cpuMsPerFrame / shown.stream.cpuMsPerFrame;
      bounds.push(atMost(`processor time of the browser, page ÷ stream, ${kind}`, cpu, CPU_LIMITS[kind]));
    } finally {
      await server.stop();
    }
  }
  return { name: "page", figures: { cases: figures }, bounds, table };
};

async function measure(port: number, element: string, seconds: number): Promise<Shown> {
  const browser = await chromium.launchServer({ executablePath: CHROMIUM ?? "", args: CHROMIUM_FLAGS });
  try {
    const connected = await chromium.connect(browser.wsEndpoint());
    const page = await connected.newPage({ viewport: SIZE });
    await open(page, port, element);
    await Bun.sleep(WARM_UP_MS);
    const before = cpuMsOf(browser);
    await Bun.sleep(seconds * 1000);
    const cpuMsPerFrame = (cpuMsOf(browser) - before) / (seconds * FPS);
    const ages = (await page.evaluate(readingScript(element, seconds * 1000))) as { ages: number[]; frames: number };
    const sorted = ages.ages.toSorted((a, b) => a - b);
    const percentile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? Number.NaN;
    return { p50Ms: percentile(0.5), p99Ms: percentile(0.99), fps: ages.frames / seconds, cpuMsPerFrame };
  } finally {
    await browser.close();
  }
}

/** Opens the page, or a page of the same origin that has only the stream. */
async function open(page: Page, port: number, element: string): Promise<void> {
  const base = `http://127.0.0.1:${port}/`;
  if (element === "canvas") {
    await page.goto(base);
    await page.waitForSelector("[data-shown]");
    return;
  }
  const html = `<body style="margin:0"><img src="stream" width="${SIZE.width}" height="${SIZE.height}">`;
  await page.route(`${base}only-stream`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${base}only-stream`, { waitUntil: "commit" }); // a stream never finishes loading
}

/**
 * Returns a script for the page. At each frame of the browser it reads the code (src/capture/pattern/frame-code.ts) out of the
 * element. It draws each cell of the code on one pixel, whose colour is that of the middle of the cell.
 */
function readingScript(element: string, milliseconds: number): string {
  return `new Promise((done) => {
    const shown = document.querySelector("${element}");
    const canvas = document.createElement("canvas");
    canvas.width = 32;
    canvas.height = 4;
    const context = canvas.getContext("2d", { willReadFrequently: true });
    context.imageSmoothingEnabled = false;
    const ages = [];
    const numbers = new Set();
    const end = performance.now() + ${milliseconds};
    const read = () => {
      const width = shown.naturalWidth || shown.width;
      const height = shown.naturalHeight || shown.height;
      const cell = width / 40;
      context.drawImage(shown, 0, height - 4 * cell, 32 * cell, 4 * cell, 0, 0, 32, 4);
      const { data } = context.getImageData(0, 0, 32, 4);
      const word = (row) => {
        let bits = 0n;
        for (let column = 0; column < 32; column++) bits = (bits << 1n) | (data[(row * 32 + column) * 4 + 1] > 127 ? 1n : 0n);
        return bits;
      };
      const bornAt = Number((word(1) << 32n) | word(2));
      const age = performance.timeOrigin + performance.now() - bornAt / 1000;
      if (age >= 0 && age < 60_000) {
        ages.push(age);
        numbers.add(word(0));
      }
      if (performance.now() < end) requestAnimationFrame(read);
      else done({ ages, frames: numbers.size });
    };
    requestAnimationFrame(read);
  })`;
}

/** The processor time of the browser and of all its child processes so far, in milliseconds. */
function cpuMsOf(browser: BrowserServer): number {
  let sum = 0;
  for (const pid of withDescendants(browser.process().pid ?? 0)) {
    try {
      for (const nanoseconds of readCpuTimes(pid).values()) sum += nanoseconds / 1e6;
    } catch {
      // the process has ended in the meantime
    }
  }
  return sum;
}

function withDescendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = readFileSync(`/proc/${name}/stat`, "utf8");
      const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
      children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
    } catch {
      // the process has ended in the meantime
    }
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}
