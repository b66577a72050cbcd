// The function serve(): the handle that it resolves with, how it ends, and that it leaves no thread or port behind.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createConnection } from "node:net";
import { ConnectionError, SourceError, UsageError } from "../../src/core/errors.ts";
import { lineLog } from "../../src/core/log.ts";
import { addKey } from "../../src/server/access/key-store.ts";
import type { ServeOptions } from "../../src/server/settings/options.ts";
import { serve } from "../../src/server/serve.ts";
import type { Source } from "../../src/capture/source.ts";
import { until } from "../support/wait-until.ts";
import { startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const threads = () => readdirSync("/proc/self/task").length;
/** One thread makes the tests faster. */
const PATTERN: ServeOptions = {
  cameras: [{ source: "pattern", size: { width: 320, height: 240 } }],
  workers: 1,
  port: 0,
};

const isListening = (port: number) =>
  new Promise<boolean>((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port }, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });

const running = new Set<AsyncDisposable>();
afterEach(async () => {
  for (const each of running) await each[Symbol.asyncDispose]();
  running.clear();
});

async function start(options: ServeOptions) {
  const server = await serve(options);
  running.add(server);
  return server;
}

describe("serve(): start, end and log", () => {
  test("serve: resolves when the port accepts connections, and close() frees the port", async () => {
    const server = await start(PATTERN);
    expect(await isListening(server.port)).toBe(true);
    expect(server.report()).toMatchObject({ host: "127.0.0.1", port: server.port, codec: "simd", source: "pattern" });
    await server.close();
    expect(await isListening(server.port)).toBe(false);
    expect(await server.closed).toMatchObject({ port: server.port, source: "pattern" });
  });

  test("serve: an aborted signal closes the server, even before the server listens", async () => {
    const stopping = new AbortController();
    const server = await start({ ...PATTERN, signal: stopping.signal });
    stopping.abort();
    expect((await server.closed).port).toBe(server.port);
    const late = await start({ ...PATTERN, signal: stopping.signal });
    expect((await late.closed).frames).toBe(0);
  });

  test("serve: ends by itself when all cameras have ended", async () => {
    const server = await start({ ...PATTERN, frames: 3 });
    expect((await server.closed).frames).toBe(3);
    expect(await isListening(server.port)).toBe(false);
  });

  test.each<[string, ServeOptions, boolean]>([
    ["it was closed", PATTERN, true],
    ["its cameras have ended", { ...PATTERN, frames: 1 }, false],
  ])("serve: refuses new options after %s, and starts no camera", async (_, options, isClosed) => {
    const server = await start(options);
    if (isClosed) await server.close();
    else await server.closed;
    let runs = 0;
    const source: Source = { name: "late", framesPerSecond: 1, run: async () => void runs++ };
    await expect(server.change({ ...options, cameras: [{ source }] })).rejects.toThrow(UsageError);
    expect([runs, server.report().source]).toEqual([0, "pattern"]);
  });

  test("serve: the failure of the only camera is logged as a warning, unless the caller reads `closed`", async () => {
    const failing: Source = {
      name: "failing",
      framesPerSecond: 30,
      run: () => Promise.reject(new SourceError("the lens cap is on", { retry: false })),
    };
    for (const isRead of [false, true]) {
      const lines: string[] = [];
      const log = lineLog((text, level) => lines.push(`${level} ${text}`));
      const server = await serve({ cameras: [{ source: failing }], port: 0, log });
      if (isRead) await server.closed.catch(() => undefined);
      else await until(() => lines.some((line) => line.startsWith("warning")), "the warning");
      await server.close();
      const ends = lines.filter((line) => line.includes("the lens cap is on"));
      expect(ends).toEqual(isRead ? [] : ["warning the server has ended: the lens cap is on"]);
    }
  });

  test("serve: `closed` rejects with the error that stopped the only camera, and close() resolves", async () => {
    const failing: Source = {
      name: "failing",
      framesPerSecond: 0,
      run: () => Promise.reject(new SourceError("the lens cap is on", { retry: false })),
    };
    const server = await start({ ...PATTERN, cameras: [{ source: failing }] });
    await expect(server.closed).rejects.toThrow("the lens cap is on");
    await server.close();
  });

  test("serve: with several cameras, one that fails is logged and the others go on", async () => {
    const lines: string[] = [];
    const failing: Source = {
      name: "failing",
      framesPerSecond: 0,
      run: () => Promise.reject(new SourceError("no", { retry: false })),
    };
    const server = await start({
      ...PATTERN,
      cameras: [{ source: failing }, { source: "pattern", name: "door" }],
      log: lineLog((text, level, subjects) => lines.push(`${level} ${subjects.join(":")}: ${text}`)),
    });
    await using viewer = startViewer(server.port, ["--once"]);
    await viewer.until("its goodbye", ({ child }) => child.exitCode !== null);
    expect(lines).toContain("error server: failing has ended: no");
    expect(server.report().cameras?.map(({ name, ended }) => [name, ended])).toEqual([
      ["failing", "no"],
      ["door", null],
    ]);
  });

  test("serve: close() tells viewers that the server is shutting down", async () => {
    const server = await start(PATTERN);
    await using viewer = startViewer(server.port, ["--once"]);
    await viewer.until("a frame", ({ last }) => (last?.frames ?? 0) > 0);
    await server.close();
    expect(await viewer.end()).toBe(0);
    expect(viewer.remarks).toContain("the server is shutting down");
  });

  test.each<[string, ServeOptions]>([
    ["cameras must not be empty", { cameras: [] }],
    ["there are 65 cameras, and the limit is 64", { cameras: Array(65).fill({ source: "pattern" }) }],
    ["port must be a whole number from 0 to 65535, not 65536", { port: 65536 }],
    ["workers must be a whole number from 1 to 64, not 0", { workers: 0 }],
    ["codec must be one of simd, jsquash, not h264", { codec: "h264" as "simd" }],
    ["quality must be a whole number from 1 to 100, not 101", { cameras: [{ source: "pattern", quality: 101 }] }],
    ["noise must be a number from 0 to 64, not NaN", { cameras: [{ source: "pattern", noise: Number.NaN }] }],
    ["size must be { width, height }", { cameras: [{ source: "pattern", size: { width: 0, height: 9 } }] }],
    ["source must be text", { cameras: [{ source: 0 as unknown as string }] }],
    ["is not a valid camera name", { cameras: [{ source: "pattern", name: " " }] }],
    [
      "two cameras are called 'a'",
      {
        cameras: [
          { source: "pattern", name: "a" },
          { source: "pattern", name: "a" },
        ],
      },
    ],
  ])("serve: throws a UsageError with the text '%s'", async (message, options) => {
    const outcome = await serve({ ...PATTERN, ...options }).catch((error: unknown) => error);
    expect(outcome).toBeInstanceOf(UsageError);
    expect((outcome as Error).message).toContain(message);
  });

  test.skipIf(process.platform !== "linux")("serve: ends its threads when the port is taken", async () => {
    using taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const fail = () => serve({ ...PATTERN, port: taken.port, workers: 2 });
    await expect(fail()).rejects.toThrow(ConnectionError); // the engine keeps some threads after its first use of them
    const before = threads();
    for (let count = 0; count < 3; count++) await expect(fail()).rejects.toThrow("is in use");
    while (threads() > before) await Bun.sleep(10); // the thread of a terminated worker ends a moment later
    expect(threads()).toBeLessThanOrEqual(before);
  });

  test.skipIf(process.platform !== "linux")("serve: ends its threads when it is closed", async () => {
    const once = async () => {
      await using server = await serve({ ...PATTERN, workers: 2 });
      expect(server.port).toBeGreaterThan(0);
    };
    await once();
    const before = threads();
    for (let count = 0; count < 3; count++) await once();
    while (threads() > before) await Bun.sleep(10);
    expect(threads()).toBeLessThanOrEqual(before);
  });
});

test("serve: with keys it needs one, has no first key, and warns of a key for a camera that it does not have", async () => {
  const lines: string[] = [];
  const server = await start({
    ...PATTERN,
    keys: [{ name: "ann", key: "k7qf-2mzd-9x4w-hcv3-tb8n", cameras: ["pattern", "dor"] }],
    keyStore: null,
    log: lineLog((text, level) => lines.push(`${level} ${text}`)),
  });
  expect([server.needsKey, server.firstKey]).toEqual([true, null]);
  expect(lines).toContain("warning the key 'ann' is for a camera 'dor', which this server does not have");
  expect(lines).toContain(
    "warning the key 'ann' is for the camera 'pattern', whose name is automatic, so the key may show another camera after a restart: give the camera a name in slipstream.toml ([[cameras]], name = …)",
  );
});

test("serve: does not warn of keys for cameras whose name was given, and of keys for all cameras", async () => {
  const lines: string[] = [];
  await start({
    ...PATTERN,
    cameras: [{ source: "pattern", name: "door" }],
    keys: [
      { name: "ann", key: "k7qf-2mzd-9x4w-hcv3-tb8n", cameras: ["door"] },
      { name: "bob", key: "k7qf-2mzd-9x4w-hcv3-tb8m" },
    ],
    keyStore: null,
    log: lineLog((text, level) => lines.push(`${level} ${text}`)),
  });
  expect(lines.filter((line) => line.startsWith("warning"))).toEqual([]);
});

test("serve: warns of a key with an automatic name of a camera that is added to the store later", async () => {
  const lines: string[] = [];
  await using folder = await mkdtempDisposable(join(tmpdir(), "slipstream-test-"));
  const store = join(folder.path, "keys.json");
  const keys = [{ name: "ann", key: "k7qf-2mzd-9x4w-hcv3-tb8n" }];
  const server = await start({ ...PATTERN, keys, keyStore: store, log: lineLog((text) => lines.push(text)) });
  addKey(store, { name: "cleo", may: ["view"], cameras: ["pattern"] });
  const isWarned = () => lines.some((line) => line.includes("the key 'cleo' is for the camera 'pattern'"));
  await until(isWarned, "the warning");
  await server.close();
});
