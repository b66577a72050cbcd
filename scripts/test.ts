// `bun run test`: every check there is, one after the other, and one line with the true counts at the end.
//
// usage: bun run test [name of a check]... [-- flags for 'bun test']   names: types, kernel-types, lint, format, dead-code, tests,
//        bench

import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}

/** Runs one check, showing what it says; counts as one. */
async function check(command: string[]): Promise<Counts> {
  const child = Bun.spawn(command, { stdio: ["ignore", "inherit", "inherit"] });
  const succeeded = (await child.exited) === 0;
  return { passed: succeeded ? 1 : 0, failed: succeeded ? 0 : 1, skipped: 0 };
}

/** Runs `bun test` and counts what its report says. */
async function runTests(flags: string[]): Promise<Counts> {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-tests-"));
  const report = join(folder, "report.xml");
  const command = [process.execPath, "test", "--timeout", "60000", "--reporter=junit", "--reporter-outfile", report];
  try {
    const { failed } = await check([...command, ...flags]);
    const counts = readReport(report);
    // A run that failed without a failed test (a file that does not load, an error between tests) is a failure too.
    return failed > 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function readReport(path: string): Counts {
  let xml: string;
  try {
    xml = readFileSync(path, "utf8");
  } catch {
    return { passed: 0, failed: 1, skipped: 0 }; // no report: the tests did not even start
  }
  const total = /<testsuites\b[^>]*>/.exec(xml)?.[0] ?? "";
  const count = (name: string) => Number(new RegExp(`\\b${name}="(\\d+)"`).exec(total)?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  return { passed: count("tests") - failed - skipped, failed, skipped };
}

const bun = process.execPath;
const separator = process.argv.indexOf("--", 2);
const names = process.argv.slice(2, separator < 0 ? undefined : separator);
const testFlags = separator < 0 ? [] : process.argv.slice(separator + 1);

const CHECKS: Record<string, () => Promise<Counts>> = {
  types: () => check([bun, "check", "--no-script"]),
  "kernel-types": () => check([bun, "check", "--no-script", "--project", "src/codec/kernel/tsconfig.json"]),
  lint: () => check([bun, "x", "biome", "lint", "--error-on-warnings"]),
  format: () => check([bun, "fmt", "--no-script", "--check"]),
  "dead-code": () => check([bun, "x", "knip-bun"]),
  tests: () => runTests(testFlags),
  bench: () => check([bun, "bench/main.ts", "--quick", "--check"]),
};

const unknown = names.filter((name) => !(name in CHECKS));
if (unknown.length > 0) {
  console.error(`error: no such check: ${unknown.join(", ")}; there are ${Object.keys(CHECKS).join(", ")}`);
  process.exit(2);
}

const sum: Counts = { passed: 0, failed: 0, skipped: 0 };
const failures: string[] = [];
for (const [name, run] of Object.entries(CHECKS)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n── ${name}`);
  const counts = await run();
  if (counts.failed > 0) failures.push(name);
  sum.passed += counts.passed;
  sum.failed += counts.failed;
  sum.skipped += counts.skipped;
}
console.log(failures.length === 0 ? "\nall is well" : `\nfailed: ${failures.join(", ")}`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ""}`);
process.exit(sum.failed === 0 ? 0 : 1);
