// The ladder: the order in which quality and size are given up, and the size that is enough for a wish.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { halfSize, type Size } from "../../../src/core/pixel-format.ts";
import { halvingsFor, ladder, MAX_HALVINGS, weight } from "../../../src/server/renditions/ladder.ts";

const size = fc.record({ width: fc.integer({ min: 1, max: 8192 }), height: fc.integer({ min: 1, max: 8192 }) });
const quality = fc.integer({ min: 1, max: 100 });

function halved(from: Size, halvings: number): Size {
  return halvings === 0 ? from : halved(halfSize(from), halvings - 1);
}

test("quality first, then size, each twice", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 0, quality: 75 });
  const names = levels.map(
    ({ halvings, quality: q }) => `${halved({ width: 1280, height: 720 }, halvings).width} q${q}`,
  );
  expect(names).toEqual(["1280 q75", "1280 q50", "1280 q35", "640 q60", "640 q38", "320 q60", "320 q38"]);
});

test("a viewer whose wish is half the size begins there", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 1, quality: 75 });
  expect(levels.map(({ halvings, quality: q }) => [halvings, q])).toEqual([
    [1, 75],
    [1, 50],
    [1, 35],
    [2, 60],
    [2, 38],
  ]);
});

test("a viewer whose pictures have to stay of one size is given up quality only", () => {
  const levels = ladder({ width: 1280, height: 720 }, { halvings: 0, quality: 75 }, true);
  expect(levels.map(({ halvings, quality: q }) => [halvings, q])).toEqual([
    [0, 75],
    [0, 50],
    [0, 35],
  ]);
});

test("whatever the source and the wish: never empty, the best first, each lighter than the one before, all usable", () => {
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

describe("a wished size", () => {
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
  ])("of %p x %p is had by halving 1280x720 %p times", (width, height, halvings) => {
    expect(halvingsFor({ width: 1280, height: 720 }, { width, height })).toBe(halvings);
  });

  test("is never undercut, and never had by less halving than would do", () => {
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
});
