// setRate: it asks the driver for a rate that the driver offers, or else for the requested rate. A refusal gives a remark.

import { describe, expect, test } from "bun:test";
import { setRate } from "../../../src/capture/v4l2/frame-rate.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { ERRNO } from "../../../src/system/v4l2/libc.ts";
import type { Fraction, Struct } from "../../../src/system/v4l2/struct.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

interface Driver {
  canBeSet?: boolean;
  /** The answer to VIDIOC_S_PARM. */
  errno?: number;
}

/** A driver that runs at 30 frames per second until it is given another rate. */
function driver({ canBeSet = true, errno = 0 }: Driver = {}) {
  const wishes: Fraction[] = [];
  const device = scriptedDevice(
    {
      VIDIOC_G_PARM(struct) {
        const parameters = struct as Struct<"v4l2_streamparm">;
        parameters.set({ "parm.capture.capability": canBeSet ? V4L2.CAP_TIMEPERFRAME : 0 });
        parameters.setFraction("parm.capture.timeperframe", { numerator: 1, denominator: 30 });
        return 0;
      },
      VIDIOC_S_PARM(struct) {
        wishes.push((struct as Struct<"v4l2_streamparm">).fraction("parm.capture.timeperframe"));
        return errno;
      },
    },
    ERRNO.ENOTTY,
  );
  return { device, wishes };
}

const TENTH: Fraction = { numerator: 1, denominator: 10 };

test("setRate: asks for the rate that the driver offers", () => {
  const { device, wishes } = driver();
  expect(setRate(device, TENTH, 9)).toEqual({ framesPerSecond: 10, remark: null });
  expect(wishes).toEqual([TENTH]);
});

describe("setRate: a driver that lists no rates", () => {
  test("setRate: asks for exactly the requested rate", () => {
    const { device, wishes } = driver();
    expect(setRate(device, null, 12.5)).toEqual({ framesPerSecond: 12.5, remark: null });
    expect(wishes).toEqual([{ numerator: 1000, denominator: 12500 }]);
  });

  test("setRate: asks for no rate if none is requested or none can be set", () => {
    for (const [{ device, wishes }, wish] of [
      [driver(), null],
      [driver({ canBeSet: false }), 15],
    ] as const) {
      expect(setRate(device, null, wish)).toEqual({ framesPerSecond: 30, remark: null });
      expect(wishes).toEqual([]);
    }
  });
});

test("setRate: a refusal gives a remark, and the camera keeps its rate", () => {
  const { device } = driver({ errno: ERRNO.EINVAL });
  expect(setRate(device, TENTH, null)).toEqual({
    framesPerSecond: 30,
    remark: "its driver refuses 10 fps (EINVAL)",
  });
});

test("setRate: a driver without rates runs at its current rate, or at an unknown one", () => {
  expect(setRate(scriptedDevice({}, ERRNO.ENOTTY), TENTH, null)).toEqual({ framesPerSecond: 10, remark: null });
  expect(setRate(scriptedDevice({}, ERRNO.ENOTTY), null, 15)).toEqual({ framesPerSecond: 0, remark: null });
});
