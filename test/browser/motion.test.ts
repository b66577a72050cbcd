// Motion on the page in Chromium: the box over the picture, the list of events with their pictures, and the clip of one.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { violations } from "../support/axe.ts";
import { CHROMIUM, HOST_NAME, openPage, startChromium } from "../support/chromium.ts";
import { beginMotion, endMotion, serveMovingSquare } from "../support/moving-square.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { readRecording } from "../support/recorded-camera.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** The place of an element in the window. */
async function placeOf(page: Page, selector: string) {
  const place = await page.locator(selector).first().boundingBox();
  if (place === null) throw new Error(`${selector} is not shown`);
  return place;
}

/** Waits for an expression in the page. Playwright's own waiting needs eval, which the policy of the page forbids. */
async function untilTrue(page: Page, expression: string): Promise<void> {
  while ((await page.evaluate(expression)) !== true) await Bun.sleep(20);
}

/** Keeps the texts that a screen reader reads aloud. */
const KEEP_HEARD = `globalThis.heard = [];
new MutationObserver(([{ target }]) => heard.push(target.textContent))
  .observe(document.querySelector("#status"), { childList: true, characterData: true, subtree: true })`;

describe.skipIf(CHROMIUM === null)("motion on the page (needs chromium)", () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  test("a box lies around what moves, also in a zoomed picture, and the list has the event", async () => {
    await using square = await serveMovingSquare({ past: { seconds: 600 } });
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    await page.goto(square.url);
    await page.waitForSelector("[data-shown]");
    await page.hover(".camera");
    const pause = await placeOf(page, "[data-tool=pause]");
    expect(await page.isVisible("[data-tool=events]")).toBe(false);

    await page.evaluate(KEEP_HEARD);
    await beginMotion(square);
    await page.waitForSelector(".motion.on");
    // The picture of 640 × 480 is shown in 480 × 360 pixels, in the middle of the window.
    // The place has the half of its line, which is 2 pixels wide, on each side.
    // In a single message, one line of tiles more or less may have changed.
    const isRight = ({ y, height }: { y: number; height: number }) =>
      Math.abs(y - (0.4 * 360 - 1)) < 1 && Math.abs(height - (0.2333 * 360 + 2)) < 1;
    let box = await placeOf(page, ".motion rect:not(.under)");
    for (const giveUpAt = Date.now() + 20_000; !isRight(box) && Date.now() < giveUpAt; await Bun.sleep(100))
      box = await placeOf(page, ".motion rect:not(.under)");
    expect(box).toSatisfy(isRight);
    expect(box.x).toBeGreaterThanOrEqual(78);
    expect(box.x + box.width).toBeLessThanOrEqual(562);
    await untilTrue(page, 'heard.includes("yard: motion, path")');
    expect(await placeOf(page, "[data-tool=pause]")).toEqual(pause); // the new button moves no other one
    await page.mouse.move(320, 180);
    await page.mouse.wheel(0, -400);
    await untilTrue(
      page,
      `document.querySelector(".motion rect").getBoundingClientRect().height > ${1.5 * box.height}`,
    );
    await page.mouse.wheel(0, 900);

    await endMotion(square);
    await page.waitForSelector(".motion:not(.on)", { state: "attached" });
    await page.keyboard.press("m");
    const item = page.locator(".events li button");
    await item.filter({ hasText: /\d+ s, \d+(\.\d)? % of the picture, path$/ }).waitFor();
    await untilTrue(page, 'document.querySelector(".events img")?.naturalWidth > 0');
    expect(await violations(page)).toEqual([]);
    await beginMotion(square);
    await item.nth(1).waitFor();
    await item.first().filter({ hasText: "so far" }).waitFor();
    await endMotion(square);
    await item
      .first()
      .filter({ hasText: /^(?!.*so far)/ })
      .waitFor();

    await item.nth(1).focus();
    await page.keyboard.press("Enter");
    await page.waitForSelector("#event[open] #event-save:enabled");
    await untilTrue(page, 'document.querySelector("#event-picture").naturalWidth >= 320');
    expect(await page.getAttribute("#event-picture", "alt")).toBe("yard at the height of the motion");
    const downloading = page.waitForEvent("download");
    await page.click("#event-save");
    const download = await downloading;
    expect(download.suggestedFilename()).toMatch(/^yard-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mkv$/);
    expect(readRecording(await download.path()).length).toBeGreaterThan(5);
    await page.locator("#event-note").filter({ hasText: "saved" }).waitFor();
    expect(await violations(page)).toEqual([]);

    await page.keyboard.press("Escape");
    await page.waitForSelector("#event", { state: "hidden" });
    expect(await page.isVisible(".events")).toBe(true);
    const focused = 'document.activeElement === document.querySelectorAll(".events li button")[1]';
    expect(await page.evaluate(focused)).toBe(true);
    await page.keyboard.press("Escape");
    await page.waitForSelector(".events", { state: "hidden" });
    expect(await page.evaluate("document.activeElement.dataset.tool")).toBe("events");
    expect(errors).toEqual([]);
  });

  test("the list belongs to one camera: it is empty when the server's first camera has become another one", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    const first = await serveMovingSquare();
    const port = Number(new URL(first.url).port);
    await page.goto(first.url);
    await page.waitForSelector("[data-shown]");
    await beginMotion(first);
    await page.waitForSelector(".motion.on");
    await page.keyboard.press("m");
    await page.locator(".events img").waitFor();
    const picture = await page.getAttribute(".events img", "src");
    await first[Symbol.asyncDispose]();
    await using _second = await serveMovingSquare({ name: "gate" }, { http: { names: [HOST_NAME], port } });
    await page.locator(".name").filter({ hasText: "gate" }).waitFor();
    await page
      .locator(".events p")
      .filter({ hasText: /no motion today.* --motion\.$/ })
      .waitFor();
    expect(await page.locator(".events li").count()).toBe(0);
    // Its picture is not in the page's memory any more.
    const isThere = `new Promise((done) => {
      const image = new Image();
      image.onload = () => done(true);
      image.onerror = () => done(false);
      image.src = ${JSON.stringify(picture)};
    })`;
    expect(await page.evaluate(isThere)).toBe(false);
  });

  test("the dialog says what to do if the server does not answer, and the browser asks for no password", async () => {
    await using square = await serveMovingSquare();
    await using opened = await openPage(browser);
    const { page } = opened;
    const asked: (string | undefined)[] = [];
    let status = 401;
    await page.route("**/clip", async (route) => {
      asked.push(route.request().headers()["x-requested-with"]);
      if (status === 0) await route.abort();
      else await route.fulfill({ status });
    });
    await page.goto(square.url);
    await page.waitForSelector("[data-shown]");
    await beginMotion(square);
    await page.waitForSelector(".motion.on");
    await page.keyboard.press("m");
    const note = page.locator("#event-note");
    await page.click(".events li button");
    await note.filter({ hasText: "The server answers with status 401: close this and select" }).waitFor();
    await page.click("#event-close");
    status = 0;
    await page.click(".events li button");
    await note.filter({ hasText: "The server cannot be reached: close this and select" }).waitFor();
    expect(asked).toEqual(["slipstream", "slipstream"]);
  });

  test.each(["dark", "light"] as const)(
    "axe-core finds nothing wrong, and a server without the past says so (%s)",
    async (colorScheme) => {
      await using square = await serveMovingSquare();
      await using opened = await openPage(browser, { colorScheme });
      const { page } = opened;
      await page.goto(square.url);
      await page.waitForSelector("[data-shown]");
      await beginMotion(square);
      await page.waitForSelector(".motion.on");
      await page.keyboard.press("m");
      await page.click(".events li button");
      await page
        .locator("#event-note")
        .filter({ hasText: "does not keep the past of this camera: start it" })
        .waitFor();
      expect(await page.isDisabled("#event-save")).toBe(true);
      expect(await violations(page)).toEqual([]);
      await page.click("#event-close");
      await page.waitForSelector("#event", { state: "hidden" });
      expect(await violations(page)).toEqual([]);
    },
  );
});
