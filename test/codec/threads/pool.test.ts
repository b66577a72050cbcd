// The codec pool with real threads: parallel jobs, refusal while all threads are busy, and recovery from failures of threads.

import { afterEach, describe, expect, test } from "bun:test";
import { Arena } from "../../../src/codec/memory/arena.ts";
import type { PixelTarget } from "../../../src/codec/codec.ts";
import type { DecodeJob, EncodeJob, JobResult, Work } from "../../../src/codec/threads/job.ts";
import { BUN_RUNTIME } from "../../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../../src/codec/threads/pool.ts";
import { WasmModules } from "../../../src/codec/wasm/modules.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { largestDifference, psnr, testPicture, toRgbaBytes } from "../../support/samples.ts";
import { until } from "../../support/wait-until.ts";

const SIZE = { width: 320, height: 240 };
const PICTURE = testPicture(SIZE);
const JPEG = cjpeg(PICTURE);

interface Watched {
  pool: CodecPool;
  broken: Error[];
  restarted: string[];
  idleCalls: number;
}

const open: Watched[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(({ pool }) => pool.close()));
});

async function start(threads: number): Promise<Watched> {
  const watched: Omit<Watched, "pool"> = { broken: [], restarted: [], idleCalls: 0 };
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "jsquash",
    threads,
    onIdle: () => watched.idleCalls++,
    onBroken: (reason) => watched.broken.push(reason),
    onRestarted: (reason) => watched.restarted.push(reason),
  });
  const result = Object.assign(watched, { pool });
  open.push(result);
  await pool.started;
  return result;
}

const arena = Arena.create();
const pixelsAddress = arena.take(PICTURE.pixels.length);
arena.bytes(pixelsAddress, PICTURE.pixels.length).set(PICTURE.pixels);

function encodeJob(): EncodeJob {
  return { kind: "encode", ...SIZE, format: "rgb24", address: pixelsAddress, quality: 85 };
}

function decodeJob(jpeg = JPEG): DecodeJob {
  const bytes = SIZE.width * SIZE.height * 4;
  return { kind: "decode", jpeg: new Uint8Array(jpeg), target: { address: arena.take(bytes), bytes } };
}

/** A job that makes any codec fail, because its target is missing. */
const defectiveJob = (): DecodeJob => ({ ...decodeJob(), target: null as unknown as PixelTarget });

function runJob<Kind extends "encode" | "decode">(
  pool: CodecPool,
  job: Extract<EncodeJob | DecodeJob, { kind: Kind }>,
): Promise<JobResult<Kind>> | null {
  const { promise, resolve } = Promise.withResolvers<JobResult<Kind>>();
  return pool.tryRun(job, resolve) ? promise : null;
}

/** Runs a job as soon as a thread takes it. */
async function runWhenIdle(pool: CodecPool, job: EncodeJob | DecodeJob): Promise<JobResult> {
  let result: Promise<JobResult> | null = null;
  await until(() => {
    result = runJob(pool, job);
    return result !== null;
  }, "an idle thread");
  return (await result) as unknown as JobResult;
}

describe("CodecPool: jobs", () => {
  test("a pool runs one job on each thread, and refuses the next without a callback", async () => {
    const { pool } = await start(2);
    expect(pool.threads).toBe(2);
    let refusedCalls = 0;
    const results = [runJob(pool, encodeJob()), runJob(pool, encodeJob())];
    expect(results).not.toContain(null);
    expect(pool.tryRun(encodeJob(), () => refusedCalls++)).toBe(false);
    for (const result of await Promise.all(results)) {
      if (!result?.ok) throw new Error("the job failed");
      expect(psnr(djpeg(result.value.jpeg).pixels, PICTURE.pixels)).toBeGreaterThan(30);
      expect(result.busyMicros).toBeGreaterThan(0);
    }
    expect(refusedCalls).toBe(0);
    expect(runJob(pool, encodeJob())).not.toBeNull();
  });

  test("a decode job takes the memory of its JPEG and returns it unchanged", async () => {
    const { pool } = await start(1);
    const job = decodeJob();
    const running = runJob(pool, job);
    expect(job.jpeg.length).toBe(0);
    const result = await running;
    if (!result?.ok) throw new Error("the job failed");
    expect(largestDifference(result.value.jpeg, JPEG)).toBe(0);
    expect(
      largestDifference(arena.bytes(job.target.address, job.target.bytes), toRgbaBytes(djpeg(JPEG))),
    ).toBeLessThanOrEqual(4);
  });

  test("onIdle is called when a thread can take a job", async () => {
    const { pool, idleCalls } = await start(1);
    expect(idleCalls).toBe(1);
    const taken: boolean[] = [];
    const again = new CodecPool({
      runtime: BUN_RUNTIME,
      arena,
      codec: "jsquash",
      threads: 1,
      onIdle: () => taken.length < 3 && taken.push(again.tryRun(decodeJob(), () => undefined)),
      onBroken: () => undefined,
      onRestarted: () => undefined,
    });
    await until(() => taken.length === 3, "three jobs, each begun when a thread became idle");
    expect(taken).toEqual([true, true, true]);
    await Promise.all([again.close(), pool.close()]);
  });

  test("a picture that cannot be decoded is a failed result, and the thread goes on", async () => {
    const { pool, restarted } = await start(1);
    const failed = await runJob(pool, decodeJob(JPEG.slice(0, 50)));
    expect(failed).toMatchObject({ ok: false, message: expect.stringContaining("50 bytes") });
    expect(await runJob(pool, decodeJob())).toMatchObject({ ok: true });
    expect(restarted).toEqual([]);
  });
});

describe("CodecPool: a thread that fails", () => {
  test("an exception fails one job; its thread loads the codec again, and other threads go on", async () => {
    const { pool, restarted, broken } = await start(2);
    let calls = 0;
    const { promise, resolve } = Promise.withResolvers<JobResult>();
    const accepted = pool.tryRun(defectiveJob(), (result) => {
      calls++;
      resolve(result);
    });
    expect(accepted).toBe(true);
    expect(await runJob(pool, decodeJob())).toMatchObject({ ok: true });
    const failed = await promise;
    expect(failed).toMatchObject({ ok: false, message: expect.stringContaining("the codec thread failed") });
    // Both threads work again when two jobs run at the same time.
    const results: Promise<JobResult>[] = [];
    await until(() => {
      const result = runJob(pool, encodeJob());
      if (result !== null) results.push(result);
      else if (results.length < 2) results.length = 0;
      return results.length >= 2;
    }, "two threads at work");
    for (const result of await Promise.all(results)) expect(result.ok).toBe(true);
    expect(calls).toBe(1);
    expect(restarted.length).toBe(1);
    expect(broken).toEqual([]);
  });

  test("too many exceptions in a row break the pool: it reports that once and takes no more jobs", async () => {
    const { pool, restarted, broken } = await start(1);
    for (let defect = 1; defect <= 6; defect++) {
      expect(await runWhenIdle(pool, defectiveJob())).toMatchObject({ ok: false });
    }
    expect(broken.length).toBe(1);
    expect(broken[0]?.message).toContain("fail repeatedly");
    expect(restarted.length).toBe(5);
    expect(runJob(pool, decodeJob())).toBeNull();
  });

  test("work that succeeds outside the threads does not end a row of exceptions in threads", async () => {
    const { pool, broken } = await start(1);
    for (let defect = 1; defect <= 6; defect++) {
      expect((await runWhenIdle(pool, defectiveJob())).ok).toBe(false);
      pool.countSuccess();
    }
    expect(broken.length).toBe(1);
  });

  test("a finished job between two exceptions resets the count", async () => {
    const { pool, broken } = await start(1);
    for (let round = 0; round < 2; round++) {
      for (let defect = 1; defect <= 4; defect++) expect((await runWhenIdle(pool, defectiveJob())).ok).toBe(false);
      expect((await runWhenIdle(pool, decodeJob())).ok).toBe(true);
    }
    expect(broken).toEqual([]);
  });
});

describe("CodecPool: start", () => {
  test("one thread warms up the codec, for the work of the pool", async () => {
    const work: (readonly Work[])[] = [];
    const pool = new CodecPool({
      runtime: {
        ...BUN_RUNTIME,
        startThread: (setup, listener) => {
          work.push(setup.warmUpFor);
          return BUN_RUNTIME.startThread(setup, listener);
        },
      },
      arena,
      codec: "simd",
      threads: 3,
      work: ["decode"],
      onIdle: () => undefined,
      onBroken: () => undefined,
      onRestarted: () => undefined,
    });
    await pool.started;
    await pool.close();
    expect(work).toEqual([["decode"], [], []]);
  });

  test("modules that another thread has compiled are used as they are", async () => {
    const compiled = await BUN_RUNTIME.wasm.compileFor("simd");
    const modules = new WasmModules(() => Promise.reject(new Error("no file must be read")), compiled);
    for (const kernel of ["encoder", "decoder"] as const)
      expect(await modules.kernel(kernel)).toBe(await BUN_RUNTIME.wasm.kernel(kernel));
  });
});

describe("CodecPool: close", () => {
  test("a closed pool drops the running job, refuses others, and calls no callback", async () => {
    const { pool, restarted, broken } = await start(2);
    let calls = 0;
    expect(pool.tryRun(encodeJob(), () => calls++)).toBe(true);
    await pool.close();
    expect(pool.tryRun(encodeJob(), () => calls++)).toBe(false);
    await Bun.sleep(50);
    expect({ calls, restarted, broken }).toEqual({ calls: 0, restarted: [], broken: [] });
  });

  test("a pool can be closed before its threads have started", async () => {
    const ready: string[] = [];
    const pool = new CodecPool({
      runtime: BUN_RUNTIME,
      arena,
      codec: "jsquash",
      threads: 2,
      onIdle: () => ready.push("idle"),
      onBroken: () => ready.push("broken"),
      onRestarted: () => ready.push("restarted"),
    });
    await pool.close();
    expect(pool.tryRun(decodeJob(), () => ready.push("done"))).toBe(false);
    await Bun.sleep(50);
    expect(ready).toEqual([]);
  });
});
