// Chromium for tests of the page. One browser serves all tests of a file, and each test has a context of its own.

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { READ_CANVAS } from "./canvas-script.ts";

export const CHROMIUM = Bun.which("chromium");

/** The host name that leads to this machine in the browser. Pages of it are insecure contexts, unlike those of localhost. */
export const HOST_NAME = "camera.test";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  `--host-resolver-rules=MAP ${HOST_NAME} 127.0.0.1`,
];

/** Starts Chromium with a profile of its own. */
export function startChromium(): Promise<Browser> {
  if (CHROMIUM === null) throw new Error("there is no chromium: install it with 'apt-get install chromium'");
  return chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
}

/** A page of the browser with what went wrong in it. */
export interface OpenedPage extends AsyncDisposable {
  page: Page;
  /** Uncaught errors and errors in the console. */
  errors: string[];
}

/** Opens an empty page in a new context. The end of the scope closes it. */
export async function openPage(
  browser: Browser,
  options: Parameters<Browser["newContext"]>[0] = {},
): Promise<OpenedPage> {
  const context: BrowserContext = await browser.newContext({ viewport: { width: 640, height: 360 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { page, errors, [Symbol.asyncDispose]: () => context.close() };
}

/** Reads the pixels (RGBA) of the picture of a camera from its canvas. `index` counts the cameras from 0. */
export async function canvasPixels(
  page: Page,
  index = 0,
): Promise<{ width: number; height: number; pixels: Uint8Array }> {
  const read = `${READ_CANVAS}(document.querySelectorAll("canvas")[${index}])`;
  const { width, height, text } = (await page.evaluate(read)) as { width: number; height: number; text: string };
  return { width, height, pixels: new Uint8Array(Buffer.from(text, "base64")) };
}
