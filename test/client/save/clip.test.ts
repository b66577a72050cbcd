// Key C of the window saves the last seconds of the camera, and tells the outcome in the log.

import { expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { withoutKey } from "../../../src/connect/server-access.ts";
import { clipKey } from "../../../src/client/save/clip.ts";
import { lineLog } from "../../../src/core/log.ts";
import { serve } from "../../../src/server/serve.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { readRecording } from "../../support/recorded-camera.ts";
import { until } from "../../support/wait-until.ts";
import { useWorkingFolder } from "../../support/working-folder.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const folder = useWorkingFolder();

const pattern = { source: "pattern", size: { width: 320, height: 240 }, framesPerSecond: 20 } as const;

test("clipKey: saves a file into the working folder, one at a time, that others cannot read", async () => {
  await using server = await serve({ cameras: [{ ...pattern, past: { seconds: 30 } }], port: 0, workers: 1 });
  await until(() => (server.report().past?.seconds ?? 0) > 1, "a second of the past", 60_000);
  const lines: string[] = [];
  const address = { host: "127.0.0.1", port: server.port, camera: "" };
  const press = clipKey(
    withoutKey(address),
    new AbortController().signal,
    lineLog((line) => lines.push(line)),
  );
  press(address);
  press(address);
  await until(() => lines.length > 1, "the outcome", 60_000);
  expect(lines).toEqual(["saving the last 30 s", expect.stringMatching(/^saved .*-last-30s\.mkv \(\d+\.\d MB\)$/)]);
  const [name = "", ...others] = readdirSync(folder());
  expect(others).toEqual([]);
  expect(readRecording(join(folder(), name)).length).toBeGreaterThan(2);
  expect(statSync(join(folder(), name)).mode & 0o077).toBe(0);
  press(address);
  expect(lines[2]).toBe("saving the last 30 s");
  await until(() => lines.length > 3, "the second outcome", 60_000);
});

test("clipKey: tells why there is no clip, and leaves no file", async () => {
  await using server = await serve({ cameras: [{ ...pattern, name: "yard" }], port: 0, workers: 1 });
  const lines: string[] = [];
  const address = { host: "127.0.0.1", port: server.port, camera: "" };
  clipKey(
    withoutKey(address),
    new AbortController().signal,
    lineLog((line) => lines.push(line)),
  )(address);
  await until(() => lines.length > 1, "the outcome", 60_000);
  expect(lines[1]).toContain("the past of yard is not kept: start the server with --past 30s");
  expect(readdirSync(folder())).toEqual([]);
});
