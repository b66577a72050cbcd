// The page in Chromium: the button and the key that save the last seconds of a camera.

import { expect, setDefaultTimeout, test } from "bun:test";
import { CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { readRecording } from "../support/recorded-camera.ts";
import { until } from "../support/wait-until.ts";
import { serveWebCameras } from "../support/web-cameras.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

test.skipIf(CHROMIUM === null)("the page saves the last seconds, or says why it cannot (needs chromium)", async () => {
  const browser = await startChromium();
  const size = { width: 320, height: 180 };
  const yard = { source: "pattern", name: "yard", size, framesPerSecond: 20, past: { seconds: 60 } };
  await using web = await serveWebCameras(["door"], { cameras: [yard] });
  await until(() => (web.server.report().cameras?.[1]?.past?.seconds ?? 0) > 1, "a second of the past", 60_000);
  {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(`${web.localUrl}#yard`);
    await page.waitForSelector(".chosen[data-shown]");
    let requests = 0;
    page.on("request", (request) => {
      if (request.url().includes("/clip?")) requests++;
    });
    const keys = 'for (const key of ["c", "c"]) document.dispatchEvent(new KeyboardEvent("keydown", { key }))';
    const save = [() => page.evaluate(keys), () => page.click(".chosen [data-tool=past]")];
    for (const act of save) {
      const downloading = page.waitForEvent("download");
      await act();
      const download = await downloading;
      expect(download.suggestedFilename()).toMatch(/^yard-\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.mkv$/);
      expect(readRecording(await download.path()).length).toBeGreaterThan(2);
    }
    expect(requests).toBe(2); // the second press came while the first clip was being saved
  }
  {
    await using opened = await openPage(browser);
    const { page } = opened;
    await page.goto(`${web.localUrl}#door`);
    await page.waitForSelector(".chosen[data-shown]");
    await page.keyboard.press("c");
    const note = page.locator(".alarm").filter({ hasText: "the past of door is not kept" });
    await note.waitFor();
    await note.waitFor({ state: "hidden" });
  }
  await browser.close();
});
