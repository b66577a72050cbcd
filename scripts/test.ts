// `bun run test`: runs all checks, and ends with one line that has the true counts.

import { availableParallelism } from "node:os";
import { dirname } from "node:path";
import { Argument, Command, Option } from "commander";
import { asProgram, runMain } from "../src/cli/program.ts";
import { UsageError } from "../src/core/errors.ts";
import { VERSION } from "../src/core/version.ts";
import { provideTestProgram } from "./build/program.ts";
import { groupFiles } from "./test/groups.ts";
import type { TestCase } from "./test/junit.ts";
import { cpuSecondsOf, type FilesResult, joinResults, runChosen, runFiles } from "./test/run-files.ts";

const ROOT = dirname(import.meta.dir);
const bun = process.execPath;

/** The checks in the order in which they run. Checks that fail fast come first. Checks that measure have the machine to themselves. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  types: [bun, "check", "--no-script"],
  "kernel-types": [bun, "check", "--no-script", "--project", "src/codec/kernel/tsconfig.json"],
  "page-types": [bun, "check", "--no-script", "--project", "src/browser/tsconfig.json"],
  lint: [bun, "x", "biome", "lint", "--error-on-warnings"],
  format: [bun, "fmt", "--no-script", "--check"],
  "dead-code": [bun, "x", "knip-bun"],
  build: [bun, "scripts/build.ts", "program", "package"],
  tests: [],
  bench: [bun, "bench/main.ts", "--quick", "--check"],
  soak: [bun, "bench/soak/main.ts", "2"],
};
const CHECKS = Object.keys(COMMANDS);
/** The checks that run only with --all, or if they are named, because they take minutes. */
const LONG: ReadonlySet<string> = new Set(["soak"]);
/** The checks of `unit`. Among the tests, it runs only the unit tests. */
const UNIT = ["types", "kernel-types", "page-types", "lint", "format", "dead-code", "tests"];

/**
 * The number of test files that run at the same time. It is three times the number of processors, because most of the time a file waits
 * for a program, a report or a picture.
 */
const PROCESSES = 3 * availableParallelism();

const separator = process.argv.indexOf("--");
const ownArguments = separator < 0 ? process.argv : process.argv.slice(0, separator);
const testArguments = separator < 0 ? [] : process.argv.slice(separator + 1);

const command = asProgram(new Command("bun run test"), VERSION)
  .description("Checks everything: types, lint, format, dead code, tests, and the bounds of the benches.")
  .usage("[options] [checks...] [-- arguments of 'bun test']")
  .addArgument(
    new Argument(
      "[checks...]",
      "the checks to run; 'unit' is all but soak, the benches and the tests that start programs (default: all but soak)",
    ).choices(["unit", ...CHECKS]),
  )
  .addOption(
    new Option(
      "--all",
      "first install the programs without which some tests are skipped (Debian packages); also run soak and the tests with older versions",
    ).default(false),
  )
  .addHelpText(
    "after",
    `
Examples:
  bun run test unit                              in under a minute
  bun run test lint format
  bun run test tests -- test/protocol            the tests of a folder
  bun test test/core/pace.test.ts -t drift       one test, by Bun alone
Which test files run at the same time is in scripts/test/groups.ts.`,
  );

await runMain(async (signal) => {
  signal.addEventListener("abort", () => process.exit(130)); // Ctrl-C reaches the running checks as well
  process.chdir(ROOT);
  command.parse(ownArguments);
  const named = command.processedArgs[0] as string[];
  const { all } = command.opts<{ all: boolean }>();
  if (all) process.env["SLIPSTREAM_TEST_ALL"] = "1"; // test/e2e/upgrade.test.ts
  const usual = CHECKS.filter((name) => all || !LONG.has(name));
  const checks = named.length > 0 ? named.flatMap((name) => (name === "unit" ? UNIT : [name])) : usual;
  const isUnitOnly = named.includes("unit") && !named.includes("tests");
  if (testArguments.length > 0 && !checks.includes("tests")) {
    throw new UsageError("arguments after -- are for the check 'tests'; name it, too");
  }

  const results: TestCase[] = [];
  const failures: string[] = [];
  for (const check of CHECKS.filter((name) => checks.includes(name))) {
    console.log(`\n── ${check}`);
    const startedAt = performance.now();
    const result = check === "tests" ? await runTests(isUnitOnly) : await runCommand(check);
    results.push(...result.tests);
    failures.push(...result.failures);
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`${check}: ${seconds.toFixed(1)} s, ${result.cpuSeconds.toFixed(1)} s of processor time`);
  }
  summarise(results, failures);
  process.exit(results.some(({ result }) => result === "failed") ? 1 : 0);
});

/** Runs a command that shows its own output and counts as one test. */
async function runCommand(check: string): Promise<FilesResult> {
  const child = Bun.spawn([...(COMMANDS[check] ?? [])], { stdio: ["ignore", "inherit", "inherit"] });
  const result = (await child.exited) === 0 ? "passed" : "failed";
  return { tests: [{ file: "", name: check, result }], cpuSeconds: cpuSecondsOf(child), failures: [] };
}

async function runTests(isUnitOnly: boolean): Promise<FilesResult> {
  if (testArguments.length > 0) return runChosen(ROOT, testArguments);
  const files = [...new Bun.Glob("test/**/*.test.ts").scanSync()].toSorted();
  const { unit, programs, alone } = groupFiles(ROOT, files);
  if (isUnitOnly) return runFiles(ROOT, unit, PROCESSES);
  // The tests start hundreds of programs (commandOf in test/support/programs.ts).
  process.env["SLIPSTREAM_TEST_PROGRAM"] = await provideTestProgram(ROOT);
  const runs = [await runFiles(ROOT, [...programs, ...unit], PROCESSES)];
  for (const file of alone) runs.push(await runFiles(ROOT, [file], 1));
  return joinResults(runs);
}

function summarise(results: readonly TestCase[], failures: readonly string[]): void {
  const of = (wanted: TestCase["result"]) => results.filter(({ result }) => result === wanted);
  const list = (title: string, tests: readonly TestCase[]) => {
    if (tests.length === 0) return;
    console.log(`\n── ${title}`);
    for (const { file, name } of tests) console.log(file === "" ? name : `${file}: ${name}`);
  };
  list("skipped", of("skipped"));
  if (failures.length > 0) console.log(`\n── output of the files that failed\n${failures.join("\n\n")}`);
  list("failed", of("failed"));
  const counts = [`${of("passed").length} passed`, `${of("failed").length} failed`];
  if (of("skipped").length > 0) counts.push(`${of("skipped").length} skipped`);
  console.log(`\n${counts.join(", ")}`);
}
