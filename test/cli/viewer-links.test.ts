// cli/viewer-links.ts: the lines that a server prints for viewers, on a terminal and in a service.

import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { viewerLines } from "../../src/cli/viewer-links.ts";

const KEY = "k7qf-2mzd-9x4w-hcv3-tb8n";
const server = { host: "192.0.2.7", port: 10050, needsKey: true, firstKey: KEY, hostNames: [] };

test("viewerLines: a server without keys prints no link", () => {
  expect(viewerLines({ ...server, needsKey: false, firstKey: null }, "slip")).toEqual([]);
});

test("viewerLines: the first key gives a link with the address, in brackets for IPv6", () => {
  expect(viewerLines(server, "slips")).toEqual([`to watch: bun run view slips://${KEY}@192.0.2.7:10050`]);
  expect(viewerLines({ ...server, host: "2001:db8::7" }, "slip")).toEqual([
    `to watch: bun run view slip://${KEY}@[2001:db8::7]:10050`,
  ]);
});

test("viewerLines: a certificate from an authority gives a link for each of its names, because viewers check them", () => {
  const hostNames = ["door.example", "camera.example"];
  expect(viewerLines({ ...server, host: "0.0.0.0", hostNames }, "slips")).toEqual([
    `to watch: bun run view slips://${KEY}@door.example:10050`,
    `to watch: bun run view slips://${KEY}@camera.example:10050`,
  ]);
});

test("viewerLines: a server on all addresses gets a link for each address that other machines can reach", () => {
  const lines = viewerLines({ ...server, host: "0.0.0.0" }, "slip");
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).toMatch(new RegExp(`^to watch: bun run view slip://${KEY}@(HOST|\\d+\\.\\d+\\.\\d+\\.\\d+):10050$`));
    expect(line).not.toMatch(/@(0\.0\.0\.0|127\.)/);
  }
});

test("viewerLines: keys of the options are not printed", () => {
  const [line = ""] = viewerLines({ ...server, firstKey: null }, "slip");
  expect(line).toContain("bun run key list");
});

test("viewerLines: the key is not printed if the journal stores standard error", () => {
  const folder = mkdtempSync(join(tmpdir(), "links-"));
  try {
    const file = join(folder, "journal");
    const script = `
      const { viewerLines } = await import(${JSON.stringify(join(import.meta.dir, "../../src/cli/viewer-links.ts"))});
      console.log(viewerLines(${JSON.stringify(server)}, "slips").join("\\n"));
    `;
    const run = (journal: string) => {
      const command = `JOURNAL_STREAM=${journal} exec "$1" -e "$2" 2> "$0"`;
      return Bun.spawnSync(["sh", "-c", `: > "$0"; ${command}`, file, process.execPath, script]).stdout.toString();
    };
    const inJournal = run('$(stat -Lc %d:%i "$0")');
    expect(inJournal).toContain("bun run key list --show");
    expect(inJournal).not.toContain(KEY);
    expect(run("8:1")).toContain(KEY);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
