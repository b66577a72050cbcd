// BytePool: a block of any size can have several users, and is used again only when its last user has released it.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type ByteBlock, BytePool } from "../../src/core/byte-pool.ts";

test("BytePool never hands out a block that is in use, and each is large enough", () => {
  const step = fc.record({ bytes: fc.integer({ min: 0, max: 100_000 }), retains: fc.nat(2), releases: fc.nat(3) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = new BytePool();
      const uses: ByteBlock[] = []; // one entry for each user
      for (const { bytes, retains, releases } of steps) {
        const block = pool.acquire(bytes);
        expect(uses).not.toContain(block);
        expect(block.bytes.length).toBeGreaterThanOrEqual(bytes);
        uses.push(block);
        for (let user = 0; user < retains; user++) {
          block.retain();
          uses.push(block);
        }
        for (const released of uses.splice(0, releases)) pool.release(released);
      }
    }),
  );
});

test("BytePool uses a released block again for the same size", () => {
  const pool = new BytePool();
  const block = pool.acquire(5000);
  pool.release(block);
  expect(pool.acquire(5000)).toBe(block);
});

test("BytePool does not keep blocks above 4 MiB", () => {
  const pool = new BytePool();
  const block = pool.acquire(5 * 1024 * 1024);
  pool.release(block);
  expect(pool.acquire(5 * 1024 * 1024)).not.toBe(block);
});
