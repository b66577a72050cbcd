// letterbox: the picture is inside the window, in its middle, as large as possible, and keeps its shape.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { firstWindowSize, letterbox, sourceSize } from "../../../src/client/screens/letterbox.ts";

const side = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8192 }));
const size = fc.record({ width: side, height: side });

describe("letterbox: place of the picture", () => {
  test("letterbox: is in the middle of the window and touches two of its sides", () => {
    fc.assert(
      fc.property(size, size, (picture, window) => {
        const { x, y, width, height } = letterbox(picture, window);
        for (const value of [x, y, width, height]) expect(Number.isInteger(value)).toBe(true);
        expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
        expect(Math.min(width, height)).toBeGreaterThanOrEqual(1);
        expect(x + width).toBeLessThanOrEqual(window.width);
        expect(y + height).toBeLessThanOrEqual(window.height);
        expect(width === window.width || height === window.height).toBe(true);
        expect(Math.abs(x - (window.width - width - x))).toBeLessThanOrEqual(1);
        expect(Math.abs(y - (window.height - height - y))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 1000 },
    );
  });

  test("letterbox: keeps the picture's shape within a pixel", () => {
    fc.assert(
      fc.property(size, size, (picture, window) => {
        const { width, height } = letterbox(picture, window);
        const ideal = Math.min(window.width / picture.width, window.height / picture.height);
        expect(Math.abs(width - Math.max(1, picture.width * ideal))).toBeLessThanOrEqual(0.5 + 1e-9);
        expect(Math.abs(height - Math.max(1, picture.height * ideal))).toBeLessThanOrEqual(0.5 + 1e-9);
      }),
      { numRuns: 1000 },
    );
  });

  test.each([
    ["the same shape", 1280, 720, 1280, 720, { x: 0, y: 0, width: 1280, height: 720 }],
    ["bars left and right", 640, 480, 1280, 720, { x: 160, y: 0, width: 960, height: 720 }],
    ["bars above and below", 1280, 720, 640, 480, { x: 0, y: 60, width: 640, height: 360 }],
    ["a line", 8192, 1, 100, 100, { x: 0, y: 49, width: 100, height: 1 }],
  ])("letterbox: the place is right for %s", (_, pictureWidth, pictureHeight, width, height, rectangle) => {
    expect(letterbox({ width: pictureWidth, height: pictureHeight }, { width, height })).toEqual(rectangle);
  });
});

describe("firstWindowSize: size of a new window", () => {
  const space = fc.record({ width: fc.integer({ min: 320, max: 4000 }), height: fc.integer({ min: 240, max: 3000 }) });

  test("firstWindowSize: is the picture's size if it fits in nine tenths of the space", () => {
    fc.assert(
      fc.property(size, space, (picture, each) => {
        fc.pre(picture.width <= Math.floor(each.width * 0.9) && picture.height <= Math.floor(each.height * 0.9));
        expect(firstWindowSize(picture, each)).toEqual(picture);
      }),
    );
  });

  test("firstWindowSize: never exceeds nine tenths of the space", () => {
    fc.assert(
      fc.property(size, space, (picture, each) => {
        const { width, height } = firstWindowSize(picture, each);
        expect(width).toBeLessThanOrEqual(each.width * 0.9);
        expect(height).toBeLessThanOrEqual(each.height * 0.9);
        expect(Math.min(width, height)).toBeGreaterThanOrEqual(1);
      }),
      {
        numRuns: 1000,
        examples: [
          [
            { width: 3, height: 1000 },
            { width: 1000, height: 1000 },
          ],
        ],
      },
    );
  });
});

describe("sourceSize: size of the source as shown", () => {
  const size = (text: string) => {
    const [width = 0, height = 0] = text.split("x").map(Number);
    return { width, height };
  };

  test.each([
    ["the whole picture", "1280x720", "1280x720", "1280x720"],
    ["half of it", "640x360", "1280x720", "1280x720"],
    ["a quarter of it, with odd sides", "320x180", "1279x719", "1279x719"],
    ["a picture that stands, of a source that lies", "240x320", "320x240", "240x320"],
    ["half of such a picture", "120x160", "320x240", "240x320"],
  ])("sourceSize: the size is right for %s", (_, picture, source, whole) => {
    expect(sourceSize(size(picture), size(source))).toEqual(size(whole));
  });
});
