// cli/viewer-links.ts: the lines that a server prints for viewers, on a terminal and in a service.

import { expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { viewerLines, webLines } from "../../src/cli/viewer-links.ts";

const KEY = "k7qf-2mzd-9x4w-hcv3-tb8n";
const server = { host: "192.0.2.7", port: 10050, needsKey: true, firstKey: KEY, hostNames: [] };

test("viewerLines: a server without keys on this machine prints no link", () => {
  expect(
    viewerLines({ ...server, host: "127.0.0.1", needsKey: false, firstKey: null }, "slip", { isTerminal: true }),
  ).toEqual([]);
});

test("viewerLines: a server without keys on a network prints the command for other machines", () => {
  expect(viewerLines({ ...server, needsKey: false, firstKey: null }, "slips", { isTerminal: false })).toEqual([
    "to watch: bun run view slips://192.0.2.7:10050",
  ]);
});

test("viewerLines: a key that is not from the key store is named by its source", () => {
  const [line] = viewerLines({ ...server, host: "127.0.0.1", firstKey: null }, "slip", { given: ["SLIPSTREAM_KEY"] });
  expect(line).toStartWith("viewers need the key of SLIPSTREAM_KEY, or another one");
});

test("viewerLines: the first key gives a link with the address, in brackets for IPv6", () => {
  expect(viewerLines(server, "slips", { isTerminal: true })).toEqual([
    `to watch: bun run view slips://${KEY}@192.0.2.7:10050`,
  ]);
  expect(viewerLines({ ...server, host: "2001:db8::7" }, "slip", { isTerminal: true })).toEqual([
    `to watch: bun run view slip://${KEY}@[2001:db8::7]:10050`,
  ]);
});

test("viewerLines: a certificate from an authority gives a link for each of its names, because viewers check them", () => {
  const hostNames = ["door.example", "camera.example"];
  expect(viewerLines({ ...server, host: "0.0.0.0", hostNames }, "slips", { isTerminal: true })).toEqual([
    `to watch: bun run view slips://${KEY}@door.example:10050`,
    `to watch: bun run view slips://${KEY}@camera.example:10050`,
  ]);
});

test("viewerLines: a server on all addresses gets a link for each address that other machines can reach", () => {
  const lines = viewerLines({ ...server, host: "0.0.0.0" }, "slip", { isTerminal: true });
  expect(lines.length).toBeGreaterThan(0);
  for (const line of lines) {
    expect(line).toMatch(new RegExp(`^to watch: bun run view slip://${KEY}@(HOST|\\d+\\.\\d+\\.\\d+\\.\\d+):10050$`));
    expect(line).not.toMatch(/@(0\.0\.0\.0|127\.)/);
  }
});

test("viewerLines: keys of the options are not printed", () => {
  const [line = ""] = viewerLines({ ...server, firstKey: null }, "slip", { isTerminal: true });
  expect(line).toContain("bun run key list");
});

test("viewerLines: the key is printed on a terminal only, and not into a file or a pipe", () => {
  const script = `
    const { viewerLines } = await import(${JSON.stringify(join(import.meta.dir, "../../src/cli/viewer-links.ts"))});
    console.error(viewerLines(${JSON.stringify(server)}, "slips").join("\\n"));
  `;
  const folder = mkdtempSync(join(tmpdir(), "links-"));
  try {
    const file = join(folder, "server.log");
    const shell = (command: string) =>
      Bun.spawnSync(["sh", "-c", command, file, process.execPath, script], {
        env: { ...process.env, FORCE_COLOR: "0" },
      });
    shell('exec "$1" -e "$2" 2> "$0"');
    const inPipe = shell('exec "$1" -e "$2"').stderr.toString();
    for (const text of [readFileSync(file, "utf8"), inPipe]) {
      expect(text).toContain("bun run key list --show");
      expect(text).not.toContain(KEY);
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("webLines: each address is a line, and on a terminal the first has a QR code if other machines reach it", async () => {
  const page = { host: "192.0.2.7", hostNames: [], http: { port: 10080, tls: true } };
  expect(await webLines({ ...page, http: null }, true)).toEqual([]);
  expect(await webLines(page, false)).toEqual(["in a browser: https://192.0.2.7:10080/"]);
  expect(await webLines({ ...page, host: "127.0.0.1", http: { port: 1, tls: false } }, true)).toEqual([
    "in a browser: http://127.0.0.1:1/",
  ]);
  const [line, ...code] = await webLines(page, true);
  expect(line).toBe("in a browser: https://192.0.2.7:10080/");
  expect(code.length).toBeGreaterThan(10);
  for (const row of code) expect(row).toMatch(/^[ ▀▄█]{20,}$/);
});
