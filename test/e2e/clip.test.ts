// `clip`: saves the last seconds of a camera, over TLS and with a key, and says why it cannot.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "../../src/server/serve.ts";
import type { Server } from "../../src/server/server.ts";
import { runToEnd, TEST_TIMEOUT_MS, TEST_VARIABLES } from "../support/programs.ts";
import { readRecording } from "../support/recorded-camera.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const KEY = "k7qf2mzd9x4whcv3tb8n";
const pattern = { source: "pattern", size: { width: 320, height: 240 }, framesPerSecond: 20 } as const;

let folder = "";
let server: Server;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  process.env["XDG_STATE_HOME"] = TEST_VARIABLES.XDG_STATE_HOME;
  server = await serve({
    cameras: [
      { ...pattern, name: "door", past: { seconds: 60 } },
      { ...pattern, name: "yard" },
    ],
    ...{ port: 0, workers: 1, keys: [{ key: KEY }], tls: true },
  });
  const isKept = () => (server.report().cameras?.[0]?.past?.seconds ?? 0) > 3; // more than the length of the clip
  await until(isKept, "three seconds of the past", 60_000);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function clip(words: string[], env = {}): Promise<{ code: number; output: string; remarks: string }> {
  const { code, remarks, program } = await runToEnd("clip", words, { rawOutput: true, env });
  return { code, output: program.bytes.toString(), remarks };
}

const link = (camera: string, key = KEY) => `slips://${key}@127.0.0.1:${server.port}/${camera}`;

test("clip: saves the last seconds over TLS with a key", async () => {
  const path = join(folder, "out.mkv");
  const { code, output, remarks } = await clip([link("door"), "2s", path]);
  expect({ code, remarks: remarks.includes("error") }).toEqual({ code: 0, remarks: false });
  expect(output).toMatch(/out\.mkv: \d+\.\d MB/);
  const pictures = readRecording(path);
  expect(pictures[0]?.milliseconds).toBe(0);
  expect(pictures.length).toBeGreaterThan(2);
  expect(pictures.at(-1)?.milliseconds ?? 0).toBeWithin(1000, 2500);
});

test("clip: overwrites nothing", async () => {
  const path = join(folder, "kept.mkv");
  writeFileSync(path, "kept");
  const { code, remarks } = await clip([link("door"), "2s", path]);
  expect(code).toBe(2);
  expect(remarks).toContain(`cannot make ${path}: there is a file of this name already`);
  expect(readFileSync(path, "utf8")).toBe("kept");
});

test("clip: says why there is none, and leaves no file", async () => {
  const path = join(folder, "none.mkv");
  const none = await clip([link("yard"), "2s", path]);
  expect(none).toMatchObject({ code: 1 });
  expect(none.remarks).toContain("the past of yard is not kept: start the server with --past 30s");
  const wrongKey = await clip([link("door", "a-wrong-key-of-twenty-characters"), "2s", path], {
    XDG_STATE_HOME: folder, // no other key is kept there
  });
  expect(wrongKey.code).toBe(1);
  expect(wrongKey.remarks).toContain("the key of the link is not right");
  expect(existsSync(path)).toBe(false);
});

test.each(["30", "0s", "2h", "30s,64MB", "long"])("clip: refuses the length '%s'", async (length) => {
  const { code, remarks } = await clip([link("door"), length, join(folder, "wrong.mkv")]);
  expect(code).toBe(2);
  expect(remarks).toContain(`'${length}' is not the length of a clip: write 1s to 1h, for example 30s`);
  expect(readdirSync(folder)).not.toContain("wrong.mkv");
});
