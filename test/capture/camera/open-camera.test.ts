// The checks when a camera is opened: whether another program uses it, and whether it accepts the settings.

import { describe, expect, test } from "bun:test";
import { UsageError } from "../../../src/core/errors.ts";
import { checkSettings } from "../../../src/capture/v4l2/controls.ts";
import { explainSystemCall } from "../../../src/system/v4l2/explain.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../../src/system/v4l2/libc.ts";
import { refuseBusy } from "../../../src/system/v4l2/device.ts";
import type { Struct } from "../../../src/system/v4l2/struct.ts";
import { ControlDriver } from "../../support/v4l2-control-driver.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

describe("refuseBusy: a camera in use", () => {
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

  test("refuseBusy: throws for a camera in use, and its request takes no buffer", () => {
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

  test.each([0, ERRNO.EINVAL, ERRNO.ENOTTY])("refuseBusy: does not throw for the answer %p", (errno) => {
    expect(() => refuseBusy(answering(errno).device)).not.toThrow();
  });
});

describe("checkSettings: settings that the camera cannot take", () => {
  const driver = new ControlDriver({ id: 0x00980900, title: "Brightness", type: V4L2.CTRL_TYPE_INTEGER, value: 1n });
  test.each([
    ["brightnes", "1", "the camera has no control 'brightnes': its controls are brightness"],
    ["brightness", "256", "'256' is not a value for 'brightness': write 0 to 255"],
  ])("checkSettings: refuses %s=%s and names the place in the settings file", (name, value, text) => {
    const writtenAt = `slipstream.toml:7: cameras[1].set.${name}`;
    const inFile = () => checkSettings(driver, [{ name, value, writtenAt }]);
    expect(inFile).toThrow(UsageError);
    expect(inFile).toThrow(`${writtenAt}: ${text}`);
    expect(() => checkSettings(driver, [{ name, value }])).toThrow(new UsageError(text));
  });
});
