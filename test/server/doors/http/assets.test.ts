// The files of the page over a real HTTP door: their size, their headers, and that they use nothing from elsewhere.

import { afterAll, beforeAll, expect, test } from "bun:test";
import { createCamera, type Server, serve } from "../../../../src/index.ts";

const FILES = [
  "",
  "page.js",
  "worker.js",
  "page.css",
  "motion.css",
  "icon.svg",
  "decoder.plain.wasm",
  "decoder.relaxed.wasm",
];
const MOST_BYTES = 150_000;

let server: Server;
let base: string;

beforeAll(async () => {
  server = await serve({
    cameras: [{ source: createCamera() }],
    port: 0,
    http: { port: 0 },
    announce: false,
    keys: [{ name: "watcher", key: "watcher-key-with-enough-letters" }],
  });
  base = `http://127.0.0.1:${server.http?.port}/`;
});
afterAll(() => server?.close());

test("all files of the page together have at most 150 kB gzipped, and need no key", async () => {
  let bytes = 0;
  for (const file of FILES) {
    const answer = await fetch(base + file, { headers: { "accept-encoding": "gzip" }, decompress: false });
    expect([file, answer.status, answer.headers.get("content-encoding")]).toEqual([file, 200, "gzip"]);
    bytes += (await answer.arrayBuffer()).byteLength;
  }
  expect(bytes).toBeLessThanOrEqual(MOST_BYTES);
});

test("a browser that has a file is told so, and one without gzip gets the file as it is", async () => {
  for (const file of FILES) {
    const plain = await fetch(base + file, { headers: { "accept-encoding": "identity" }, decompress: false });
    const tag = plain.headers.get("etag") ?? "";
    expect(plain.headers.get("content-encoding")).toBeNull();
    const zipped = await fetch(base + file, { headers: { "accept-encoding": "gzip" } });
    expect(await zipped.bytes()).toEqual(await plain.bytes());
    const again = await fetch(base + file, { headers: { "if-none-match": `"other", W/${tag}` } });
    expect([again.status, (await again.bytes()).length]).toEqual([304, 0]);
    expect((await fetch(base + file, { headers: { "if-none-match": '"other"' } })).status).toBe(200);
  }
});

test("the page allows no code but its own, and only its workers compile WebAssembly", async () => {
  const page = (await fetch(base)).headers.get("content-security-policy") ?? "";
  expect(page).toContain("script-src 'self';");
  expect(page).not.toContain("unsafe");
  const worker = (await fetch(`${base}worker.js`)).headers.get("content-security-policy") ?? "";
  expect(worker).toBe("default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'");
});

test("the page names its files relative to itself, so that it works below any path", async () => {
  const page = await (await fetch(base)).text();
  const addresses = [...page.matchAll(/\b(?:src|href|action)="([^"]*)"/g)].map(([, address]) => address ?? "");
  expect(addresses.length).toBeGreaterThan(3);
  expect(addresses.filter((address) => /^\/|:/.test(address))).toEqual([]);
  for (const file of ["page.css", "motion.css"]) {
    const styles = await (await fetch(base + file)).text();
    expect(styles).not.toMatch(/url\(|@import/);
  }
});
