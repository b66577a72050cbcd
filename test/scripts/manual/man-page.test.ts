// The manual pages have every flag, and programs that read such pages have no complaint.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualPages } from "../../../scripts/manual/man-page.ts";
import { PROGRAMS } from "../../../scripts/manual/programs.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";

const PAGES = manualPages("2026-11-29");
const FOLDER = mkdtempSync(join(tmpdir(), "slipstream-test-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));
for (const { file, text } of PAGES) writeFileSync(join(FOLDER, file), text);

/** Runs a program on a page. Returns its output and its complaints. */
function read(command: readonly string[], file: string) {
  const { stdout, stderr } = Bun.spawnSync([...command, join(FOLDER, file)], {
    env: { ...process.env, MANWIDTH: "100", LC_ALL: "C.UTF-8" },
    stdout: "pipe",
    stderr: "pipe",
  });
  return { text: stdout.toString(), complaints: stderr.toString() };
}

const hasMan = Bun.which("man") !== null && Bun.which("groff") !== null;
const hasMandoc = Bun.which("mandoc") !== null;

describe.each(PAGES.map(({ file }) => file))("%s", (file) => {
  test.skipIf(!hasMan)(
    `man shows it without a warning${hasMan ? "" : " (skipped: apt-get install man-db groff)"}`,
    () => {
      const { text, complaints } = read(["man", "--warnings", "-l"], file);
      expect(complaints).toBe("");
      expect(text).toContain("NAME");
    },
  );

  test.skipIf(!hasMandoc)(`mandoc finds no fault${hasMandoc ? "" : " (skipped: apt-get install mandoc)"}`, () => {
    const { text, complaints } = read(["mandoc", "-Tlint", "-W", "warning"], file);
    expect(text + complaints).toBe("");
  });
});

test.skipIf(!hasMan)("man shows each flag of each program, with its value", () => {
  for (const { name, settings } of PROGRAMS) {
    const { text } = read(["man", "-l"], `slipstream-${name.replaceAll(" ", "-")}.1`);
    const lines = text.split("\n").map((line) => line.trim());
    for (const { name: flag, placeholder, isFileOnly } of settings) {
      if (isFileOnly) continue;
      const shown = placeholder === undefined ? `--${flag}` : `--${flag} ${placeholder}`;
      // The text after a short flag begins on the same line.
      expect(lines.map((line) => (line.startsWith(`${shown} `) ? shown : line))).toContain(shown);
    }
  }
});

test("each command has a page, except bench, which needs the source", () => {
  const words = new Set(PROGRAMS.map(({ name }) => name.split(" ")[0]));
  expect([...words].toSorted()).toEqual(
    Object.keys(COMMANDS)
      .filter((name) => name !== "bench")
      .toSorted(),
  );
});

test("pages speak of the installed program", () => {
  for (const { text } of PAGES) expect(text).not.toContain("bun run");
});
