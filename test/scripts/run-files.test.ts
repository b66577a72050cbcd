// The test runner counts the results of files that pass, fail, crash or do not load.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { groupFiles } from "../../scripts/test/groups.ts";
import { readJunit } from "../../scripts/test/junit.ts";
import { runFiles } from "../../scripts/test/run-files.ts";

setDefaultTimeout(60_000);

const IMPORT = `import { describe, expect, test } from "bun:test";\n`;
const FILES = {
  "test/good.test.ts": `${IMPORT}test("one", () => {}); test.skip("two (skipped: for a reason)", () => {});`,
  "test/bad.test.ts": `${IMPORT}describe("a & b", () => { test("<three>", () => { console.log("seen"); expect(1).toBe(2); }); });`,
  "test/crash.test.ts": `${IMPORT}test("four", () => {}); test("five", () => process.kill(process.pid, "SIGKILL"));`,
  "test/exit.test.ts": `${IMPORT}test("six", () => process.exit(0));`,
  "test/leaves.test.ts": `${IMPORT}test("eight", () => { Bun.spawn(["sleep", "31.4159"], { stdio: ["ignore", "inherit", "inherit"] }).unref(); });`,
  "test/unloadable.test.ts": `${IMPORT}import { nothing } from "./nothing.ts"; test("seven", () => nothing());`,
};
type Name = keyof typeof FILES;

const root = mkdtempSync(join(tmpdir(), "slipstream-runner-"));

beforeAll(() => {
  for (const folder of ["test", "node_modules"]) mkdirSync(join(root, folder));
  for (const [file, text] of Object.entries(FILES)) writeFileSync(join(root, file), text);
});

afterAll(() => rmSync(root, { recursive: true }));

async function run(names: readonly Name[], processes: number) {
  const { tests, failures } = await runFiles(root, names, processes);
  const count = (wanted: string) => tests.filter(({ result }) => result === wanted).length;
  return { tests, failures, counts: [count("passed"), count("failed"), count("skipped")] };
}

test.each([1, 2])("runFiles: counts passed, failed and skipped tests with %d processes", async (processes) => {
  const { tests, failures, counts } = await run(["test/good.test.ts", "test/bad.test.ts"], processes);
  expect(counts).toEqual([1, 1, 1]);
  expect(tests.find(({ result }) => result === "failed")).toMatchObject({ name: "a & b > <three>" });
  expect(failures).toHaveLength(1);
  expect(failures[0]).toContain("seen");
  expect(failures[0]).toContain("Expected: 2");
});

test.each(["test/crash.test.ts", "test/exit.test.ts", "test/unloadable.test.ts"] as const)(
  "runFiles: counts a failure for %s, alone and beside a good file",
  async (name) => {
    const alone = await run([name], 1);
    expect(alone.counts[1]).toBe(1);
    const beside = await run([name, "test/good.test.ts"], 2);
    expect(beside.counts[1]).toBe(1);
    expect(beside.tests.filter(({ file }) => file === "test/good.test.ts")).toHaveLength(2);
  },
);

test("runFiles: a program that a test leaves behind is a failure and does not hold up the others", async () => {
  const { tests, counts } = await run(["test/leaves.test.ts", "test/good.test.ts"], 1);
  expect(counts).toEqual([2, 1, 1]);
  expect(tests.find(({ result }) => result === "failed")).toMatchObject({
    file: "test/leaves.test.ts",
    name: "a program that the tests started runs after their end",
  });
  // The program has not been waited for, so it still runs.
  expect(Bun.spawnSync(["pkill", "-x", "-f", "sleep 31.4159"]).exitCode).toBe(0);
});

test("readJunit: reads nested describes and escaped names", () => {
  const xml = `<testsuites tests="2"><testsuite name="x"><testcase name="a &quot;b&quot; &#10;" classname="in &gt; out" file="test/x.test.ts"
    time="0.5" /><testcase name="c" classname="" time="0" file="test/x.test.ts"><skipped /></testcase></testsuite></testsuites>`;
  expect(readJunit(xml)).toEqual([
    { file: "test/x.test.ts", name: 'out > in > a "b" \n', result: "passed" },
    { file: "test/x.test.ts", name: "c", result: "skipped" },
  ]);
});

const CHECKOUT = join(import.meta.dir, "../..");
const TEST_FILES = [...new Bun.Glob("test/**/*.test.ts").scanSync(CHECKOUT)];

test("groupFiles: puts every test file of the checkout in one group", () => {
  const { unit, programs, alone } = groupFiles(CHECKOUT, TEST_FILES);
  expect([...unit, ...programs, ...alone].toSorted()).toEqual(TEST_FILES.toSorted());
});

test("groupFiles: finds the files that start programs by their imports", () => {
  const { unit, programs } = groupFiles(CHECKOUT, TEST_FILES);
  expect(programs).toContain("test/scripts/run-files.test.ts");
  expect(programs).toContain("test/e2e/streaming.test.ts"); // through test/support/programs.ts
  expect(unit).toContain("test/protocol/splitter.test.ts");
});

test("groupFiles: refuses a list with a file that does not exist", () => {
  expect(() => groupFiles(CHECKOUT, ["test/protocol/splitter.test.ts"])).toThrow("there is no test/");
});
