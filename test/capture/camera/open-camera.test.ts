// What is noticed of a camera when it is opened: that another program has it, and settings it does not take.

import { describe, expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import { checkSettings } from "../../../src/capture/v4l2/controls.ts";
import { explainSystemCall } from "../../../src/capture/v4l2/explain.ts";
import { V4L2 } from "../../../src/capture/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../../src/capture/v4l2/libc.ts";
import { refuseBusy } from "../../../src/capture/v4l2/device.ts";
import type { Struct } from "../../../src/capture/v4l2/struct.ts";
import { ControlDriver } from "../../support/v4l2-control-driver.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

describe("a camera that another program has", () => {
  const answering = (errno: number) => {
    const counts: number[] = [];
    const device = scriptedDevice(
      {
        VIDIOC_REQBUFS(struct) {
          counts.push((struct as Struct<"v4l2_requestbuffers">).get("count"));
          return errno;
        },
      },
      ERRNO.ENOTTY,
    );
    return { device, counts };
  };

  test("is in use, by a question that takes nothing", () => {
    const { device, counts } = answering(ERRNO.EBUSY);
    let error: unknown;
    try {
      refuseBusy(device);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(SystemCallError);
    expect(explainSystemCall(error, device.path)).toBe("/dev/video0 is in use by another program");
    expect(counts).toEqual([0]);
  });

  test.each([0, ERRNO.EINVAL, ERRNO.ENOTTY])("any other answer says nothing of that (%p)", (errno) => {
    expect(() => refuseBusy(answering(errno).device)).not.toThrow();
  });
});

describe("a setting of a file that the camera does not take is said with its line", () => {
  const driver = new ControlDriver({ id: 0x00980900, title: "Brightness", type: V4L2.CTRL_TYPE_INTEGER, value: 1n });
  test.each([
    ["brightnes", "1", "the camera has no control 'brightnes'; it has brightness"],
    ["brightness", "256", "'256' is no value for 'brightness': it takes 0 to 255"],
  ])("%s=%s", (name, value, text) => {
    const writtenAt = `slipstream.toml:7: cameras[1].set.${name}`;
    const inFile = () => checkSettings(driver, [{ name, value, writtenAt }]);
    expect(inFile).toThrow(UsageError);
    expect(inFile).toThrow(`${writtenAt}: ${text}`);
    expect(() => checkSettings(driver, [{ name, value }])).toThrow(new UsageError(text));
  });
});
