// Ctrl-C and SIGTERM end a program without an error, whatever it waits for: a port that does not answer, a pipe, a process that hangs.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { openBlackHole } from "../support/black-hole.ts";
import { startVirtualDisplay } from "../../src/cli/virtual-display.ts";
import {
  childrenOf,
  CLIP,
  Program,
  type ProgramName,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
} from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const folder = mkdtempSync(join(tmpdir(), "slipstream-quitting-"));
afterAll(() => rmSync(folder, { recursive: true }));
/** A pipe without a reader. Opening it blocks. */
const pipe = join(folder, "pipe");
Bun.spawnSync(["mkfifo", pipe]);

const hole = await openBlackHole();
afterAll(() => hole[Symbol.dispose]());
const NOWHERE = `127.0.0.1:${hole.port}`;
const WINDOWLESS = ["--display", "none"];

/** A program writes this when its end took too long and was cut off. */
const CUT_OFF = "has not ended";
/** The program reaches its wait within this time. The test passes as well if it does not. */
const BEGUN_MS = 700;

/** Waits until the program has signal handlers: proc(5), SigCgt. */
async function begun(program: Program<unknown>): Promise<void> {
  const isBegun = () => {
    const [, caught = "0"] =
      /^SigCgt:\s*([0-9a-f]+)$/m.exec(readFileSync(`/proc/${program.child.pid}/status`, "utf8")) ?? [];
    return (BigInt(`0x${caught}`) & (1n << BigInt(constants.signals.SIGTERM - 1))) !== 0n;
  };
  await program.until("the handling of signals", isBegun);
  await Bun.sleep(BEGUN_MS);
}

async function quit(program: Program<unknown>, signal: "SIGINT" | "SIGTERM"): Promise<void> {
  expect(program.child.exitCode).toBeNull();
  expect(await program.end(signal)).toBe(0);
  expect(program.remarks).not.toContain(CUT_OFF);
  expect(program.remarks).not.toContain("error:");
}

test.each<{ name: ProgramName; flags: string[] }>([
  { name: "view", flags: [NOWHERE, ...WINDOWLESS] },
  { name: "view", flags: [NOWHERE, ...WINDOWLESS, "--once"] },
  { name: "view", flags: [NOWHERE, ...WINDOWLESS, "--grid"] },
  { name: "view", flags: [NOWHERE, "--list"] },
  { name: "view", flags: [NOWHERE, "--controls"] },
  { name: "view", flags: ["127.0.0.1:1", ...WINDOWLESS, "--output", pipe] },
  { name: "view", flags: ["127.0.0.1:1", ...WINDOWLESS, "--trace", pipe] },
  { name: "serve", flags: ["--source", "pattern", "--port", "0", "--trace", pipe] },
  { name: "serve", flags: ["--source", `rtsp://${NOWHERE}/`, "--port", "0"] },
  { name: "serve", flags: ["--source", `http://${NOWHERE}/`, "--port", "0"] },
])("$name $flags: a signal ends it without an error", async ({ name, flags }) => {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    await using program = new Program<unknown>(name, flags);
    await begun(program);
    await quit(program, signal);
  }
});

test("serve: a signal ends it while ffmpeg is stopped and cannot handle signals", async () => {
  await using server = await startServer(["--source", CLIP, "--size", "320x180"]);
  await server.until("frames", ({ last }) => (last?.frames ?? 0) > 0);
  const [ffmpeg = 0] = childrenOf(server.child.pid, "ffmpeg");
  process.kill(ffmpeg, "SIGSTOP");
  await quit(server, "SIGTERM");
  expect(() => process.kill(ffmpeg, 0)).toThrow(); // ffmpeg has ended
});

test("view: a signal ends it while its display does not answer", async () => {
  await using display = await startVirtualDisplay(640, 480);
  await using server = await startServer(["--source", "pattern", "--size", "320x180"]);
  const viewer = startViewer(server.port, ["--display", "sdl"], {
    env: { DISPLAY: display.name, WAYLAND_DISPLAY: "" },
  });
  await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 0);
  const [xvfb = 0] = childrenOf(process.pid, "Xvfb");
  process.kill(xvfb, "SIGSTOP");
  const { child } = viewer;
  while (child.exitCode === null && child.signalCode === null) {
    child.kill("SIGTERM"); // the first signals may come before the viewer is known to hang
    await Bun.sleep(100);
  }
  process.kill(xvfb, "SIGCONT");
});
