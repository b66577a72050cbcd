// hangs: a process that is stopped or sleeps without an end hangs, and one that sleeps for a time or works does not.

import { expect, test } from "bun:test";
import { hangs } from "../../src/system/process-state.ts";
import { until } from "../support/wait-until.ts";

test.skipIf(process.platform !== "linux")("hangs: is true while a process is stopped", async () => {
  const waits = Bun.spawn(["sleep", "60"]);
  const works = Bun.spawn(["sh", "-c", "while :; do :; done"]);
  try {
    for (const { pid } of [waits, works]) {
      await until(() => !hangs(pid), "a process that runs");
      process.kill(pid, "SIGSTOP");
      await until(() => hangs(pid), "a process that is stopped");
      process.kill(pid, "SIGCONT");
      await until(() => !hangs(pid), "a process that goes on");
    }
  } finally {
    waits.kill("SIGKILL");
    works.kill("SIGKILL");
  }
  await Promise.all([waits.exited, works.exited]);
  expect(hangs(waits.pid)).toBe(false);
});

test.skipIf(process.platform !== "linux")(
  "hangs: is true while a process sleeps for bytes that do not come",
  async () => {
    const reads = Bun.spawn(["cat"], { stdin: "pipe", stdout: "pipe" });
    try {
      await until(() => hangs(reads.pid), "a process that sleeps");
    } finally {
      reads.kill("SIGKILL");
    }
    await reads.exited;
    expect(hangs(reads.pid)).toBe(false);
  },
);
