// readFormats with a driver that offers a range of sizes: the rates are those of the wanted size, not of the largest.

import { expect, test } from "bun:test";
import { type CameraFormat, rateOf, readFormats } from "../../../src/capture/v4l2/formats.ts";
import { fourccCode } from "../../../src/system/v4l2/fourcc.ts";
import { ERRNO } from "../../../src/system/v4l2/libc.ts";
import { chooseMode } from "../../../src/capture/v4l2/negotiate.ts";
import type { Struct } from "../../../src/system/v4l2/struct.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

/** A driver with YUYV from 32x32 to 1920x1080 in steps of 16 and 8: 60 frames per second up to 640x480, 15 beyond. */
function sensor() {
  const sizes: string[] = [];
  const first =
    <Name extends "v4l2_fmtdesc" | "v4l2_frmsizeenum" | "v4l2_frmivalenum">(fill: (struct: Struct<Name>) => void) =>
    (struct: Struct) => {
      if ((struct as Struct<"v4l2_fmtdesc">).get("index") > 0) return ERRNO.EINVAL;
      fill(struct as unknown as Struct<Name>);
      return 0;
    };
  const device = scriptedDevice(
    {
      VIDIOC_ENUM_FMT: first<"v4l2_fmtdesc">((struct) => struct.set({ pixelformat: fourccCode("YUYV") })),
      VIDIOC_ENUM_FRAMESIZES: first<"v4l2_frmsizeenum">((struct) => {
        struct.set({ type: 3, "stepwise.min_width": 32, "stepwise.max_width": 1920, "stepwise.step_width": 16 });
        struct.set({ "stepwise.min_height": 32, "stepwise.max_height": 1080, "stepwise.step_height": 8 });
      }),
      VIDIOC_ENUM_FRAMEINTERVALS: first<"v4l2_frmivalenum">((struct) => {
        const [width, height] = [struct.get("width"), struct.get("height")];
        sizes.push(`${width}x${height}`);
        struct.set({ type: 1 });
        struct.setFraction("discrete", { numerator: 1, denominator: width <= 640 && height <= 480 ? 60 : 15 });
      }),
    },
    ERRNO.EINVAL,
  );
  return { device, sizes };
}

const rates = (formats: CameraFormat[]) =>
  formats.flatMap(({ sizes }) => sizes.flatMap(({ intervals }) => intervals.map(({ shortest }) => rateOf(shortest))));

test("readFormats: the rates are those of the size nearest to the wanted size", () => {
  const { device, sizes } = sensor();
  const wanted = { size: { width: 639, height: 481 }, framesPerSecond: null, format: null };
  const formats = readFormats(device, wanted.size);
  expect(sizes).toEqual(["640x480"]);
  const mode = chooseMode(formats, wanted);
  expect(mode?.size).toEqual({ width: 640, height: 480 });
  expect(rateOf(mode?.interval ?? { numerator: 0, denominator: 0 })).toBe(60);
});

test("readFormats: without a wanted size the rates are those of the largest size", () => {
  const { device, sizes } = sensor();
  expect(rates(readFormats(device, null))).toEqual([15]);
  expect(sizes).toEqual(["1920x1080"]);
});
