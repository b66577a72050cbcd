// The lock of growth: every kernel knows the size of its memory, also when the memory grows while the kernel is instantiated.

import { expect, test } from "bun:test";
import { Worker } from "node:worker_threads";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { withGrowthLock } from "../../../src/codec/memory/growth-lock.ts";
import { createKernelMemory } from "../../../src/codec/simd/kernel-module.ts";
import { type InstancesSetup, meet } from "../../support/meeting.ts";

/** A module that imports a shared memory and exports `size`, whose only instruction is `memory.size`. */
const SIZE_MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 5, 1, 0x60, 0, 1, 0x7f], // the type () → i32
  ...[2, 18, 1, 3, ...Buffer.from("env"), 6, ...Buffer.from("memory"), 2, 3, 1, 0x80, 0x80, 4], // 1 to 65,536 pages, shared
  ...[3, 2, 1, 0],
  ...[7, 8, 1, 4, ...Buffer.from("size"), 0, 0],
  ...[10, 6, 1, 4, 0, 0x3f, 0, 0x0b],
);

const ROUNDS = 2000;

test("growth lock: instances that are made while the memory grows know its size", async () => {
  const arena = Arena.create();
  const meetings = new Int32Array(new SharedArrayBuffer(8));
  const module = new WebAssembly.Module(SIZE_MODULE);
  const workerData: InstancesSetup = { memory: arena.memory, module, meetings, rounds: ROUNDS };
  const thread = new Worker(new URL("../../support/instances-and-growth.ts", import.meta.url), { workerData });
  const wrong = new Promise<number[]>((resolve, reject) => {
    thread.once("message", resolve);
    thread.once("error", reject);
  });
  await new Promise((resolve) => thread.once("online", resolve));
  for (let round = 0; round < ROUNDS; round++) {
    meet(meetings);
    arena.take(65536); // a page, so the memory grows each time
    meet(meetings);
  }
  expect(await wrong).toEqual([]);
  await thread.terminate();
});

test("growth lock: a thread that was ended while it held the lock does not stop the others", () => {
  const memory = createKernelMemory(65536, 2 * 65536);
  Atomics.store(new Int32Array(memory.buffer, 0, 1), 0, 1);
  expect(withGrowthLock(memory, () => memory.grow(1))).toBe(1);
  expect(withGrowthLock(memory, () => "free")).toBe("free");
  expect(() =>
    withGrowthLock(memory, () => {
      throw new Error("refused");
    }),
  ).toThrow("refused");
  expect(new Int32Array(memory.buffer, 0, 1)[0]).toBe(0);
});
