// The grid: the box of motion lies over the picture in its cell, and not over the black bars beside it.

import { expect, test } from "bun:test";
import { Grid } from "../../../src/client/screens/grid.ts";
import type { RgbaPicture } from "../../../src/client/screens/overlay.ts";

test("Grid: the box of motion is drawn in the place of the picture", async () => {
  const shown: RgbaPicture[] = [];
  const window = {
    pixelSize: { width: 400, height: 100 },
    show: (picture: RgbaPicture) => void shown.push({ ...picture, pixels: new Uint8Array(picture.pixels) }),
    setTitle: () => undefined,
    setSource: () => undefined,
    close: () => undefined,
  };
  const grid = new Grid({ window, cells: 2, label: () => "", onArranged: () => undefined, onBroken: () => undefined });
  // The second of two cells of 200 × 100 pixels. The picture has its 100 pixels in the middle: from 250 to 350.
  const picture = { width: 50, height: 50, pixels: new Uint8Array(50 * 50 * 4).fill(128) };
  await grid.cells[1]?.show(picture, { lines: ["-"], alarm: null, box: { x: 0.5, y: 0.2, width: 0.5, height: 0.6 } });
  const pixels = new Uint32Array((shown.at(-1) as RgbaPicture).pixels.buffer);
  const yellow = [...pixels.entries()].filter(([, pixel]) => pixel === 0xff00d8ff).map(([at]) => at);
  const columns = yellow.map((at) => at % 400);
  const rows = yellow.map((at) => Math.floor(at / 400));
  // The yellow line is inside the black one, which is one pixel wide.
  expect([Math.min(...columns), Math.max(...columns)]).toEqual([301, 348]);
  expect([Math.min(...rows), Math.max(...rows)]).toEqual([21, 78]);
  expect(picture.pixels.every((byte) => byte === 128)).toBe(true);
  grid.close();
});
