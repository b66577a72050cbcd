// The arena: its blocks do not overlap, any thread may take blocks, and its memory grows.

import { describe, expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import fc from "fast-check";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../../src/codec/memory/growing-block.ts";

describe("Arena: blocks and growth", () => {
  test("the arena's blocks start at cache lines, do not overlap, and make it grow", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 200_000 }), { minLength: 1, maxLength: 20 }), (sizes) => {
        const arena = Arena.create();
        const blocks = sizes.map((bytes) => ({ address: arena.take(bytes), bytes }));
        for (const [index, { address, bytes }] of blocks.entries()) {
          expect(address % 64).toBe(0);
          expect(address + bytes).toBeLessThanOrEqual(blocks[index + 1]?.address ?? arena.memory.buffer.byteLength);
          arena.bytes(address, bytes).fill(index + 1);
        }
        for (const [index, { address, bytes }] of blocks.entries()) {
          expect(arena.bytes(address, bytes).every((byte) => byte === index + 1)).toBe(true);
        }
      }),
      { numRuns: 20 },
    );
  });

  test("an arena grows to its limit and no further, and smaller blocks still fit", () => {
    const arena = Arena.create(4 * 2 ** 20);
    arena.take(3 * 2 ** 20);
    expect(() => arena.take(2 * 2 ** 20)).toThrow(
      /not enough memory for pictures of this size: \d+ more bytes are too many/,
    );
    expect(arena.take(2 ** 19)).toBeGreaterThan(3 * 2 ** 20);
    expect(arena.memory.buffer.byteLength).toBeLessThanOrEqual(4 * 2 ** 20);
  });

  test("another thread takes blocks of the same arena", async () => {
    const arena = Arena.create();
    const mine = arena.take(100);
    const module = new URL("../../../src/codec/memory/arena.ts", import.meta.url).href;
    const worker = new Worker(
      `const { parentPort, workerData } = require("node:worker_threads");
       import(${JSON.stringify(module)}).then(({ Arena }) => {
         const arena = Arena.attach(workerData);
         const address = arena.take(3_000_000);
         arena.bytes(address, 3_000_000).fill(7);
         parentPort.postMessage(address);
       });`,
      { eval: true, workerData: arena.memory },
    );
    const theirs = await new Promise<number>((resolve) => worker.once("message", resolve));
    await worker.terminate();
    expect(theirs).toBeGreaterThanOrEqual(mine + 100);
    expect(arena.bytes(theirs, 3_000_000).every((byte) => byte === 7)).toBe(true);
    expect(arena.take(1)).toBeGreaterThanOrEqual(theirs + 3_000_000);
  });

  // Without holdGrowth most runs end with a segmentation fault (see Arena.holdGrowth).
  test("the arena does not grow while its threads are being ended, and grows again afterwards", async () => {
    const script = new URL("../../support/arena-growth-process.ts", import.meta.url).pathname;
    const child = Bun.spawn([process.execPath, script], { stdout: "pipe", stderr: "pipe" });
    const [output, complaint] = await Promise.all([child.stdout.text(), child.stderr.text()]);
    expect(complaint).toBe("");
    expect(await child.exited).toBe(0);
    expect(JSON.parse(output).refused).toBeGreaterThan(0);
  });

  test("take throws CodecError when the arena is full, and attach refuses other memory", () => {
    const arena = Arena.create();
    expect(() => arena.take(5_000_000_000)).toThrow("there is not enough memory for pictures of this size");
    const other = new WebAssembly.Memory({ initial: 8, maximum: 16, shared: true });
    expect(() => Arena.attach(other)).toThrow("does not contain an arena");
  });

  test("a growing block keeps its address until it has to move", () => {
    const block = new GrowingBlock(Arena.create());
    const first = block.reserve(1000);
    expect(block.reserve(10)).toBe(first);
    const second = block.reserve(1001);
    expect(second).not.toBe(first);
    expect(block.bytes).toBeGreaterThanOrEqual(1500);
    expect(block.reserve(1400)).toBe(second);
  });
});
