// A server that cannot open more files keeps its viewers and its source, and accepts connections again when files are free.

import { expect, setDefaultTimeout, test } from "bun:test";
import { cpuMsBetween, readCpuTimes } from "../../bench/process-figures.ts";
import { median } from "../../src/core/statistics.ts";
import { childrenOf, CLIP, type Server, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Changes the number of files that the process may open (prlimit(1)). */
function allowFiles({ child }: Server, files: number): void {
  expect(Bun.spawnSync(["prlimit", `--pid=${child.pid}`, `--nofile=${files}:`]).success).toBe(true);
}

/** The median processor time of the server in a fifth of a second, because other programs may disturb some of them. */
async function usualProcessorMs({ child }: Server): Promise<number> {
  const times: number[] = [];
  for (let turn = 0; turn < 9; turn++) {
    const before = readCpuTimes(child.pid);
    await Bun.sleep(200);
    times.push(cpuMsBetween(before, readCpuTimes(child.pid)));
  }
  return median(times) ?? 0;
}

test.skipIf(Bun.which("prlimit") === null)("a server that can open no more files waits for some", async () => {
  await using server = await startServer(["--source", CLIP]);
  await using first = startViewer(server.port);
  const shown = () => first.last?.frames ?? 0;
  await first.until("frames", () => shown() > 5);

  const usualMs = await usualProcessorMs(server);
  allowFiles(server, 3);
  for (const pid of childrenOf(server.child.pid, "ffmpeg")) process.kill(pid, "SIGKILL");
  await server.until("the source's line", ({ remarks }) => remarks.includes("too many open files (ulimit -n); trying"));
  await using second = startViewer(server.port);
  await server.until("the door's line", ({ remarks }) => remarks.includes("no viewers are accepted until some are"));
  // Nothing has to be encoded, so the process must be idle while connections wait.
  expect(await usualProcessorMs(server)).toBeLessThan(4 * usualMs);
  expect(second.last?.frames ?? 0).toBe(0);
  expect(server.child.exitCode).toBeNull();

  const before = shown();
  allowFiles(server, 1024);
  await first.until("frames of the source that is back", () => shown() > before + 5);
  await second.until("frames", ({ last }) => (last?.frames ?? 0) > 5);
  expect(first.last?.reconnects).toBe(0);
  expect(server.remarks).toContain("viewers are accepted again");
});
