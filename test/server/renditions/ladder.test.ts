// The ladder: the order in which quality and size are lowered, and the smallest size that is enough for a viewer.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { halfSize, type Size } from "../../../src/core/pixel-format.ts";
import { halvingsFor, ladder, MAX_HALVINGS, MAX_RENDITIONS, weight } from "../../../src/server/renditions/ladder.ts";

const size = fc.record({ width: fc.integer({ min: 1, max: 8192 }), height: fc.integer({ min: 1, max: 8192 }) });
const quality = fc.integer({ min: 1, max: 100 });

function halved(from: Size, halvings: number): Size {
  return halvings === 0 ? from : halved(halfSize(from), halvings - 1);
}

test("ladder: lowers quality first, then size, each twice", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 0, quality: 75 });
  const names = levels.map(
    ({ halvings, quality: q }) => `${halved({ width: 1280, height: 720 }, halvings).width} q${q}`,
  );
  expect(names).toEqual(["1280 q75", "1280 q50", "1280 q35", "640 q60", "640 q38", "320 q60", "320 q38"]);
});

test("ladder: starts at half the size for a viewer that asks for half the size", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 1, quality: 75 });
  expect(levels.map(({ halvings, quality: q }) => [halvings, q])).toEqual([
    [1, 75],
    [1, 50],
    [1, 35],
    [2, 60],
    [2, 38],
  ]);
});

test("ladder: lowers only the quality for a viewer that keeps its size", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 0, quality: 75 }, true);
  expect(levels.map(({ halvings, quality: q }) => [halvings, q])).toEqual([
    [0, 75],
    [0, 50],
    [0, 35],
  ]);
});

test("ladder: all viewers together get at most MAX_RENDITIONS levels, in three sizes", () => {
  fc.assert(
    fc.property(size, quality, fc.array(size, { minLength: 1, maxLength: 100 }), (source, q, wishes) => {
      const levels = wishes.flatMap((wish) => ladder(source, { halvings: halvingsFor(source, wish), quality: q }));
      const names = new Set(levels.map(({ halvings, quality: each }) => `${halvings} ${each}`));
      expect(names.size).toBeLessThanOrEqual(MAX_RENDITIONS);
      expect(new Set(levels.map(({ halvings }) => halvings)).size).toBeLessThanOrEqual(MAX_HALVINGS + 1);
    }),
  );
  expect(MAX_RENDITIONS).toBe(13); // as SECURITY.md says
});

test("ladder: for any source and requested size all levels are usable, and each needs fewer bytes than the one before", () => {
  fc.assert(
    fc.property(size, fc.nat(MAX_HALVINGS), quality, (source, halvings, q) => {
      const levels = ladder(source, { halvings, quality: q });
      expect(levels[0]).toEqual({ halvings, quality: q });
      for (const [index, level] of levels.entries()) {
        expect(level.quality).toBeGreaterThanOrEqual(1);
        expect(level.quality).toBeLessThanOrEqual(q);
        expect(level.halvings).toBeLessThanOrEqual(MAX_HALVINGS);
        const before = levels[index - 1];
        if (before === undefined) continue;
        expect(weight(level)).toBeLessThan(weight(before));
        const { width, height } = halved(source, level.halvings);
        if (level.halvings > halvings) expect(width >= 160 && height >= 90).toBe(true);
      }
    }),
  );
});

test.each([
  [0, 0, 0],
  [1280, 720, 0],
  [641, 360, 0],
  [640, 361, 0],
  [640, 360, 1],
  [321, 180, 1],
  [320, 180, 2],
  [1, 1, 2],
  [5000, 5000, 0],
  [0, 100, 0],
])("halvingsFor: a viewer that asks for %p x %p gets 1280x720 halved %p times", (width, height, halvings) => {
  expect(halvingsFor({ width: 1280, height: 720 }, { width, height })).toBe(halvings);
});

test("halvingsFor: halves as often as the requested size allows", () => {
  fc.assert(
    fc.property(size, size, (source, wished) => {
      const halvings = halvingsFor(source, wished);
      const suffices = (times: number) => {
        const { width, height } = halved(source, times);
        return width >= wished.width && height >= wished.height;
      };
      if (halvings > 0) expect(suffices(halvings)).toBe(true);
      if (halvings < MAX_HALVINGS) expect(suffices(halvings + 1)).toBe(false);
    }),
  );
});
