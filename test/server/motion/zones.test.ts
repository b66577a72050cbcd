// Zones: which polygons are refused, and which tiles a zone has.

import { expect, test } from "bun:test";
import fc from "fast-check";
import type { MotionGrid } from "../../../src/server/motion/motion-grid.ts";
import { checkPolygon, type SharePoint, zonesOfTiles } from "../../../src/server/motion/zones.ts";

const GRID: MotionGrid = { columns: 6, lines: 36, width: 768, height: 576, tileWidth: 128, tileHeight: 16 };

test("checkPolygon: accepts convex polygons in any direction, and names what is wrong with others", () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 20 }), fc.boolean(), (corners, isReversed) => {
      const polygon = Array.from({ length: corners }, (_, index): SharePoint => {
        const angle = (2 * Math.PI * index) / corners;
        return [0.5 + 0.4 * Math.cos(angle), 0.5 + 0.4 * Math.sin(angle)];
      });
      checkPolygon(isReversed ? polygon.toReversed() : polygon);
    }),
  );
  const check =
    (...polygon: SharePoint[]) =>
    () =>
      checkPolygon(polygon);
  expect(check([0, 0], [1, 1])).toThrow("has 2 corners: a polygon has 3 to 64");
  expect(check([0, 0], [1.1, 0], [1, 1])).toThrow("has the corner [1.1, 0], which is outside of the picture");
  expect(check([0, 0], [1, 1], [1, 0], [0, 1])).toThrow("crosses itself: the side from [0, 0] to [1, 1]");
  expect(check([0, 0], [1, 0], [1, 0], [0, 1])).toThrow("has the corner [1, 0] twice in a row");
  expect(check([0, 0], [0.5, 0.5], [1, 1])).toThrow("has no area");
  expect(check([0, 0], [0.4, 0], [0.2, 0], [0.2, 0.5])).toThrow(/crosses itself|has no area/);
});

test("zonesOfTiles: a zone has the tiles that it covers by half, and at least one", () => {
  const corner: SharePoint[] = [
    [0, 0],
    [0.5, 0],
    [0.5, 0.5],
    [0, 0.5],
  ];
  const { isWatched, zones } = zonesOfTiles(GRID, [{ name: "corner", isWatched: true, polygon: corner }]);
  for (let tile = 0; tile < 216; tile++) {
    const isIn = tile % 6 < 3 && Math.floor(tile / 6) < 18;
    expect(isWatched[tile]).toBe(isIn ? 1 : 0);
    expect(zones[tile]).toBe(isIn ? 1 : 0);
  }
  const tiny: SharePoint[] = [
    [0.7, 0.7],
    [0.74, 0.7],
    [0.72, 0.715],
  ];
  const small = zonesOfTiles(GRID, [{ name: "tiny", isWatched: true, polygon: tiny }]);
  expect(small.isWatched.reduce((sum, each) => sum + each, 0)).toBe(1);
  expect(small.isWatched[4 + 6 * 25]).toBe(1);
});

test("zonesOfTiles: holes between the arms of a polygon are not in it, and many corners in a large picture are little work", () => {
  const comb: SharePoint[] = [
    [0, 0],
    [1, 0],
    [1, 1],
    [2 / 3, 1],
    [2 / 3, 0.5],
    [1 / 3, 0.5],
    [1 / 3, 1],
    [0, 1],
  ];
  const { isWatched } = zonesOfTiles(GRID, [{ name: "comb", isWatched: true, polygon: comb }]);
  for (let tile = 0; tile < 216; tile++) {
    const isHole = Math.floor((tile % 6) / 2) === 1 && Math.floor(tile / 6) >= 18;
    expect(isWatched[tile]).toBe(isHole ? 0 : 1);
  }

  // The time is compared with that for a few corners, so a slow machine does not matter.
  const round = Array.from({ length: 64 }, (_, corner): SharePoint => {
    const angle = (2 * Math.PI * corner) / 64;
    return [0.5 + 0.5 * Math.cos(angle), 0.5 + 0.5 * Math.sin(angle)];
  });
  const timeOf = (polygon: SharePoint[]) => {
    const large = { width: 7680, height: 4320, columns: 60, lines: 270, tileWidth: 128, tileHeight: 16 };
    const began = performance.now();
    zonesOfTiles(large, [{ name: "round", isWatched: true, polygon }]);
    return performance.now() - began;
  };
  const triangle: SharePoint[] = [
    [0, 0],
    [1, 0],
    [0.5, 1],
  ];
  // The least of many turns has the fewest interruptions by other programs.
  const times = Array.from({ length: 30 }, () => ({ few: timeOf(triangle), many: timeOf(round) }));
  const few = Math.min(...times.map((each) => each.few));
  expect(Math.min(...times.map(({ many }) => many))).toBeLessThan(8 * few);
});
