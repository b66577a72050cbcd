// LentMemory: the blocks of an owner that has ended go to the next owner, and never to two owners at a time.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { LentMemory, type OwnedMemory } from "../../../src/codec/memory/lent-memory.ts";

const always = () => true;

test("LentMemory: the next owner gets the blocks of an owner that has ended", async () => {
  const lent = new LentMemory(Arena.create());
  const first = lent.lend();
  const sizes = [100_000, 64, 100_000, 4];
  const taken = sizes.map((bytes) => first.take(bytes));
  await first.giveBackWhen(always);
  const second = lent.lend();
  expect(sizes.map((bytes) => second.take(bytes)).toSorted()).toEqual(taken.toSorted());
  expect(taken).not.toContain(second.take(64));
});

test("LentMemory: an owner gets the smallest free block that fits, at most four times larger", async () => {
  const lent = new LentMemory(Arena.create());
  const first = lent.lend();
  const [large, middle] = [4096, 2048].map((bytes) => first.take(bytes)) as [number, number];
  await first.giveBackWhen(always);
  const second = lent.lend();
  expect(second.take(2000)).toBe(middle);
  expect(second.take(1000)).not.toBe(large);
  expect(second.take(1024)).toBe(large);
});

test("LentMemory: blocks that are still in use are given back later, or not at all", async () => {
  const lent = new LentMemory(Arena.create());
  const slow = lent.lend();
  const address = slow.take(1000);
  let looks = 0;
  await slow.giveBackWhen(() => ++looks === 3);
  const hung = lent.lend();
  expect(hung.take(1000)).toBe(address);
  await hung.giveBackWhen(() => false);
  expect(lent.lend().take(1000)).not.toBe(address);
});

test("LentMemory: blocks of owners never overlap", async () => {
  const step = fc.record({ owner: fc.nat(2), bytes: fc.integer({ min: 1, max: 20_000 }), ends: fc.boolean() });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      const lent = new LentMemory(Arena.create());
      const owners: { memory: OwnedMemory; taken: { address: number; bytes: number }[] }[] = [];
      for (const { owner, bytes, ends } of steps) {
        owners[owner] ??= { memory: lent.lend(), taken: [] };
        const { memory, taken } = owners[owner];
        const address = memory.take(bytes);
        for (const other of owners.flatMap((each) => each?.taken ?? [])) {
          expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(true);
        }
        taken.push({ address, bytes });
        if (!ends) continue;
        await memory.giveBackWhen(always);
        delete owners[owner];
      }
    }),
  );
});
