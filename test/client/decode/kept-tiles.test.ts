// KeptTiles: a snapshot does not change until it is released, even if tiles arrive and memory is used again.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Snapshot, KeptTiles } from "../../../src/client/decode/kept-tiles.ts";
import type { PartBytes } from "../../../src/client/decode/tile-frame.ts";
import { stitchTiles } from "../../../src/codec/jpeg/stitch.ts";
import { BytePool } from "../../../src/core/byte-pool.ts";

const HEADER = new Uint8Array([1, 2, 3]);
const TILES = 6;

/** Adds a part with these tiles as a frame does: the decoder is the first user of the copy. */
function addPart(kept: KeptTiles, pool: BytePool, tiles: ReadonlyMap<number, Uint8Array>): void {
  const numbers = [...tiles.keys()].toSorted((a, b) => a - b);
  const all = numbers.map((number) => tiles.get(number) as Uint8Array);
  const bytes = all.reduce((sum, { length }) => sum + length, 0);
  const part: PartBytes = {
    block: { address: 0, bytes },
    bytes,
    users: numbers.length,
    copy: pool.acquire(bytes),
    kept: 0,
  };
  const offsets = new Uint32Array(numbers.length);
  let at = 0;
  for (const [index, tile] of all.entries()) {
    offsets[index] = at;
    at += tile.length;
  }
  const lengths = Uint32Array.from(all, ({ length }) => length);
  kept.add({ numbers: Uint32Array.from(numbers), parts: numbers.map(() => part), offsets, lengths });
  part.copy.bytes.set(Buffer.concat(all)); // a frame fills the copy only after it has started the threads
  pool.release(part.copy);
}

const step = fc.record({
  numbers: fc.uniqueArray(fc.nat(TILES - 1), { minLength: 1 }),
  // Large tiles make KeptTiles join parts.
  bytes: fc.constantFrom(3, 100, 60_000),
  takes: fc.boolean(),
  releases: fc.boolean(),
});

test("KeptTiles: a snapshot does not change until it is released", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const pool = new BytePool();
      const kept = new KeptTiles(HEADER, TILES, pool);
      const truth: Uint8Array[] = [];
      const open: { snapshot: Snapshot; jpeg: Uint8Array }[] = [];
      const whole = {
        numbers: Array.from({ length: TILES }, (_, number) => number),
        bytes: 10,
        takes: true,
        releases: false,
      };
      for (const [index, { numbers, bytes, takes, releases }] of [whole, ...steps].entries()) {
        const tiles = new Map(
          numbers.map((number) => [number, new Uint8Array(bytes + number).fill(index + 16 * number)]),
        );
        for (const [number, tile] of tiles) truth[number] = tile;
        addPart(kept, pool, tiles);
        if (takes) open.push({ snapshot: kept.snapshot(), jpeg: stitchTiles(HEADER, truth) });
        for (const { snapshot, jpeg } of open) expect(Buffer.compare(snapshot.jpeg(), jpeg)).toBe(0);
        if (releases) open.shift()?.snapshot.release();
      }
    }),
    { numRuns: 200 },
  );
});

test("KeptTiles: joins parts of which few tiles are needed, and the picture stays the same", () => {
  const pool = new BytePool();
  const count = 10;
  const kept = new KeptTiles(HEADER, count, pool);
  const truth: Uint8Array[] = [];
  const add = (numbers: number[], bytes: number, value: number) => {
    const tiles = new Map(numbers.map((number) => [number, new Uint8Array(bytes).fill(value + number)]));
    for (const [number, tile] of tiles) truth[number] = tile;
    addPart(kept, pool, tiles);
  };
  const all = Array.from({ length: count }, (_, number) => number);
  for (let round = 0; round < 5; round++) {
    // Only the first tile of each part stays the newest, so the parts have many times the bytes of the picture, until they are joined.
    for (const first of all) add(all.slice(first), 60_000, 20 * round);
    const snapshot = kept.snapshot();
    const jpeg = stitchTiles(HEADER, truth);
    add([round], 60_000, 100 + round);
    add([9 - round], 70_000, 120 + round);
    expect(Buffer.compare(snapshot.jpeg(), jpeg)).toBe(0);
    snapshot.release();
    expect(Buffer.compare(kept.snapshot().jpeg(), stitchTiles(HEADER, truth))).toBe(0);
  }
});
