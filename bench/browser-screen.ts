// Chromium on a virtual display. A bench reads the frame code out of the display's memory, so it sees a picture when people would see it.
//
// Xvfb with -fbdir keeps the pixels of the screen in a file, as an X Window Dump (X11/XWDFile.h). Reading the few pixels of the code
// takes microseconds, while a screenshot takes milliseconds of the processors that the browser needs. The browser is told by its
// DevTools protocol what to show. Playwright would have it report each message of a WebSocket, which costs as much as a small picture.

import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FrameCode, readFrameCode } from "../src/capture/pattern/frame-code.ts";
import { startVirtualDisplay, type VirtualDisplay } from "../src/cli/virtual-display.ts";
import { type Micros, nowMicros } from "../src/core/clock.ts";
import type { Size } from "../src/core/pixel-format.ts";
import { CHROMIUM } from "../test/support/chromium.ts";
import { readCpuTimes } from "./process-figures.ts";

/** The screen is larger than the window by this many pixels. Chromium makes a window smaller that is as large as the screen. */
const MARGIN = 16;
/** The pause between two looks at the screen. */
const LOOK_MS = 1;
const PATIENCE_MS = 20_000;

const FLAGS = [
  ...["--kiosk", "--no-sandbox", "--disable-gpu", "--no-first-run", "--no-default-browser-check", "--disable-sync"],
  ...[
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--password-store=basic",
  ],
  "--remote-debugging-port=0",
];

export class BrowserScreen implements AsyncDisposable {
  readonly #display: VirtualDisplay;
  readonly #browser: Bun.Subprocess;
  readonly #folder: string;
  readonly #size: Size;
  readonly #pixels: Pixels;
  readonly #pages: Bun.Server<undefined>;
  #devTools: DevTools | null = null;

  private constructor(display: VirtualDisplay, browser: Bun.Subprocess, folder: string, size: Size) {
    this.#display = display;
    this.#browser = browser;
    this.#folder = folder;
    this.#size = size;
    this.#pixels = pixelsOf(Bun.mmap(join(folder, "Xvfb_screen0")));
    this.#pages = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const image = `<img src="${url.slice(url.indexOf("?") + 1)}" width="${size.width}" height="${size.height}">`;
        const html = `<body style="margin:0;overflow:hidden">${image}`;
        return new Response(html, { headers: { "content-type": "text/html" } });
      },
    });
  }

  /** Starts Chromium with an empty page of this size. */
  static async start(size: Size): Promise<BrowserScreen> {
    const folder = await mkdtemp(join(tmpdir(), "slipstream-bench-"));
    const display = await startVirtualDisplay(size.width + MARGIN, size.height + MARGIN, folder);
    const place = [`--user-data-dir=${folder}`, "--window-position=0,0", `--window-size=${size.width},${size.height}`];
    const browser = Bun.spawn([CHROMIUM ?? "chromium", ...FLAGS, ...place, "about:blank"], {
      stdio: ["ignore", "ignore", "ignore"],
      env: { ...process.env, DISPLAY: display.name },
    });
    const screen = new BrowserScreen(display, browser, folder, size);
    try {
      screen.#devTools = await DevTools.open(folder);
    } catch (error) {
      await screen[Symbol.asyncDispose]();
      throw error;
    }
    return screen;
  }

  /** Opens our page. Resolves with the time until its first picture, in milliseconds. */
  async openPage(url: string): Promise<number> {
    await this.#show(url);
    const first = 'performance.getEntriesByName("first picture")[0]?.startTime ?? 0';
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await Bun.sleep(50)) {
      const milliseconds = await this.#devTools?.evaluate(first);
      if (typeof milliseconds === "number" && milliseconds > 0) return milliseconds;
    }
    throw new Error(`the page ${url} shows no picture`);
  }

  /** Opens a page that has only a stream in an <img>. */
  async openStream(url: string): Promise<null> {
    await this.#show(`http://127.0.0.1:${this.#pages.port}/?${url}`);
    return null;
  }

  /** Leaves the page, and with it the server. */
  async close(): Promise<void> {
    await this.#show("about:blank");
  }

  async #show(url: string): Promise<void> {
    await this.#devTools?.call("Page.navigate", { url });
  }

  /** The processor time of all processes of the browser so far, in milliseconds. */
  cpuMs(): number {
    let sum = 0;
    for (const pid of withDescendants(this.#browser.pid)) {
      try {
        for (const nanoseconds of readCpuTimes(pid).values()) sum += nanoseconds / 1e6;
      } catch {
        // the process has ended in the meantime
      }
    }
    return sum;
  }

  #look(): FrameCode | null {
    return readFrameCode(this.#pixels.bytes, this.#size, this.#pixels.lineBytes);
  }

  /**
   * Returns the age of each frame that appears on the screen in this time, when it is seen first, in milliseconds. `bornAt` tells when a
   * frame was complete.
   */
  async watch(milliseconds: number, bornAt: (code: FrameCode) => Micros): Promise<number[]> {
    const ages: number[] = [];
    let newest = this.#look()?.frameNumber;
    for (const end = performance.now() + milliseconds; performance.now() < end; await Bun.sleep(LOOK_MS)) {
      const code = this.#look();
      if (code === null || code.frameNumber === newest) continue;
      newest = code.frameNumber;
      ages.push((nowMicros() - bornAt(code)) / 1000);
    }
    return ages;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#devTools?.close();
    await this.#pages.stop(true);
    this.#browser.kill();
    await this.#browser.exited;
    await this.#display[Symbol.asyncDispose]();
    await rm(this.#folder, { recursive: true, maxRetries: 10 }); // processes of the browser may still write their last files
  }
}

/** A connection to the DevTools of a browser's page (https://chromedevtools.github.io/devtools-protocol). */
class DevTools {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, PromiseWithResolvers<Record<string, unknown>>>();
  #calls = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result, error } = JSON.parse(String(data));
      if (error === undefined) this.#answers.get(id)?.resolve(result);
      else this.#answers.get(id)?.reject(new Error(`Chromium refuses: ${error.message}`));
      this.#answers.delete(id);
    };
    socket.onclose = () => {
      for (const { reject } of this.#answers.values()) reject(new Error("Chromium has ended"));
    };
  }

  /** Connects to the only page of the browser with the profile in this folder. */
  static async open(folder: string): Promise<DevTools> {
    for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await Bun.sleep(50)) {
      const [port] = (
        await Bun.file(join(folder, "DevToolsActivePort"))
          .text()
          .catch(() => "")
      ).split("\n");
      if (!port) continue;
      const targets = (await (await fetch(`http://127.0.0.1:${port}/json/list`)).json()) as Target[];
      const page = targets.find(({ type }) => type === "page");
      if (page === undefined) continue;
      const socket = new WebSocket(page.webSocketDebuggerUrl);
      await new Promise((resolve, reject) => {
        socket.onopen = resolve;
        socket.onerror = reject;
      });
      return new DevTools(socket);
    }
    throw new Error("Chromium did not start");
  }

  call(method: string, params: object): Promise<Record<string, unknown>> {
    const answer = Promise.withResolvers<Record<string, unknown>>();
    this.#answers.set(++this.#calls, answer);
    this.#socket.send(JSON.stringify({ id: this.#calls, method, params }));
    return answer.promise;
  }

  /** Returns the value of an expression in the page. */
  async evaluate(expression: string): Promise<unknown> {
    const { result } = await this.call("Runtime.evaluate", { expression });
    return (result as { value?: unknown }).value;
  }

  close(): void {
    this.#socket.close();
  }
}

interface Target {
  type: string;
  webSocketDebuggerUrl: string;
}

/** The pixels of a dump, with 4 bytes each. */
interface Pixels {
  bytes: Uint8Array;
  lineBytes: number;
}

function pixelsOf(dump: Uint8Array): Pixels {
  const header = new DataView(dump.buffer, dump.byteOffset);
  return { bytes: dump.subarray(header.getUint32(0) + 12 * header.getUint32(76)), lineBytes: header.getUint32(48) };
}

function withDescendants(root: number): number[] {
  const children = new Map<number, number[]>();
  for (const pid of processes()) {
    const stat = readProcess(pid, "stat");
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    children.set(parent, [...(children.get(parent) ?? []), pid]);
  }
  const found = [root];
  for (const pid of found) found.push(...(children.get(pid) ?? []));
  return found;
}

function processes(): number[] {
  return readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : []));
}

/** Reads a file of a process. The text is empty if the process has ended. */
function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}
