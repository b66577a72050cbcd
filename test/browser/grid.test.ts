// The page in Chromium with several cameras: the grid, the keys, touch, a phone, the panel of controls, and axe-core's checks.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, CDPSession, Page } from "playwright-core";
import type { SourceControl } from "../../src/capture/source.ts";
import { violations } from "../support/axe.ts";
import { canvasPixels, CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { serveWebCameras, type WebCameras } from "../support/web-cameras.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const NAMES = ["door", "garden", "yard", "street"];
const SOURCE = { width: 640, height: 360 };
const PHONE = { viewport: { width: 360, height: 640 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };

/** Waits until this many cameras are live. */
async function live(page: Page, count = NAMES.length): Promise<void> {
  await page
    .locator(".age.fresh")
    .nth(count - 1)
    .waitFor();
}

/** Waits until the picture of a camera has this size. */
async function untilSize(page: Page, index: number, width: number): Promise<void> {
  while ((await canvasPixels(page, index)).width !== width) await Bun.sleep(100);
}

const visibleCameras = (page: Page) => page.locator(".camera:visible .name").allTextContents();

/** Taps twice. The browser gets all events at once, so a busy machine does not make two single taps of them. */
async function doubleTap(session: CDPSession, { x, y }: { x: number; y: number }): Promise<void> {
  const down = () => session.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x, y }] });
  const up = () => session.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await Promise.all([down(), up(), down(), up()]);
}

/** Moves two fingers from the middle of the page apart. */
async function pinch(session: CDPSession, { x, y }: { x: number; y: number }): Promise<void> {
  const touch = (type: "touchStart" | "touchMove" | "touchEnd", distance: number) =>
    session.send("Input.dispatchTouchEvent", {
      type,
      touchPoints:
        type === "touchEnd"
          ? []
          : [
              { x: x - distance, y, id: 0 },
              { x: x + distance, y, id: 1 },
            ],
    });
  await touch("touchStart", 20);
  for (const distance of [40, 60, 80]) await touch("touchMove", distance);
  await touch("touchEnd", 0);
}

describe.skipIf(CHROMIUM === null)("the page with four cameras (needs chromium)", () => {
  let browser: Browser;
  let web: WebCameras;
  const made: string[] = [];

  beforeAll(async () => {
    browser = await startChromium();
    const control: SourceControl = {
      ...{ name: "brightness", title: "Brightness", type: "integer", minimum: -10, maximum: 10, step: 1 },
      ...{ defaultValue: 0, value: 3, menu: [], isReadOnly: false, isInactive: false },
    };
    web = await serveWebCameras(NAMES, {
      allowControls: true,
      size: SOURCE,
      controls: {
        list: async () => [control],
        set: async (name: string, text: string) => {
          if (text === "10") throw new Error("the camera refuses 10");
          made.push(`${name}=${text}`);
        },
        close: async () => undefined,
      },
    });
  });
  afterAll(async () => {
    await web?.[Symbol.asyncDispose]();
    await browser?.close();
  });

  test("a grid fits the window, and each camera is asked for no larger than it is seen", async () => {
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    await page.goto(web.localUrl);
    await live(page);
    expect(await visibleCameras(page)).toEqual(NAMES);
    for (const index of NAMES.keys()) await untilSize(page, index, SOURCE.width / 2);
    const boxes = await Promise.all(NAMES.map((_, index) => page.locator(".camera").nth(index).boundingBox()));
    expect(boxes.map((box) => [Math.round(box?.width ?? 0), Math.round(box?.height ?? 0)])).toEqual(
      NAMES.map(() => [318, 178]),
    );
    expect(await page.evaluate("document.documentElement.scrollHeight <= innerHeight")).toBe(true);
    expect(errors).toEqual([]);
  });

  test("a number key lets a camera fill the page, in full size; Escape and 'back' show all again", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(web.localUrl);
    await live(page);
    await page.keyboard.press("3");
    await page.waitForSelector(".chosen");
    expect(await visibleCameras(page)).toEqual(["yard"]);
    expect(new URL(page.url()).hash).toBe("#yard");
    await untilSize(page, 2, SOURCE.width);
    await page.keyboard.press("Escape");
    await page.locator(".chosen").waitFor({ state: "detached" });
    await live(page);
    await page.keyboard.press("2");
    await page.waitForSelector(".chosen");
    await page.goBack();
    await page.locator(".chosen").waitFor({ state: "detached" });
    await page.goto(`${web.localUrl}#garden`);
    await page.reload();
    await page.waitForSelector(".chosen");
    expect(await visibleCameras(page)).toEqual(["garden"]);
    await page.getByRole("button", { name: "All cameras", exact: true }).click();
    await page.locator(".chosen").waitFor({ state: "detached" });
  });

  test("the space bar pauses, I shows the figures, F the full screen, and S needs one camera", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(web.localUrl);
    await live(page);
    await page.keyboard.press("s");
    await page.locator("#status").filter({ hasText: "first choose a camera" }).waitFor({ state: "attached" });
    await page.keyboard.press("1");
    await page.waitForSelector(".chosen .age.fresh");
    await page.keyboard.press("i");
    await page.locator(".figures", { hasText: /p50 \d+ ms, p99 \d+ ms[\s\S]*640×360/ }).waitFor();
    await page.keyboard.press(" ");
    await page.locator(".chosen .alarm", { hasText: "paused" }).waitFor();
    expect(await page.getByRole("button", { name: "Pause", pressed: true }).isVisible()).toBe(true);
    await page.keyboard.press(" ");
    await page.waitForSelector(".chosen .age.fresh");
    await page.keyboard.press("f");
    const isFull = (expected: boolean) => page.evaluate(`document.fullscreenElement !== null === ${expected}`);
    while (!(await isFull(true))) await Bun.sleep(50);
    await page.keyboard.press("f");
    while (!(await isFull(false))) await Bun.sleep(50);
  });

  test("on a phone, a tap fills the page, a double tap and a pinch zoom, and all buttons can be touched", async () => {
    await using opened = await openPage(browser, PHONE);
    const { page } = opened;
    await page.goto(web.url);
    await live(page);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(PHONE.viewport.width);
    await page.locator(".picture").nth(1).tap();
    await page.waitForSelector(".chosen");
    expect(await visibleCameras(page)).toEqual(["garden"]);
    for (const tool of await page.locator(".chosen .tools button:visible").all()) {
      const box = await tool.boundingBox();
      expect(box?.width).toBeGreaterThanOrEqual(44);
      expect(box?.height).toBeGreaterThanOrEqual(44);
      expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(PHONE.viewport.width);
    }
    const middle = { x: 180, y: 320 };
    const session = await page.context().newCDPSession(page);
    const zoom = () => page.locator(".chosen canvas").getAttribute("style");
    await doubleTap(session, middle);
    expect(await zoom()).toContain("scale(2.5)");
    await doubleTap(session, middle);
    expect(await zoom()).not.toContain("scale");
    await pinch(session, middle);
    expect(await zoom()).toContain("scale(4)");
    await page.getByRole("button", { name: "All cameras", exact: true }).tap();
    await page.locator(".chosen").waitFor({ state: "detached" });
    expect(await page.locator("canvas").nth(1).getAttribute("style")).not.toContain("scale");
  });

  test("a camera that the server does not have any more leaves the page and its memory", async () => {
    const first = await serveWebCameras(["door", "yard"]);
    const port = first.server.http?.port ?? 0;
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(first.url);
    await live(page, 2);
    await page.evaluate('globalThis.gone = new WeakRef(document.querySelectorAll(".camera")[1]); null');
    await first[Symbol.asyncDispose]();
    await using _ = await serveWebCameras(["door"], { http: { port } });
    await page.locator(".camera").nth(1).waitFor({ state: "detached" });
    await live(page, 1);
    const session = await page.context().newCDPSession(page);
    do await session.send("HeapProfiler.collectGarbage");
    while ((await page.evaluate("gone.deref() === undefined")) !== true);
  });

  test("a picture moves with its age to a window of its own, stays live there, and comes back", async () => {
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    await page.goto(`${web.localUrl}#yard`);
    await page.waitForSelector(".chosen .age.fresh");
    const opening = page.context().waitForEvent("page");
    await page.locator(".chosen").getByRole("button", { name: "Picture in picture" }).click();
    const floating = await opening;
    await floating.locator(".age.fresh").waitFor();
    expect(await floating.locator(".name").textContent()).toBe("yard");
    expect(await page.locator(".chosen canvas").count()).toBe(0);
    await page.keyboard.press("Escape"); // all cameras, so that this one would be seen anyway
    await floating.locator(".age.fresh").waitFor();
    await floating.close();
    await page.getByRole("region", { name: "yard" }).locator(".picture").waitFor();
    await live(page);
    expect(errors).toEqual([]);
  });

  test("the panel shows the controls of the camera, sets them, and says what the camera refuses", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(`${web.localUrl}#door`);
    await page.waitForSelector(".chosen .age.fresh");
    await page.locator(".chosen").getByRole("button", { name: "Settings of the camera" }).click();
    const slider = page.getByRole("slider", { name: "brightness" });
    await slider.waitFor();
    expect(await slider.inputValue()).toBe("3");
    await slider.focus();
    await page.keyboard.press("ArrowRight");
    while (made.length === 0) await Bun.sleep(50);
    expect(made).toEqual(["brightness=4"]);
    await slider.fill("10");
    await page.getByRole("alert").filter({ hasText: "the camera refuses 10" }).waitFor();
  });

  test.each(["dark", "light"] as const)("axe-core finds nothing wrong (%s)", async (colorScheme) => {
    await using opened = await openPage(browser, { colorScheme });
    const { page } = opened;
    await page.goto(web.localUrl);
    await live(page);
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("1");
    await page.waitForSelector(".chosen .age.fresh");
    await page.keyboard.press("i");
    await page.locator(".chosen").getByRole("button", { name: "Settings of the camera" }).click();
    await page.getByRole("slider").waitFor();
    expect(await violations(page)).toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("slider").waitFor({ state: "detached" });
    const [camera] = web.cameras;
    if (camera !== undefined) camera.picture = null;
    await page.waitForSelector(".chosen .age.old");
    expect(await violations(page)).toEqual([]);
    if (camera !== undefined) camera.picture = 1;
  });
});
