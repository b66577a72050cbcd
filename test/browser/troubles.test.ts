// The page in Chromium when something is wrong: a silent camera, a server that is gone, a hidden tab, a key, a browser without
// WebAssembly.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { pageAssets } from "../../src/server/doors/http/assets.ts";
import { violations } from "../support/axe.ts";
import { WEB_SOCKET_PROTOCOL } from "../../src/protocol/wire.ts";
import { canvasPixels, CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { serveWebCameras, untilQuiet } from "../support/web-cameras.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Waits until the picture is live, as the page says. */
const live = (page: Page) => page.waitForSelector(".age.fresh");
const alarm = (page: Page) => page.locator(".alarm");
const heard = (page: Page, text: RegExp) =>
  page.locator("#status").filter({ hasText: text }).waitFor({ state: "attached" });

/** Waits until the picture has no colours. */
async function untilGrey(page: Page): Promise<void> {
  for (;;) {
    const { pixels } = await canvasPixels(page);
    if (pixels.every((value, at) => at % 4 === 3 || value === pixels[at - (at % 4)])) return;
    await Bun.sleep(100);
  }
}

/** Makes the server send the worker of an older version of the page, this many times. */
function serveOldWorker(assets: Awaited<ReturnType<typeof pageAssets>>, times: number) {
  const path = "/worker.js";
  const asset = assets.get(path);
  if (asset === undefined) throw new Error("there is no worker");
  const text = new TextDecoder().decode(asset.bytes).replaceAll(WEB_SOCKET_PROTOCOL, "slipstream.1");
  const state = {
    loads: 0,
    [Symbol.dispose]: () => void (assets as Map<string, typeof asset>).set(path, asset),
  };
  const old = { ...asset, gzipped: Bun.gzipSync(text), tag: '"old"' };
  const next = () => (state.loads < times ? old : asset);
  (assets as Map<string, typeof asset>).set(path, {
    ...asset,
    get gzipped() {
      return next().gzipped;
    },
    // Each answer reads the tag last.
    get tag() {
      const { tag } = next();
      state.loads++;
      return tag;
    },
  });
  return state;
}

describe.skipIf(CHROMIUM === null)("the page in trouble (needs chromium)", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await startChromium();
  });
  afterAll(() => browser?.close());

  test("a silent camera is grey, its age is red and grows, and the reason is shown and heard", async () => {
    await using web = await serveWebCameras(["door"]);
    await using opened = await openPage(browser);
    const { page, errors } = opened;
    await page.goto(web.url);
    await live(page);
    const [camera] = web.cameras;
    if (camera !== undefined) camera.picture = null;
    await page.waitForSelector(".age.old");
    await alarm(page)
      .filter({ hasText: /no (new )?picture.* for \d+ s/i })
      .waitFor();
    await heard(page, /^door: /);
    await untilGrey(page);
    const age = async () => Number.parseFloat((await page.locator(".age").textContent()) ?? "");
    const before = await age();
    while ((await age()) <= before) await Bun.sleep(100);

    if (camera !== undefined) camera.picture = 5;
    await live(page);
    await alarm(page).waitFor({ state: "hidden" });
    await heard(page, /^door: the picture is live$/);
    expect(errors).toEqual([]);
  });

  test("a camera that cannot be opened says why, beside one that works", async () => {
    await using web = await serveWebCameras(["door"], { cameras: [{ source: "/dev/video77", name: "porch" }] });
    await using opened = await openPage(browser, { viewport: { width: 360, height: 640 } });
    const { page, errors } = opened;
    await page.goto(web.url);
    await live(page);
    const porch = page.getByRole("region", { name: "porch" });
    await porch.locator(".alarm", { hasText: /video77.*no such (file or )?device|cannot/ }).waitFor();
    expect(await porch.locator(".age").textContent()).toBe("–");
    expect(await violations(page)).toEqual([]);
    expect(errors).toEqual([]);
  });

  test("a page is live again when the server is back", async () => {
    const first = await serveWebCameras(["door"]);
    const port = first.server.http?.port ?? 0;
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(first.url);
    await live(page);
    await first[Symbol.asyncDispose]();
    await page.waitForSelector(".age.old");
    await alarm(page)
      .filter({ hasText: /shutting down|waiting for|cannot be reached/ })
      .waitFor();
    await using _ = await serveWebCameras(["door"], { http: { port } });
    await live(page);
    await alarm(page).waitFor({ state: "hidden" });
  });

  test("a page whose version differs from its server's is loaded again once, and says so if that does not help", async () => {
    await using web = await serveWebCameras(["door"]);
    for (const isCached of [false, true]) {
      await using opened = await openPage(browser);
      const { page } = opened;
      using worker = serveOldWorker(await pageAssets(), isCached ? 100 : 1);
      const asked: string[] = [];
      page.on("request", (request) => {
        if (request.url().endsWith("/ws")) asked.push(request.url());
      });
      await page.goto(web.url);
      if (isCached) {
        await alarm(page)
          .filter({ hasText: "the server and this page have different versions: load the page again" })
          .waitFor();
        await heard(page, /different versions/);
        const before = asked.length;
        await Bun.sleep(2_000); // a page that tried again would do so within this time
        expect(asked.length).toBe(before);
      } else {
        await live(page);
      }
      expect(worker.loads).toBe(2);
    }
  });

  test("a hidden tab asks for no pictures, and is live again when it is seen", async () => {
    await using web = await serveWebCameras(["door"]);
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(web.url);
    await live(page);
    const hide = (isHidden: boolean) =>
      // A page of Chromium without a window is never hidden.
      page.evaluate(`Object.defineProperty(document, "hidden", { configurable: true, value: ${isHidden} });
        document.dispatchEvent(new Event("visibilitychange"))`);
    await hide(true);
    await alarm(page).filter({ hasText: "paused while hidden" }).waitFor();
    const before = await untilQuiet(web);
    await hide(false);
    await live(page);
    await alarm(page).waitFor({ state: "hidden" });
    expect(web.server.report().sent).toBeGreaterThan(before);
  });

  test("a server with keys asks for one, refuses a wrong one, and shows its cameras for the right one", async () => {
    const key = "watcher-key-with-enough-letters";
    await using web = await serveWebCameras(["door"], { keys: [{ name: "watcher", key }] });
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(web.url);
    const field = page.getByLabel("Key", { exact: true });
    await field.fill("a-wrong-key-with-enough-letters");
    await field.press("Enter");
    await page.locator("#login-trouble").filter({ hasText: /key/ }).waitFor();
    expect(await violations(page)).toEqual([]);
    await field.fill(key);
    await page.getByRole("button", { name: "Show the cameras" }).click();
    await live(page);
    expect(await page.getByRole("dialog").isVisible()).toBe(false);
    await page.reload();
    await live(page); // by the cookie
  });

  test("after a restart without its first camera, the page shows each of the others once, and the chosen one alone", async () => {
    await using opened = await openPage(browser);
    const { page } = opened;
    const names = () => page.locator(".camera .name").allTextContents();
    const first = await serveWebCameras(["door", "garden", "yard"]);
    await page.goto(first.url);
    await page.locator(".age.fresh").nth(2).waitFor();
    expect(await names()).toEqual(["door", "garden", "yard"]);
    await page.keyboard.press("2");
    await page.locator(".camera").first().waitFor({ state: "hidden" });
    const port = first.server.http?.port ?? 0;
    await first[Symbol.asyncDispose]();
    await using _second = await serveWebCameras(["garden", "yard"], { http: { port } });
    while ((await names()).includes("door")) await Bun.sleep(20);
    await live(page);
    await page.locator(".camera").nth(2).waitFor({ state: "detached" });
    expect(await names()).toEqual(["garden", "yard"]);
    expect(await page.locator(".camera:visible .name").allTextContents()).toEqual(["garden"]);
    await page.keyboard.press("Escape");
    await page.locator(".camera").nth(1).waitFor();
    expect(await page.locator(".camera:visible .name").allTextContents()).toEqual(["garden", "yard"]);
  });

  test("a browser without WebAssembly or without scripts shows the stream of whole pictures", async () => {
    await using web = await serveWebCameras(["door"]);
    for (const javaScriptEnabled of [true, false]) {
      await using opened = await openPage(browser, { javaScriptEnabled });
      const { page } = opened;
      await page.addInitScript("delete globalThis.WebAssembly");
      await page.goto(web.url, { waitUntil: "commit" }); // a stream never finishes loading
      const stream = page.locator("img.stream");
      await stream.waitFor({ state: "attached" });
      expect(await stream.getAttribute("src")).toBe("stream");
      const width = () => page.evaluate("document.querySelector('img.stream').naturalWidth");
      while (javaScriptEnabled && (await width()) !== 320) await Bun.sleep(100);
    }
  });
});
