// /stream in an <img> of Chromium: a new picture is shown when it has come, and not only when the next one comes.

import { expect, setDefaultTimeout, test } from "bun:test";
import { createCamera } from "../../src/capture/push-camera.ts";
import { serve } from "../../src/server/serve.ts";
import { CHROMIUM, openPage, startChromium } from "../support/chromium.ts";
import { TEST_TIMEOUT_MS } from "../support/programs.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 64, height: 48 };
/** A busy machine may take more than the second until the picture is repeated, so there are several tries. */
const TRIES = 10;

/** Reads the brightness in the middle of the image. */
const BRIGHTNESS = `(() => {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d");
  context.drawImage(document.querySelector("img"), 0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data[1];
})()`;

test.skipIf(CHROMIUM === null)("Chromium shows a picture of /stream before the next one is sent", async () => {
  const camera = createCamera({ name: "still", framesPerSecond: 30 });
  await using server = await serve({ cameras: [{ source: camera }], port: 0, workers: 1, http: { port: 0 } });
  const push = (level: number) => camera.push(new Uint8Array(SIZE.width * SIZE.height * 4).fill(level), SIZE);
  const browser = await startChromium();
  try {
    await using opened = await openPage(browser);
    const { page } = opened;
    const url = `http://127.0.0.1:${server.http?.port}/only-stream`;
    await page.route(url, (route) => route.fulfill({ contentType: "text/html", body: '<img src="stream">' }));
    push(10);
    await page.goto(url, { waitUntil: "commit" }); // a stream never finishes loading
    await until(() => server.report().sent > 1, "the stream");
    let isPrompt = false;
    for (let attempt = 1; attempt <= TRIES && !isPrompt; attempt++) {
      const repeated = server.report().sent;
      await until(() => server.report().sent > repeated, "a repeat, after which there is a second without one");
      const before = server.report().sent;
      const level = 40 + 20 * attempt;
      push(level);
      await until(() => server.report().sent > before, "the new picture");
      while (!isPrompt && server.report().sent === before + 1) {
        const shown = (await page.evaluate(BRIGHTNESS)) as number;
        isPrompt = Math.abs(shown - level) < 8 && server.report().sent === before + 1;
      }
    }
    expect(isPrompt).toBe(true);
  } finally {
    await browser.close();
  }
});
