// `bench page`: the web page in Chromium against the same server's MJPEG stream in an <img>. It reads the frame code out of the
// pixels that the browser presents, and measures the processor time of all processes of the browser.

import { readdirSync, readFileSync } from "node:fs";
import type { Page } from "playwright-core";
import { readFrameCode } from "../src/capture/pattern/frame-code.ts";
import { decodeJpeg } from "../src/codec/bun/jpeg.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { CHROMIUM, startChromium } from "../test/support/chromium.ts";
import { atMost, type Bench, type Bound } from "./bench.ts";
import { FOOTAGE_KINDS, type FootageKind } from "./footage-file.ts";
import { readCpuTimes } from "./process-figures.ts";
import { type RunningServer, startFootageServer } from "./processes.ts";

const SIZE: Size = { width: 1280, height: 720 };
const FPS = 30;
const WARM_UP_MS = 2_000;

/** The largest ratios of the page to the stream: of the age, and of the processor time for each kind of footage. */
const AGE_LIMIT = 0.7;
const CPU_LIMITS: Readonly<Record<FootageKind, number>> = { moving: 1, still: 0.8, frozen: 0.7 };

interface Shown {
  p50Ms: number;
  p99Ms: number;
  /** The number of different frames a second. */
  fps: number;
  /** The time from the start of the navigation to the first picture. Null for the stream. */
  firstPictureMs: number | null;
  /** The processor time of the browser for each frame of the source, without the reading of pixels. */
  cpuMsPerFrame: number;
}

/** What a browser shows: an element of a page. */
const CONTENDERS = { page: "canvas", stream: "img" } as const;

export const pageBench: Bench = async ({ quick, progress }) => {
  if (CHROMIUM === null) throw new Error("bench page needs chromium: install it with 'apt-get install chromium'");
  const seconds = quick ? 4 : 10;
  const table = [["footage", "shown by", "age p50 ms", "p99 ms", "fps", "browser ms/frame", "first picture ms"]];
  const bounds: Bound[] = [];
  const figures: object[] = [];
  for (const kind of quick ? (["moving"] as const) : FOOTAGE_KINDS) {
    const server = await startFootageServer({ kind, size: SIZE, fps: FPS, flags: ["--http"] });
    try {
      const shown = {} as Record<keyof typeof CONTENDERS, Shown>;
      for (const [name, element] of Object.entries(CONTENDERS) as [keyof typeof CONTENDERS, string][]) {
        progress(`page ${kind}, ${name}`);
        shown[name] = await measure(server, element, seconds);
        const { p50Ms, p99Ms, fps, cpuMsPerFrame, firstPictureMs } = shown[name];
        figures.push({ kind, shownBy: name, ...shown[name] });
        table.push([
          kind,
          name,
          p50Ms.toFixed(1),
          p99Ms.toFixed(1),
          fps.toFixed(1),
          cpuMsPerFrame.toFixed(1),
          firstPictureMs?.toFixed(0) ?? "",
        ]);
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

async function measure({ pid, latest }: RunningServer, element: string, seconds: number): Promise<Shown> {
  const browser = await startChromium();
  try {
    const page = await browser.newPage({ viewport: SIZE });
    const firstPictureMs = await open(page, latest().http?.port ?? 0, element);
    await Bun.sleep(WARM_UP_MS);
    const before = browserCpuMs(pid);
    await Bun.sleep(seconds * 1000);
    const cpuMsPerFrame = (browserCpuMs(pid) - before) / (seconds * FPS);
    const ages = (await readAges(page, seconds * 1000)).toSorted((one, other) => one - other);
    const percentile = (share: number) => ages[Math.floor(share * (ages.length - 1))] ?? Number.NaN;
    return {
      p50Ms: percentile(0.5),
      p99Ms: percentile(0.99),
      fps: ages.length / seconds,
      cpuMsPerFrame,
      firstPictureMs,
    };
  } finally {
    await browser.close();
  }
}

/** Opens the page, or a page that has only the stream. Resolves with the time until the first picture of the page. */
async function open(page: Page, port: number, element: string): Promise<number | null> {
  const base = `http://127.0.0.1:${port}/`;
  if (element === "canvas") {
    await page.goto(base);
    await page.waitForSelector("[data-shown]");
    return Number(await page.evaluate('performance.getEntriesByName("first picture")[0].startTime'));
  }
  const html = `<body style="margin:0"><img src="stream" width="${SIZE.width}" height="${SIZE.height}">`;
  await page.route(`${base}only-stream`, (route) => route.fulfill({ contentType: "text/html", body: html }));
  await page.goto(`${base}only-stream`, { waitUntil: "commit" }); // a stream never finishes loading
  return null;
}

/**
 * Takes the frames that the browser presents, and reads the code in them. Returns the age of each frame of the source in
 * milliseconds when it was presented first, by the time stamp of the browser.
 */
async function readAges(page: Page, milliseconds: number): Promise<number[]> {
  const session = await page.context().newCDPSession(page);
  const presented: { data: string; atMs: number }[] = [];
  session.on("Page.screencastFrame", ({ data, metadata, sessionId }) => {
    presented.push({ data, atMs: (metadata.timestamp ?? Number.NaN) * 1000 });
    session.send("Page.screencastFrameAck", { sessionId }).catch(() => undefined); // the page may be closed
  });
  await session.send("Page.startScreencast", { format: "jpeg", quality: 60, maxWidth: 640, maxHeight: 360 });
  await Bun.sleep(milliseconds);
  await session.send("Page.stopScreencast");
  const ages = new Map<number, number>();
  for (const { data, atMs } of presented) {
    const { pixels, ...size } = await decodeJpeg(Uint8Array.fromBase64(data));
    const code = readFrameCode(pixels, size);
    if (code !== null && !ages.has(code.frameNumber)) ages.set(code.frameNumber, atMs - code.bornAt / 1000);
  }
  return [...ages.values()];
}

/** The processor time of all processes of the browser so far, in milliseconds: of this one's children except the server. */
function browserCpuMs(serverPid: number): number {
  const others = new Set([process.pid, ...withDescendants(serverPid)]);
  let sum = 0;
  for (const pid of withDescendants(process.pid)) {
    if (others.has(pid)) continue;
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
