// The page in Firefox, by WebDriver BiDi: the pixels of its canvas, keys, and a tab that is hidden behind another one.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Browser, launch } from "puppeteer-core";
import { READ_CANVAS } from "../support/canvas-script.ts";
import { HOST_NAME } from "../support/chromium.ts";
import { djpeg } from "../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { largestDifference, toRgbaBytes } from "../support/samples.ts";
import { serveWebCameras, untilQuiet, type WebCameras } from "../support/web-cameras.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FIREFOX = Bun.which("firefox-esr");

/** Presses S, and returns the JPEG that the page saves and the pixels of its canvas. Both are text in base64. */
const SNAPSHOT = `new Promise((done) => {
  const createObjectURL = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    blob.arrayBuffer().then((jpeg) => {
      const pixels = ${READ_CANVAS}(document.querySelector("canvas")).text;
      done({ jpeg: new Uint8Array(jpeg).toBase64(), pixels, isSecure: isSecureContext });
    });
    return createObjectURL.call(URL, blob);
  };
  document.dispatchEvent(new KeyboardEvent("keydown", { key: "s", bubbles: true }));
})`;

describe.skipIf(FIREFOX === null)("the page in Firefox (needs firefox-esr)", () => {
  let browser: Browser;
  let web: WebCameras;

  beforeAll(async () => {
    browser = await launch({
      browser: "firefox",
      executablePath: FIREFOX ?? "",
      headless: true,
      // Firefox uses no proxy, and takes this name for this machine.
      extraPrefsFirefox: { "network.dns.localDomains": HOST_NAME, "network.proxy.type": 0 },
    });
    web = await serveWebCameras(["door"]);
  });
  afterAll(async () => {
    await web?.[Symbol.asyncDispose]();
    await browser?.close();
  });

  test("shows the pixels of the stitched JPEG in an insecure context", async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    await page.goto(web.url);
    await page.waitForSelector(".age.fresh", { timeout: 30_000 });
    const shown = (await page.evaluate(SNAPSHOT)) as { jpeg: string; pixels: string; isSecure: boolean };
    const decoded = djpeg(Uint8Array.fromBase64(shown.jpeg));
    expect(shown.isSecure).toBe(false);
    expect([decoded.width, decoded.height]).toEqual([320, 180]);
    expect(largestDifference(Uint8Array.fromBase64(shown.pixels), toRgbaBytes(decoded))).toBeLessThanOrEqual(4);
    expect(errors).toEqual([]);
    await page.close();
  });

  test("keys work, and a tab behind another one asks for no pictures until it is seen again", async () => {
    const page = await browser.newPage();
    await page.goto(web.url);
    await page.waitForSelector(".age.fresh", { timeout: 30_000 });
    const text = async (selector: string) =>
      String(await page.evaluate(`document.querySelector("${selector}").textContent`));
    const until = async (selector: string, pattern: RegExp) => {
      while (!pattern.test(await text(selector))) await Bun.sleep(50);
    };
    await page.keyboard.press("i");
    await until(".figures", /320×180/);
    await page.keyboard.press(" ");
    await until(".alarm", /^paused$/);
    await page.keyboard.press(" ");
    await page.waitForSelector(".age.fresh", { timeout: 30_000 });

    const other = await browser.newPage();
    while (!(await page.evaluate("document.hidden"))) await Bun.sleep(50);
    await until(".alarm", /^paused while hidden$/);
    const before = await untilQuiet(web);
    await other.close();
    await page.bringToFront();
    await page.waitForSelector(".age.fresh", { timeout: 30_000 });
    expect(web.server.report().sent).toBeGreaterThan(before);
  });
});
