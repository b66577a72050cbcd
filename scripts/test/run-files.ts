// Runs test files with `bun test`, several at a time.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJunit, type TestCase } from "./junit.ts";

/** Longer than any wait of a test, whose own errors say more than Bun's time-out does. */
const TIMEOUT_MS = 60_000;
/** How long each file took last time: `bun test --parallel` starts the longest first. */
const TIMINGS = "node_modules/.slipstream-test-timings.json";

export interface FilesResult {
  tests: TestCase[];
  /** The whole output of each file in which something failed. */
  failures: string[];
}

/**
 * Runs the files, given relative to the checkout `root`, `processes` at a time. A file that does not load, or whose process
 * crashes, counts as a failed test.
 */
export async function runFiles(root: string, files: readonly string[], processes: number): Promise<FilesResult> {
  const parallel = [`--parallel=${processes}`, "--timings", TIMINGS, "--update-timings"];
  const failures: string[] = [];
  const { tests, code } = await bunTest(root, [...(processes > 1 ? parallel : []), ...files], async (output) => {
    failures.push(...(await showProgress(output)));
  });
  const missing = files.filter((file) => !tests.some((each) => each.file === file));
  for (const file of missing) tests.push({ file, name: "(did not run)", seconds: 0, result: "failed" });
  return { tests: withExitCode(tests, code), failures };
}

/** Runs one `bun test` with these arguments in `root`, and prints all of its output. */
export async function runChosen(root: string, args: readonly string[]): Promise<FilesResult> {
  const { tests, code } = await bunTest(root, args, async (output) => {
    for await (const chunk of output) process.stdout.write(chunk);
  });
  // Bun reports a test that -t leaves out as skipped.
  const hasFilter = args.some((arg) => /^(-t|--test-name-pattern)/.test(arg));
  const chosen = hasFilter ? tests.filter(({ result }) => result !== "skipped") : tests;
  return { tests: withExitCode(chosen, code), failures: [] };
}

/** Adds a failure if `bun test` failed and no test did, as after an error between two tests. */
function withExitCode(tests: TestCase[], code: number): TestCase[] {
  if (code === 0 || tests.some(({ result }) => result === "failed")) return tests;
  return [...tests, { file: "", name: `bun test: exit code ${code}`, seconds: 0, result: "failed" }];
}

async function bunTest(
  root: string,
  args: readonly string[],
  show: (output: ReadableStream<Uint8Array>) => Promise<void>,
): Promise<{ tests: TestCase[]; code: number }> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-tests-"));
  const report = join(folder, "report.xml");
  const command = [process.execPath, "test", "--timeout", String(TIMEOUT_MS)];
  command.push("--reporter=junit", "--reporter-outfile", report, ...args);
  try {
    // `bun test` prints names to one stream and output to the other. The shell joins them and keeps their order.
    const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command], {
      cwd: root,
      stdio: ["ignore", "pipe", "inherit"],
    });
    await show(child.stdout);
    const code = await child.exited;
    return { tests: existsSync(report) ? readJunit(readFileSync(report, "utf8")) : [], code };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** `bun test` prints a file's path above its tests, again and again where several files run at a time. */
const FILE_HEADER = /^(test\/\S+\.test\.ts):$/;
const FAILURE = /^(\(fail\)|✗|# Unhandled error)/;
const TESTS_PER_LINE = 100;

/** Prints how far the tests are, and the names of those that fail. Resolves with the whole output of each file with a failure. */
async function showProgress(output: ReadableStream<Uint8Array>): Promise<string[]> {
  const outputs = new Map<string, string[]>();
  const failing = new Set<string>();
  const startedAt = performance.now();
  let file = "";
  let done = 0;
  for await (const line of readLines(output)) {
    const header = FILE_HEADER.exec(line)?.[1];
    if (header !== undefined) file = header;
    else outputs.set(file, [...(outputs.get(file) ?? []), line]);
    if (FAILURE.test(line)) {
      failing.add(file);
      console.log(`${file}: ${line}`);
    }
    if (/^\((pass|fail|skip)\) /.test(line) && ++done % TESTS_PER_LINE === 0) {
      console.log(`${done} tests, ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
    }
  }
  return [...failing].map((each) => `${each}:\n${outputs.get(each)?.join("\n").trim()}`);
}

async function* readLines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
  if (rest !== "") yield rest;
}
