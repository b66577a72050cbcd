// Device.capability: whether a node is a camera, a multi-planar camera, which is not supported, or something else.

import { expect, test } from "bun:test";
import { closeSync, fstatSync, openSync } from "node:fs";
import { Device } from "../../../src/system/v4l2/device.ts";
import { explainMultiPlanar } from "../../../src/capture/camera/find.ts";
import { V4L2 } from "../../../src/system/v4l2/layouts.ts";
import { ERRNO, hasLibc } from "../../../src/system/v4l2/libc.ts";
import { Struct } from "../../../src/system/v4l2/struct.ts";
import { scriptedDevice } from "../../support/scripted-v4l2-device.ts";

const { CAP_VIDEO_CAPTURE, CAP_VIDEO_CAPTURE_MPLANE, CAP_STREAMING, CAP_DEVICE_CAPS } = V4L2;
/** uapi/linux/videodev2.h: V4L2_CAP_META_CAPTURE, V4L2_CAP_VIDEO_M2M_MPLANE. */
const [META_CAPTURE, M2M_MPLANE] = [0x00800000, 0x00004000];

test.each([
  ["a camera", CAP_VIDEO_CAPTURE | CAP_STREAMING, null, "camera"],
  ["a camera's picture node", META_CAPTURE, CAP_VIDEO_CAPTURE | CAP_STREAMING, "camera"],
  ["a camera's metadata node", CAP_VIDEO_CAPTURE | CAP_STREAMING, META_CAPTURE | CAP_STREAMING, "none"],
  ["an HDMI input of a system on a chip", 0, CAP_VIDEO_CAPTURE_MPLANE | CAP_STREAMING, "multi-planar"],
  ["a camera with both interfaces", 0, CAP_VIDEO_CAPTURE | CAP_VIDEO_CAPTURE_MPLANE | CAP_STREAMING, "camera"],
  ["a codec", 0, M2M_MPLANE | CAP_STREAMING, "none"],
  ["a camera without streaming", 0, CAP_VIDEO_CAPTURE, "none"],
])("capability: recognises %s", (_, all, own, kind) => {
  const device = scriptedDevice(
    {
      VIDIOC_QUERYCAP(struct) {
        const capability = struct as Struct<"v4l2_capability">;
        const capabilities = own === null ? all : all | own | CAP_DEVICE_CAPS;
        capability.set({ capabilities: capabilities >>> 0, device_caps: own ?? 0 });
        capability.bytes.set(Buffer.from("A Camera\0"), 16);
        return 0;
      },
    },
    ERRNO.ENOTTY,
  );
  const { card, isCamera, isMultiPlanar } = device.capability();
  expect([card, isCamera ? "camera" : isMultiPlanar ? "multi-planar" : "none"]).toEqual(["A Camera", kind]);
});

test.skipIf(!hasLibc())("Device: reports each request that the driver refuses", () => {
  const refused: string[] = [];
  using device = new Device("/dev/null", (text) => refused.push(text));
  expect(() => device.capability()).toThrow("ENOTTY");
  expect(device.attempt("VIDIOC_G_PARM", new Struct("v4l2_streamparm"))).toBe(ERRNO.ENOTTY);
  expect(refused).toEqual(["VIDIOC_QUERYCAP /dev/null: ENOTTY", "VIDIOC_G_PARM /dev/null: ENOTTY"]);
});

test.skipIf(!hasLibc())("Device: a second end closes no other file", () => {
  const device = new Device("/dev/null");
  device[Symbol.dispose]();
  const [one, two] = [openSync("/dev/null", "r"), openSync("/dev/null", "r")]; // one of them has the number of the device
  device[Symbol.dispose]();
  for (const file of [one, two]) {
    expect(fstatSync(file).isCharacterDevice()).toBe(true);
    closeSync(file);
  }
});

test("explainMultiPlanar: names programs that can read the camera, in one line", () => {
  expect(explainMultiPlanar("/dev/video3")).toMatch(
    /^\/dev\/video3 is multi-planar, which neither Slipstream nor ffmpeg supports: .+$/,
  );
});
