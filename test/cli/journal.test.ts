// Lines for the journal of systemd: one line for an event, with a priority and without a time stamp.

import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { closeSync, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { forJournal, isJournal } from "../../src/cli/journal.ts";
import { TEST_TIMEOUT_MS, TEST_VARIABLES } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const SERVE = new URL("../../src/cli/serve.ts", import.meta.url).pathname;

/** Runs a server until it has captured some frames. Its standard error is a file that `variable` may name. */
async function runServer(flags: readonly string[], variable: (own: string) => string): Promise<string[]> {
  const path = join(FOLDER, `stderr-${flags.length}-${Bun.nanoseconds()}`);
  const descriptor = openSync(path, "w");
  const { dev, ino } = fstatSync(descriptor, { bigint: true });
  const child = Bun.spawn([process.execPath, SERVE, "--no-config", "--no-http", "--port", "0", ...flags], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: descriptor,
    env: { ...process.env, ...TEST_VARIABLES, JOURNAL_STREAM: variable(`${dev}:${ino}`) },
  });
  closeSync(descriptor);
  await child.exited;
  return readFileSync(path, "utf8").trim().split("\n");
}

const PATTERN = ["--source", "pattern", "--size", "160x90", "--frames", "3"];

test("a service writes priorities instead of times and levels", async () => {
  const lines = await runServer(PATTERN, (own) => own);
  // On a busy machine the pattern may be late. The two lines about that are of the camera.
  const isOfServer = (line: string) => !/^<[46]>camera pattern (has sent nothing|is back)/.test(line);
  const [first, ...others] = lines.filter(isOfServer);
  expect(first).toMatch(/^<6>server serving pattern on 127\.0\.0\.1:\d+$/);
  expect(others.length).toBeGreaterThanOrEqual(1);
  for (const line of others) expect(line).toMatch(/^<6>server /);
  const [error, ...more] = await runServer(["--source", "/nowhere/film.mp4"], (own) => own);
  expect(error).toMatch(/^<3>error: cannot read \/nowhere\/film\.mp4/);
  expect(more).toEqual([]);
});

test("a program whose standard error is not the journal writes times and levels", async () => {
  const [first] = await runServer(PATTERN, () => "1:1");
  expect(first).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z info server serving pattern/);
});

test("each line of a text has the priority", () => {
  expect(forJournal("one\ntwo", "warning")).toBe("<4>one\n<4>two");
  expect(isJournal(undefined)).toBe(false);
  expect(isJournal("0:0")).toBe(false);
});
