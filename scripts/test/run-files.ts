// Runs test files, each in its own `bun test` process and several at a time, and prints the result of each file.
//
// `bun test --parallel` does the same with fewer processes, but it mixes the output of its workers. Under load the lines of
// a failed test appear under the name of another file.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJunit, type TestCase } from "./junit.ts";

/** This is longer than any wait of a test, because the error of a wait says more than Bun's time-out. */
const TIMEOUT_MS = 60_000;
/** After this time a test file hangs: its main thread is blocked, so Bun's own time-out does not end it. */
const HANG_MS = 15 * 60_000;
/** How long the output may stay open after the end of the tests. Only programs that the tests left behind keep it open. */
const OUTPUT_GRACE_MS = 5000;
/** The seconds that each file took last time. The longest files start first, so that no processor is idle at the end. */
const TIMINGS = "node_modules/.slipstream-test-timings.json";

export interface FilesResult {
  tests: TestCase[];
  /** The processor time of the tests and of the programs that they started and waited for, in seconds. */
  cpuSeconds: number;
  /** The whole output of each file with a failure. */
  failures: string[];
}

/**
 * Runs the files, `processes` at a time. Their paths are relative to the checkout `root`. A file that does not load, or whose process
 * crashes, counts as a failed test.
 */
export async function runFiles(root: string, files: readonly string[], processes: number): Promise<FilesResult> {
  const timings = readTimings(root);
  const seconds = (file: string) => timings[file] ?? Number.POSITIVE_INFINITY; // a new file may take long
  const waiting = files.toSorted((a, b) => seconds(b) - seconds(a) || 0);
  const results: FilesResult[] = [];
  const runWaiting = async () => {
    for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
      const startedAt = performance.now();
      const result = await runFile(root, file);
      timings[file] = (performance.now() - startedAt) / 1000;
      results.push(result);
      const count = (wanted: TestCase["result"]) => result.tests.filter(({ result: each }) => each === wanted).length;
      const counts = [`${count("passed")} passed`];
      for (const other of ["failed", "skipped"] as const) if (count(other) > 0) counts.push(`${count(other)} ${other}`);
      const times = `${timings[file]?.toFixed(1).padStart(6)} s ${result.cpuSeconds.toFixed(1).padStart(6)} s CPU`;
      console.log(`${times}  ${file}: ${counts.join(", ")}`);
    }
  };
  await Promise.all(Array.from({ length: processes }, runWaiting));
  writeFileSync(join(root, TIMINGS), JSON.stringify(timings));
  return joinResults(results);
}

export function joinResults(results: readonly FilesResult[]): FilesResult {
  return {
    tests: results.flatMap(({ tests }) => tests),
    cpuSeconds: results.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
    failures: results.flatMap(({ failures }) => failures),
  };
}

/** Runs one `bun test` with these arguments in `root`, and prints its output as it comes. */
export async function runChosen(root: string, args: readonly string[]): Promise<FilesResult> {
  const { tests, cpuSeconds } = await bunTest(root, args, (chunk) => process.stdout.write(chunk));
  // Bun reports the tests that -t leaves out as skipped.
  const hasFilter = args.some((arg) => /^(-t|--test-name-pattern)/.test(arg));
  const kept = hasFilter ? tests.filter(({ result }) => result !== "skipped") : tests;
  return { tests: kept, cpuSeconds, failures: [] };
}

async function runFile(root: string, file: string): Promise<FilesResult> {
  const output: Uint8Array[] = [];
  const { tests, cpuSeconds } = await bunTest(root, [`./${file}`], (chunk) => output.push(chunk));
  const hasFailed = tests.some(({ result }) => result === "failed");
  return {
    tests: tests.map((each) => ({ ...each, file })),
    cpuSeconds,
    failures: hasFailed ? [Buffer.concat(output).toString().trim()] : [],
  };
}

/** Processor time of a program that has ended, with the programs that it started and waited for. */
export function cpuSecondsOf(child: Bun.Subprocess): number {
  return Number(child.resourceUsage()?.cpuTime.total ?? 0) / 1e6;
}

async function bunTest(
  root: string,
  args: readonly string[],
  show: (chunk: Uint8Array) => void,
): Promise<{ tests: TestCase[]; cpuSeconds: number }> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-tests-"));
  const report = join(folder, "report.xml");
  const command = [process.execPath, "test", "--timeout", String(TIMEOUT_MS)];
  command.push("--reporter=junit", "--reporter-outfile", report, ...args);
  try {
    // `bun test` prints names to one stream and output to the other. The shell joins the two and keeps their order.
    const child = Bun.spawn(["sh", "-c", 'exec "$@" 2>&1', "sh", ...command], {
      cwd: root,
      env: process.env, // without this Bun passes the variables of the runner's start
      stdio: ["ignore", "pipe", "inherit"],
      timeout: HANG_MS,
      killSignal: "SIGKILL",
    });
    const output = child.stdout.getReader();
    const showAll = async () => {
      for (let read = await output.read(); !read.done; read = await output.read()) show(read.value);
      return true;
    };
    const closed = showAll();
    const code = await child.exited;
    const isClosed = await Promise.race([closed, Bun.sleep(OUTPUT_GRACE_MS).then(() => false)]);
    if (!isClosed) await output.cancel();
    const tests = existsSync(report) ? readJunit(readFileSync(report, "utf8")) : [];
    // After a crash there is no report. A file that does not load is missing in the report, and so is an error between two tests.
    const isExplained = code === 0 ? tests.length > 0 : tests.some(({ result }) => result === "failed");
    if (!isExplained) {
      const name = `bun test: ${child.signalCode ?? `exit code ${code}`}, ${tests.length} tests reported`;
      tests.push({ file: "", name, result: "failed" });
    }
    if (!isClosed)
      tests.push({ file: "", name: "a program that the tests started runs after their end", result: "failed" });
    return { tests, cpuSeconds: cpuSecondsOf(child) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readTimings(root: string): Record<string, number> {
  const path = join(root, TIMINGS);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : {};
}
