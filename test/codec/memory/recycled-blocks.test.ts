// RecycledBlocks: blocks in use never overlap, and released blocks are used again before new memory is taken.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { type Block, RecycledBlocks } from "../../../src/codec/memory/recycled-blocks.ts";

test("RecycledBlocks returns blocks that are large enough and do not overlap while in use", () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 200_000 }), releases: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      const blocks = new RecycledBlocks(Arena.create());
      const used: Block[] = [];
      for (const { bytes, releases } of steps) {
        const block = blocks.acquire(bytes);
        expect(block.bytes).toBeGreaterThanOrEqual(bytes);
        for (const other of used) {
          expect(block.address + block.bytes <= other.address || other.address + other.bytes <= block.address).toBe(
            true,
          );
        }
        used.push(block);
        for (const released of used.splice(0, releases)) blocks.release(released);
        expect(blocks.usedBytes).toBe(used.reduce((sum, each) => sum + each.bytes, 0));
      }
    }),
  );
});

test("RecycledBlocks takes a larger released block instead of new memory, up to four times the size", () => {
  const blocks = new RecycledBlocks(Arena.create());
  const large = blocks.acquire(64 * 1024);
  blocks.release(large);
  expect(blocks.acquire(15 * 1024)).toBe(large);
  blocks.release(large);
  expect(blocks.acquire(8 * 1024)).not.toBe(large);
});

test("RecycledBlocks throws CodecError when the arena is full", () => {
  const blocks = new RecycledBlocks(Arena.create());
  expect(() => blocks.acquire(2 ** 33)).toThrow("there is not enough memory for pictures of this size");
});
