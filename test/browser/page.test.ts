// The page in Chromium: its pixels, its snapshot and its age, in an insecure context and in a secure one.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { canvasPixels, CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { djpeg } from "../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { largestDifference, testPicture, toRgbaBytes } from "../support/samples.ts";
import { serveWebCameras, type WebCameras } from "../support/web-cameras.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

describe.skipIf(CHROMIUM === null)("the page in Chromium (needs chromium)", () => {
  let browser: Browser;
  let web: WebCameras;

  beforeAll(async () => {
    browser = await startChromium();
    web = await serveWebCameras(["door"]);
  });
  afterAll(async () => {
    await web?.[Symbol.asyncDispose]();
    await browser?.close();
  });

  test.each(["url", "localUrl"] as const)("shows the pixels of the stitched JPEG (%s)", async (address) => {
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    const [first] = web.cameras;
    if (first !== undefined) first.picture = 0;
    await page.goto(web[address]);
    expect(await page.evaluate("isSecureContext")).toBe(address === "localUrl");
    await page.waitForSelector("[data-shown]");
    for (const picture of [60, 130]) {
      const before = await canvasPixels(page);
      const [camera] = web.cameras;
      if (camera !== undefined) camera.picture = picture;
      while (largestDifference((await canvasPixels(page)).pixels, before.pixels) < 20) await Bun.sleep(20);
      const downloading = page.waitForEvent("download");
      await page.keyboard.press("s");
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^door-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.jpg$/);
      const decoded = djpeg(await Bun.file(await download.path()).bytes());
      const { pixels, ...size } = await canvasPixels(page);
      expect(size).toEqual({ width: decoded.width, height: decoded.height });
      expect(size).toEqual({ width: 320, height: 180 });
      expect(largestDifference(pixels, toRgbaBytes(decoded))).toBeLessThanOrEqual(4);
    }
    expect(errors).toEqual([]);
  });

  test("draws the tiles that have changed in their places, without the others", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    const [camera] = web.cameras;
    if (camera === undefined) throw new Error("there is no camera");
    const size = { width: 320, height: 180 };
    const picture = toRgbaBytes(testPicture(size, 0));
    camera.picture = 0;
    await page.goto(web.localUrl);
    await page.waitForSelector("[data-shown]");
    camera.picture = null;
    for (const { x, y } of [
      { x: 0, y: 0 },
      { x: 150, y: 90 },
      { x: 304, y: 164 },
    ]) {
      for (let row = y; row < y + 16; row++) picture.fill(255, 4 * (320 * row + x), 4 * (320 * row + x + 16));
      camera.source.push(picture, size);
      let drawn: Uint8Array;
      do drawn = (await canvasPixels(page)).pixels;
      while ((drawn[4 * (320 * (y + 8) + x + 8)] ?? 0) < 240);
      const jpeg = await (await fetch(`${web.localUrl}snapshot`)).bytes();
      expect(largestDifference(drawn, toRgbaBytes(djpeg(jpeg)))).toBeLessThanOrEqual(4);
    }
    camera.picture = 0;
  });

  test("a single camera stays zoomed when the server sends the larger size that the zoom needs", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.setViewportSize({ width: 150, height: 120 });
    await page.goto(web.localUrl);
    await page.waitForSelector("[data-shown]");
    const hasWidth = async (width: number) => {
      while ((await canvasPixels(page)).width !== width) await Bun.sleep(20);
    };
    await hasWidth(160);
    expect(await page.getAttribute(".picture", "aria-label")).toBe("Live picture of door. Show the figures");
    await page.mouse.move(75, 60);
    await page.mouse.wheel(0, -600);
    await hasWidth(320);
    await page.setViewportSize({ width: 152, height: 120 }); // as a phone does when its address bar disappears
    await page.waitForTimeout(200);
    expect(await page.getAttribute("canvas", "style")).toContain("scale(2");
  });
});
