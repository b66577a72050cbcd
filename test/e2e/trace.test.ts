// serve --trace: the file is valid JSON and has the steps of each frame in order.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const folder = mkdtempSync(join(tmpdir(), "slipstream-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Span {
  name: string;
  ph: string;
  ts: number;
  dur: number;
  tid: number;
  args: { frame?: number };
}

const FRAMES = 20;

test("--trace: the spans of a frame are in order, after SIGINT ends the server", async () => {
  const path = join(folder, "serve.json");
  await using server = await startServer(["--source", "pattern", "--size", "640x360", "--trace", path]);
  await using viewer = startViewer(server.port, ["--trace", join(folder, "view.json"), "--frames", String(FRAMES)]);
  expect(await viewer.end()).toBe(0);
  expect(await server.end("SIGINT")).toBe(0);

  const events: Span[] = JSON.parse(readFileSync(path, "utf8"));
  const spans = events.filter(({ ph }) => ph === "X");
  expect(spans.every(({ ts, dur }) => Number.isFinite(ts) && dur >= 0)).toBe(true);
  const frames = Map.groupBy(spans, ({ args }) => args.frame);
  let whole = 0;
  for (const [frame, steps] of frames) {
    const step = (name: string) => steps.find((each) => each.name.startsWith(name));
    const [wait, encode, transfer, show] = ["capture to encoder", "encode ", "transfer", "decode and show"].map(step);
    if (!wait || !encode || !transfer || !show) continue; // the frame had no viewer, or its acknowledgement had not come yet
    whole++;
    const order = [wait.ts, wait.ts + wait.dur, encode.ts, transfer.ts, transfer.ts + transfer.dur, show.ts];
    expect([frame, order]).toEqual([frame, order.toSorted((a, b) => a - b)]);
  }
  expect(whole).toBeGreaterThan(FRAMES / 4);
  expect(Array.isArray(JSON.parse(readFileSync(join(folder, "view.json"), "utf8")))).toBe(true);
});
