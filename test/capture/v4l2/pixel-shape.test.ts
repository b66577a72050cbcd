// pixelAspectOf and squareSize: the shape of pixels from the answers of television cards' drivers.

import { expect, test } from "bun:test";
import type { Size } from "../../../src/core/pixel-format.ts";
import { ERRNO } from "../../../src/system/v4l2/libc.ts";
import { pixelAspectOf, squareSize } from "../../../src/capture/v4l2/pixel-shape.ts";
import type { Fraction, Struct } from "../../../src/system/v4l2/struct.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

const PAL: Fraction = { numerator: 54, denominator: 59 };
const NTSC: Fraction = { numerator: 11, denominator: 10 };
const SQUARE: Fraction = { numerator: 1, denominator: 1 };

const driver = (aspect: Fraction, whole: Size) =>
  scriptedDevice(
    {
      VIDIOC_CROPCAP(struct) {
        const crop = struct as Struct<"v4l2_cropcap">;
        crop.set({ "defrect.width": whole.width, "defrect.height": whole.height });
        crop.setFraction("pixelaspect", aspect);
        return 0;
      },
    },
    ERRNO.ENOTTY,
  );

const size = (text: string): Size => {
  const [width = 0, height = 0] = text.split("x").map(Number);
  return { width, height };
};

test.each([
  ["PAL", PAL, "720x576", "720x576", "786x576"],
  ["PAL, half the width", PAL, "720x576", "360x576", "786x576"],
  ["NTSC", NTSC, "720x480", "720x480", "654x480"],
  ["one field of NTSC", NTSC, "720x480", "720x240", "328x240"],
  ["NTSC that the card has scaled to nearly square pixels", NTSC, "720x480", "640x480", "640x480"],
  ["a camera", SQUARE, "1280x1024", "640x480", "640x480"],
  ["a driver that does not know", { numerator: 0, denominator: 0 }, "720x576", "720x576", "720x576"],
  ["a driver without a rectangle", PAL, "0x0", "720x576", "720x576"],
  ["a driver with an absurd shape", { numerator: 1, denominator: 100 }, "720x576", "720x576", "720x576"],
])("the size in square pixels is right for %s", (_, aspect, whole, sent, shown) => {
  const device = driver(aspect, size(whole));
  expect(squareSize(size(sent), pixelAspectOf(device, size(sent)))).toEqual(size(shown));
});

test("a driver that does not support the request is taken to have square pixels, at any width", () => {
  const device = scriptedDevice({}, ERRNO.ENOTTY);
  expect(pixelAspectOf(device, size("721x576"))).toBe(1);
  expect(squareSize(size("721x576"), 1)).toEqual(size("721x576"));
});
