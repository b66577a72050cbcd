// markChanges: the same tiles and pixels as tileDiffers and copyTile give one tile at a time.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { WASM } from "../../../src/codec/bun/wasm.ts";
import { Arena, KERNEL_TABLES_BYTES } from "../../../src/codec/memory/arena.ts";
import { createKernelMemory } from "../../../src/codec/simd/kernel-module.ts";
import { SimdEncoder } from "../../../src/codec/simd/encoder.ts";
import { frameBytes, planesOf } from "../../../src/core/pixel-format.ts";
import { randomPixels } from "../../support/random-pictures.ts";

const cases = fc.record({
  format: fc.constantFrom("yuvj420p", "rgba", "yuyv422", "nv12", "gray"),
  size: fc.record({ width: fc.integer({ min: 1, max: 400 }), height: fc.integer({ min: 1, max: 120 }) }),
  seed: fc.nat(),
  noise: fc.constantFrom(0, 2),
  copies: fc.constantFrom("changed", "unchanged", null),
  changedShare: fc.constantFrom(0, 0.2, 1),
  from: fc.double({ min: 0, max: 0.9, noNaN: true }),
  marked: fc.nat(),
});

test.each(["plain", "relaxed"] as const)("markChanges does what tileDiffers and copyTile do (%s)", async (variant) => {
  const arena = Arena.create();
  const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), arena.memory);
  const state = arena.take(encoder.stateBytes);
  const most = frameBytes("rgba", 400, 120);
  const addresses = [arena.take(most), arena.take(most), arena.take(most), arena.take(most)] as const;
  const marksAddress = arena.take(4000);
  fc.assert(
    fc.property(cases, ({ format, size, seed, noise, copies, changedShare, from, marked }) => {
      const picture = encoder.prepare(state, { ...size, format, quality: 75 });
      const bytes = frameBytes(format, size.width, size.height);
      const before = randomPixels(bytes, seed);
      const now = before.slice();
      const start = Math.floor(from * bytes);
      now.set(randomPixels(Math.floor(changedShare * (bytes - start)), seed + 1), start);
      for (const [index, address] of addresses.entries())
        arena.bytes(address, bytes).set(index % 2 === 0 ? now : before);
      const [a, b, hisA, hisB] = addresses.map((address) => planesOf(format, size, address)) as [
        never,
        never,
        never,
        never,
      ];
      const firstTile = Math.floor(from * picture.tileCount);
      const count = picture.tileCount - firstTile;
      const marks = arena.bytes(marksAddress, count + 1).fill(0);
      marks[marked % count] = 1;
      marks[count] = 77; // no tile of the range
      const found = encoder.markChanges(picture, a, b, { firstTile, count, marksAddress }, noise, copies);
      const expected = Array.from({ length: count }, (_, index) => {
        const tile = firstTile + index;
        const isChanged = index === marked % count || encoder.tileDiffers(picture, hisA, hisB, tile, noise);
        if (isChanged && copies === "changed") encoder.copyTile(picture, hisA, hisB, tile);
        if (!isChanged && copies === "unchanged") encoder.copyTile(picture, hisB, hisA, tile);
        return isChanged ? 1 : 0;
      });
      expect([...marks]).toEqual([...expected, 77]);
      expect(found).toBe(expected.reduce((sum: number, each) => sum + each, 0));
      for (const [ours, his] of [
        [addresses[0], addresses[2]],
        [addresses[1], addresses[3]],
      ] as const)
        expect(Buffer.compare(arena.bytes(ours, bytes), arena.bytes(his, bytes))).toBe(0);
    }),
    { numRuns: 150 },
  );
  const picture = encoder.prepare(state, { width: 320, height: 80, format: "gray", quality: 75 });
  const planes = planesOf("gray", { width: 320, height: 80 }, addresses[0]);
  const range = { firstTile: picture.tileCount - 1, count: 2, marksAddress };
  expect(() => encoder.markChanges(picture, planes, planes, range, 2, null)).toThrow("tile range");
});

test.each(["plain", "relaxed"] as const)("markChanges reads no byte after the pixels (%s)", async (variant) => {
  const memory = createKernelMemory(KERNEL_TABLES_BYTES + (4 << 20));
  const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), memory);
  for (const [width, height] of [
    [320, 40],
    [333, 17],
    [5, 3],
  ] as const) {
    // The memory ends with the last pixel, because the last row has no gap after it.
    const rowBytes = width + 700;
    const address = memory.buffer.byteLength - (height - 1) * rowBytes - width;
    const picture = encoder.prepare(KERNEL_TABLES_BYTES, { width, height, format: "gray", quality: 75 });
    const planes = [{ address, rowBytes }];
    const range = { firstTile: 0, count: picture.tileCount, marksAddress: KERNEL_TABLES_BYTES + encoder.stateBytes };
    expect(encoder.markChanges(picture, planes, planes, range, 2, null)).toBe(0);
  }
});
