// docs/options.md and --help name every setting of the tables.

import { describe, expect, test } from "bun:test";
import { optionsPage, PAGE } from "../../scripts/options-doc.ts";
import { VIEW_SETTINGS } from "../../src/cli/view-settings.ts";
import type { SettingEntry } from "../../src/core/setting-table.ts";
import { SERVE_SETTINGS } from "../../src/server/settings/table.ts";
import { runToEnd } from "../support/programs.ts";

const TABLES: readonly (readonly ["serve" | "view", readonly SettingEntry[]])[] = [
  ["serve", SERVE_SETTINGS],
  ["view", VIEW_SETTINGS],
];

describe("docs/options.md and --help", () => {
  test("options.md: equals the output of scripts/options-doc.ts", async () => {
    expect(await Bun.file(PAGE).text()).toBe(optionsPage()); // if this fails, run 'bun run docs'
  });

  test.each(TABLES)("--help: %s names every flag of its table with its description", async (name, table) => {
    const { program } = await runToEnd(name, ["--help"], { rawOutput: true });
    const help = program.bytes.toString().replaceAll(/\s+/g, " ");
    for (const entry of table) {
      if (entry.isFileOnly) continue;
      expect(help).toContain(
        ` --${entry.name}${entry.type.kind === "switch" ? "" : ` <${entry.placeholder}>`} ${entry.help}`,
      );
      if (entry.negation !== undefined) expect(help).toContain(` --no-${entry.name} ${entry.negation}`);
    }
  });

  test.each(TABLES)("settings: names in the table of %s are unique, and every value has a placeholder", (_, table) => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
    for (const { name, type, placeholder, isFileOnly } of table) {
      expect([name, placeholder !== undefined]).toEqual([name, type.kind !== "switch" && !isFileOnly]);
    }
  });
});
