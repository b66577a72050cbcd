// A camera of a real server: the contents of its log and its trace.

import { afterEach, expect, setDefaultTimeout, test } from "bun:test";
import type { Source } from "../../../src/capture/source.ts";
import { lineLog } from "../../../src/core/log.ts";
import type { ServeOptions } from "../../../src/server/settings/options.ts";
import { serve } from "../../../src/server/serve.ts";
import { startViewer, TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { RecordedTrace } from "../../support/recorded-trace.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const running = new Set<AsyncDisposable>();
afterEach(async () => {
  for (const each of running) await each[Symbol.asyncDispose]();
  running.clear();
});

/** Serves on a free port with one thread. `lines` has the lines of the log, as `level subject: text`. */
async function start(options: ServeOptions) {
  const lines: string[] = [];
  const log = lineLog((text, level, subjects) => lines.push(`${level} ${subjects.join(":")}: ${text}`));
  const server = await serve({ ...options, log, workers: 1, port: 0 });
  running.add(server);
  return { server, lines };
}

const PATTERN = { source: "pattern", size: { width: 320, height: 240 } };

test("Camera: the trace shows a frame from its capture to the viewer's screen", async () => {
  const trace = new RecordedTrace();
  const { server } = await start({ cameras: [PATTERN], trace });
  await using _ = startViewer(server.port);
  const shown = () => trace.spans.filter(({ name }) => name === "decode and show");
  await until(() => shown().length > 5, "frames that are shown");
  const frame = shown()[3]?.fields?.["frame"];
  const spans = trace.spans.filter(({ fields }) => fields?.["frame"] === frame);
  const [wait, encode, send, transfer, show] = [
    /^camera pattern waiting$/,
    /^camera pattern$/,
    /^viewer 127\.0\.0\.1:\d+$/,
    /^viewer .* transfer$/,
    /^viewer .* work$/,
  ].map((track) => spans.find((span) => track.test(span.track)));
  const starts = [wait, encode, send, show].map((span) => span?.from);
  expect(starts).toEqual(starts.toSorted((a, b) => Number(a) - Number(b)));
  expect(transfer?.to).toBe(show?.from as number);
  expect(wait?.to).toBe(encode?.from as number);
});

test("Camera: the log has the subject of each part", async () => {
  const { server, lines } = await start({ cameras: [{ ...PATTERN, idleReleaseSeconds: 0.3 }] });
  await until(
    () => lines.includes("info camera: no viewers for 0.3 s: pattern is released until one comes"),
    "the release",
  );
  await using _ = startViewer(server.port);
  await until(() => lines.includes("info camera: a viewer came: pattern is started again"), "the start");
  expect(lines.at(-2)).toMatch(/^info deliver: viewer 127\.0\.0\.1:\d+ is watching \(1 in all\)$/);
});

test("Camera: with several cameras the subject contains the camera's name", async () => {
  const { server, lines } = await start({ cameras: [{ ...PATTERN, name: "door" }, PATTERN] });
  await using _ = startViewer(server.port);
  await until(() => lines.some((line) => line.startsWith("info deliver:door: viewer")), "the viewer");
});

test("Camera: logs when its source begins to fail, and when it works again", async () => {
  const source: Source = {
    name: "played",
    framesPerSecond: 0,
    run(sink) {
      for (const text of ["no signal", "no signal", null, null]) sink.trouble(text);
      return Promise.resolve();
    },
  };
  const { server, lines } = await start({ cameras: [{ source }] });
  await server.closed;
  expect(lines).toEqual(["warning camera: no signal", "info camera: played is back"]);
});
