// A key is removed on the server while a viewer watches: the viewer ends, takes a new key, or asks for one.

import { afterEach, beforeEach, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ViewReport } from "../../src/client/figures.ts";
import { Program, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { Terminal } from "../support/terminal.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const at = (script: string) => new URL(`../../src/cli/${script}.ts`, import.meta.url).pathname;

let folder = "";
let server: Server;
let host = "";

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  const flags = ["--source", "pattern", "--size", "320x240", "--fps", "20", "--host", "0.0.0.0", "--no-announce"];
  server = await startServer(flags, { env: serverEnv() });
  host = `127.0.0.1:${server.port}`;
});

afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const serverEnv = () => ({ XDG_STATE_HOME: join(folder, "server"), SLIPSTREAM_KEY: "" });
const viewerEnv = (key = "") => ({ XDG_STATE_HOME: join(folder, "viewer"), SLIPSTREAM_KEY: key });

/** Runs `bun run key`, and returns its output. */
function key(...args: string[]): string {
  const { stdout, stderr, success } = Bun.spawnSync([process.execPath, at("key"), ...args], {
    env: { ...process.env, ...serverEnv() },
  });
  if (!success) throw new Error(stderr.toString());
  return stdout.toString();
}

/** Adds a key, and waits until the server has read it. */
async function addKey(name: string): Promise<string> {
  const reads = () => server.remarks.split("the key store has changed").length;
  const before = reads();
  const added = JSON.parse(key("add", name, "--json")).key;
  await server.until("the new key", () => reads() > before);
  return added;
}

/** A viewer that shows the video. */
async function watching(flags: readonly string[], variable?: string): Promise<Program<ViewReport>> {
  const viewer = new Program<ViewReport>("view", [host, "--display", "none", "--json", ...flags], {
    env: viewerEnv(variable),
  });
  await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 0);
  return viewer;
}

test.each([[], ["--once"], ["--wait"]])("without a terminal the viewer ends with one line (%j)", async (...flags) => {
  const ann = await addKey("ann");
  await using viewer = await watching(flags, ann);
  key("remove", "ann");
  expect(await viewer.end()).toBe(1);
  const last = viewer.remarks.trim().split("\n").at(-1);
  if (flags.includes("--once")) expect(last).toContain("the key was removed");
  else expect(last).toStartWith(`error: ${host} does not accept the key of SLIPSTREAM_KEY any more: give the link`);
  expect(viewer.remarks).not.toContain(ann);
});

test("view: after a key was removed, a new key in the key file is used without a question", async () => {
  const file = join(folder, "key");
  await writeFile(file, await addKey("ann"), { mode: 0o600 });
  await using viewer = await watching(["--key-file", file]);
  await writeFile(file, await addKey("ben"));
  key("remove", "ann");
  await viewer.until("a second connection", ({ last }) => (last?.reconnects ?? 0) === 1 && last?.connected === true);
  expect(viewer.remarks).not.toContain("error");
  expect(await viewer.end("SIGTERM")).toBe(0);
});

test("view: after a key was removed, the viewer asks for a new key on the terminal and goes on", async () => {
  const ann = await addKey("ann");
  const command = [process.execPath, at("view"), host, "--display", "none"];
  await using terminal = Terminal.start(command, viewerEnv(ann));
  await terminal.until("fps");
  const ben = await addKey("ben");
  key("remove", "ann");
  await terminal.until(`Key of ${host}: `);
  expect(terminal.shown).toContain("does not accept the key of SLIPSTREAM_KEY any more");
  const shown = terminal.shown.length;
  await Bun.sleep(1_500); // the status line of every second would overwrite the question
  expect(terminal.shown.slice(shown)).toBe("");
  terminal.type(`${ben}\r`);
  await terminal.until("connected to", 2);
  terminal.type("\u0003");
  expect(await terminal.end()).toBe(0);
  for (const secret of [ann, ben]) expect(terminal.shown).not.toContain(secret);
});

test("view: after a key was removed, --grid asks once for all cameras", async () => {
  const flags = ["--source", "pattern", "--source", "pattern", "--host", "0.0.0.0", "--no-announce"];
  await using several = await startServer([...flags, "--size", "320x240"], { env: serverEnv() });
  const ann = await addKey("ann");
  const where = `127.0.0.1:${several.port}`;
  const command = [process.execPath, at("view"), where, "--grid", "--display", "none"];
  await using terminal = Terminal.start(command, viewerEnv(ann));
  await terminal.until("fps");
  const ben = await addKey("ben");
  key("remove", "ann");
  await terminal.until(`Key of ${where}: `);
  terminal.type(`${ben}\r`);
  await terminal.until("connected to", 4);
  terminal.type("\u0003");
  expect(await terminal.end()).toBe(0);
  expect(terminal.shown.split("Key of").length).toBe(2);
});
