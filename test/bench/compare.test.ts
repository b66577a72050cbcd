// `bench compare`: it names the figures in the JSON of a bench, and says which checkout is worse.

import { describe, expect, test } from "bun:test";
import { compareFigures, flatten } from "../../bench/compare.ts";

describe("flatten: names of figures", () => {
  test("flatten: names the elements of arrays by their subject", () => {
    const cases = [
      { size: { width: 4, height: 3 }, fps: 30, content: "still", isShown: true, pixels: { p50: 5 } },
      { viewers: 10, fps: { min: 29 } },
    ];
    expect(
      Object.fromEntries(flatten({ cases, sizes: { "4x3": [{ name: "simd (plain)", encodeHotMs: 2 }] } })),
    ).toEqual({
      ".cases.4x3 at 30, still, window.size.width": 4,
      ".cases.4x3 at 30, still, window.size.height": 3,
      ".cases.4x3 at 30, still, window.fps": 30,
      ".cases.4x3 at 30, still, window.pixels.p50": 5,
      ".cases.10 viewers.viewers": 10,
      ".cases.10 viewers.fps.min": 29,
      ".sizes.4x3.simd (plain).encodeHotMs": 2,
    });
  });
});

describe("compareFigures: verdicts", () => {
  const figure = ".sizes.4x3.fps";
  const compare = (other: number[], ours: number[]) =>
    compareFigures("throughput", {
      other: new Map([[figure, other]]),
      ours: new Map([[figure, ours]]),
      limit: 1.03,
    })[0];

  test("compareFigures: a ratio above 1 is worse where a higher value is better", () => {
    expect(compare([100], [50])).toMatchObject({ ratio: 2, holds: false });
    expect(compare([100], [200])).toMatchObject({ ratio: 0.5, holds: true });
  });

  test("compareFigures: a ratio above 1 is worse where a lower value is better", () => {
    const sides = {
      other: new Map([[".1 viewers.serverCores", [0.5]]]),
      ours: new Map([[".1 viewers.serverCores", [1]]]),
    };
    expect(compareFigures("fan-out", { ...sides, limit: 1.03 })[0]).toMatchObject({ ratio: 2, holds: false });
  });

  test("compareFigures: compares the medians of the rounds", () => {
    expect(compare([1, 100, 101], [99, 100, 1000])).toMatchObject({ other: 100, ours: 100, ratio: 1, holds: true });
  });

  test("compareFigures: leaves out figures that one checkout lacks or that are not selected", () => {
    const ours = new Map([
      [figure, [1]],
      [".sizes.4x3.height", [3]],
    ] as const);
    expect(compareFigures("throughput", { other: new Map([[".sizes.4x3.height", [3]]]), ours, limit: 1.03 })).toEqual(
      [],
    );
  });
});
