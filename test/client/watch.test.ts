// watch() with a real server process: the frames that a loop gets, and what remains after its end.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync } from "node:fs";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { SharedThreads } from "../../src/client/shared-threads.ts";
import { watch } from "../../src/client/watch.ts";
import { type Micros, nowMicros } from "../../src/core/clock.ts";
import { ConnectionError, UsageError } from "../../src/core/errors.ts";
import { lineLog } from "../../src/core/log.ts";
import { median } from "../../src/core/statistics.ts";
import { startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { RecordedTrace } from "../support/recorded-trace.ts";
import { until } from "../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 320, height: 240 };
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "30"];
const threadCount = () => readdirSync("/proc/self/task").length;

describe("watch: frames of one loop", () => {
  test("watch: yields whole frames in order, with stamps in order", async () => {
    await using server = await startServer(PATTERN);
    const numbers: number[] = [];
    for await (const frame of watch(`127.0.0.1:${server.port}/pattern`)) {
      expect(frame).toMatchObject(SIZE);
      expect(readFrameCode(frame.pixels, SIZE)).not.toBeNull();
      expect(frame.receivedAt).toBeLessThanOrEqual(frame.decodedAt);
      expect(frame.capturedAt).toBeLessThanOrEqual(frame.encodedAt);
      expect(frame.encodedAt).toBeLessThanOrEqual(frame.sentAt);
      numbers.push(frame.frameNumber);
      if (numbers.length === 30) break;
    }
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
  });

  test("watch: its age agrees with the time in the pixels", async () => {
    await using server = await startServer(PATTERN);
    const differencesMs: number[] = [];
    for await (const frame of watch(`127.0.0.1:${server.port}`)) {
      const { ageMs } = frame;
      const bornAt = readFrameCode(frame.pixels, SIZE)?.bornAt ?? 0;
      if (ageMs !== null) differencesMs.push(Math.abs(ageMs - (nowMicros() - bornAt) / 1000));
      if (differencesMs.length === 20) break;
    }
    expect(median(differencesMs)).toBeLessThan(1000 / 30); // the difference is less than a frame's interval
  });

  test("watch: a slow loop gets fewer frames, and they are younger than the loop's own interval", async () => {
    await using server = await startServer(PATTERN);
    const intervalMs = 250;
    const agesMs: number[] = [];
    const numbers: number[] = [];
    for await (const frame of watch(`127.0.0.1:${server.port}`)) {
      agesMs.push((nowMicros() - (readFrameCode(frame.pixels, SIZE)?.bornAt ?? 0)) / 1000);
      numbers.push(frame.frameNumber);
      if (numbers.length === 12) break;
      await Bun.sleep(intervalMs);
    }
    expect((median(agesMs.slice(2)) ?? 0) / intervalMs).toBeLessThan(1);
    expect((numbers.at(-1) ?? 0) - (numbers[0] ?? 0)).toBeGreaterThan(2 * numbers.length);
  });

  test("watch: a copy keeps its pixels when the loop takes the next frames", async () => {
    await using server = await startServer(PATTERN);
    const copies = [];
    for await (const frame of watch(`127.0.0.1:${server.port}`)) {
      copies.push({ copy: frame.copy(), code: readFrameCode(frame.pixels, SIZE) });
      if (copies.length === 10) break;
    }
    for (const { copy, code } of copies) expect(readFrameCode(copy.pixels, SIZE)).toEqual(code);
    expect(new Set(copies.map(({ code }) => code?.frameNumber)).size).toBe(10);
  });

  test("watch: gets smaller pictures when a size is set", async () => {
    await using server = await startServer(["--source", "pattern", "--size", "640x480", "--fps", "30"]);
    for await (const { width, height } of watch(`127.0.0.1:${server.port}`, { size: SIZE })) {
      expect({ width, height }).toEqual(SIZE);
      break;
    }
  });

  test("watch: writes the steps of each frame to a trace, including the time that the loop takes", async () => {
    await using server = await startServer(PATTERN);
    const trace = new RecordedTrace();
    const busyMs = 40;
    const taken: { frame: number; at: Micros }[] = [];
    for await (const { frameNumber } of watch(`127.0.0.1:${server.port}`, { trace })) {
      taken.push({ frame: frameNumber, at: nowMicros() });
      await Bun.sleep(busyMs);
      if (taken.length === 6) break;
    }
    expect(new Set(trace.spans.map(({ track }) => track))).toEqual(new Set(["viewer pattern"]));
    for (const { frame, at } of taken.slice(0, -1)) {
      const steps = trace.spans.filter(({ fields }) => fields?.["frame"] === frame);
      expect(steps.map(({ name }) => name)).toEqual(expect.arrayContaining(["transfer", "decode", "show"]));
      const show = steps.find(({ name }) => name === "show");
      expect(show?.from).toBeLessThanOrEqual(at);
      expect((show?.to ?? 0) - at).toBeGreaterThanOrEqual((busyMs - 1) * 1000); // timers may fire less than a millisecond early
      expect(show?.from).toBeGreaterThanOrEqual(steps.find(({ name }) => name === "decode")?.to ?? Infinity);
    }
  });
});

describe("watch: the end", () => {
  test("watch: leaving the loop closes the connection and ends the threads", async () => {
    await using server = await startServer(PATTERN);
    for await (const _ of watch(`127.0.0.1:${server.port}`, { workers: 3 })) break; // before this, the runtime has not started all of its own threads
    const before = threadCount();
    for await (const _ of watch(`127.0.0.1:${server.port}`, { workers: 3 })) {
      expect(threadCount()).toBeGreaterThanOrEqual(before + 3);
      break;
    }
    await until(() => threadCount() <= before, "the end of the threads");
    await server.until("no viewer", ({ last }) => last?.viewers === 0);
  });

  test("watch: an aborted signal ends a waiting loop without an error", async () => {
    await using server = await startServer(["--source", "-", "--size", "320x240"], { stdin: "pipe" });
    const stopping = new AbortController();
    const log = lineLog((text) => text.startsWith("connected") && stopping.abort());
    let frames = 0;
    for await (const _ of watch(`127.0.0.1:${server.port}`, { signal: stopping.signal, log })) frames++;
    expect(frames).toBe(0);
  });

  test("watch: connects again when the server is back", async () => {
    let server = await startServer(PATTERN);
    const { port } = server;
    let frames = 0;
    let hasRestarted = false;
    for await (const _ of watch(`127.0.0.1:${port}`)) {
      frames++;
      if (hasRestarted) break;
      if (frames < 5) continue;
      server.child.kill("SIGKILL");
      await server.end();
      server = await startServer([...PATTERN, "--port", String(port)]);
      hasRestarted = true;
    }
    expect(frames).toBeGreaterThan(5);
    await server.end("SIGTERM");
  });

  test("watch: without `reconnect`, ends with the first connection", async () => {
    await using server = await startServer(PATTERN);
    let frames = 0;
    for await (const _ of watch(`127.0.0.1:${server.port}`, { reconnect: false })) {
      if (++frames === 3) server.child.kill("SIGTERM");
    }
    expect(frames).toBeGreaterThanOrEqual(3);
  });
});

describe("watch: errors", () => {
  test.each([
    ["a host with a space", "not an address", {}],
    ["port 0", "127.0.0.1:0", {}],
    ["no workers", "127.0.0.1", { workers: 0 }],
    ["a size without columns", "127.0.0.1", { size: { width: 0, height: 10 } }],
  ])("watch: throws UsageError at once for %s", (_, address, options) => {
    expect(() => watch(address, options)).toThrow(UsageError);
  });

  test("watch: throws ConnectionError for a camera that the server does not have", async () => {
    await using server = await startServer(PATTERN);
    const first = watch(`127.0.0.1:${server.port}/cellar`).next();
    expect(first).rejects.toThrow(ConnectionError);
    await first.catch(() => undefined);
  });

  test("watch: throws ConnectionError if there is no server and `reconnect` is not set", async () => {
    const unused = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const { port } = unused;
    unused.stop(true);
    const error: unknown = await watch(`127.0.0.1:${port}`, { reconnect: false })
      .next()
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ConnectionError);
  });
});

describe("watch: keys", () => {
  const KEY = "k7qf-2mzd-9x4t-b0hn-5rwv";
  const serve = () => startServer(PATTERN, { env: { SLIPSTREAM_KEY: KEY } });
  const failureOf = async (loop: AsyncGenerator) => {
    try {
      await loop.next();
    } catch (reason) {
      return reason;
    }
    throw new Error("nothing was thrown");
  };

  test("watch: takes the key of an option or of a link", async () => {
    await using server = await serve();
    for (const loop of [
      watch(`127.0.0.1:${server.port}/pattern`, { key: KEY.toUpperCase() }),
      watch(`slip://${KEY}@127.0.0.1:${server.port}/pattern`),
    ]) {
      expect((await loop.next()).value).toMatchObject(SIZE);
      await loop.return();
    }
  });

  test("watch: throws ConnectionError if the server needs a key, or refuses this one, even when it reconnects", async () => {
    await using server = await serve();
    const address = `127.0.0.1:${server.port}`;
    for (const [key, text] of [
      [undefined, `${address} needs a key`],
      ["0000-1111-2222-3333-4444", `the key of the program is not right for ${address}`],
    ] as const) {
      const error = await failureOf(watch(address, key === undefined ? {} : { key }));
      expect(error).toBeInstanceOf(ConnectionError);
      expect((error as Error).message).toStartWith(text);
      expect((error as Error).message).not.toContain("0000");
    }
  });

  test("watch: ends with ConnectionError when the key is revoked, and does not try for ever", async () => {
    const server = await serve();
    const { port } = server;
    const loop = watch(`127.0.0.1:${port}`, { key: KEY });
    await loop.next();
    await server.end("SIGTERM");
    await using _ = await startServer([...PATTERN, "--port", `${port}`], {
      env: { SLIPSTREAM_KEY: "0000-1111-2222-3333-4444" },
    });
    await expect(
      (async () => {
        for await (const frame of loop) if (frame.frameNumber < 0) break;
      })(),
    ).rejects.toThrow(`127.0.0.1:${port} does not accept the key of the program any more`);
  });

  test("watch: throws UsageError at once for a key that cannot be one, and does not quote it", () => {
    expect(() => watch("127.0.0.1", { key: "hunter2" })).toThrow(UsageError);
    expect(() => watch("slips://hunter2@127.0.0.1")).toThrow(/^(?!.*hunter2).*at least 20/);
  });
});

describe("watch: several loops in one process", () => {
  test("watch: loops with the same number of threads share them", async () => {
    await using server = await startServer(PATTERN);
    const open = () => watch(`127.0.0.1:${server.port}`, { workers: 4 });
    const loops = [open()];
    await loops[0]?.next();
    const withOne = threadCount();
    loops.push(open(), open());
    const frames = await Promise.all(loops.map((loop) => loop.next()));
    expect(frames.every(({ value }) => value !== undefined)).toBe(true);
    expect(threadCount()).toBeLessThan(withOne + 4);
    for (const loop of loops) await loop.return();
  });

  test("SharedThreads: a new user gets the decoders of a user that has left", async () => {
    const user = () => ({ pump: () => undefined, threadRestarted: () => undefined, threadsFailed: () => undefined });
    const [stays, first, second] = [user(), user(), user()];
    const threads = SharedThreads.join(1, stays);
    const decoders = await SharedThreads.join(1, first).ready();
    await threads.leave(first, decoders);
    expect(await SharedThreads.join(1, second).ready()).toBe(decoders);
    await threads.leave(second, decoders);
    await threads.leave(stays, null);
  });
});
