// Runs in the guest: a camera whose pictures have several planes (`vivid` with multiplanar=2) is listed, and refused with the reason.

import { expect, test } from "bun:test";
import type { CameraListing } from "../../src/cli/camera-table.ts";
import { runToEnd } from "../support/programs.ts";

const REASON = "/dev/video0 is multi-planar, which neither Slipstream nor ffmpeg supports";

test("cameras: lists a multi-planar camera with the reason why it has no formats", () => {
  const { stdout } = Bun.spawnSync([process.execPath, "src/cli/cameras.ts", "--json"]);
  const [camera] = JSON.parse(stdout.toString()) as CameraListing[];
  expect(camera).toMatchObject({ path: "/dev/video0", name: "vivid", formats: [] });
  expect(camera?.error).toStartWith(REASON);
});

test("serve: refuses a multi-planar camera, and --source auto shows the test pattern", async () => {
  const asked = await runToEnd("serve", ["--source", "/dev/video0", "--port", "0"]);
  expect([asked.code, asked.remarks.startsWith(`error: ${REASON}`)]).toEqual([1, true]);
  const auto = await runToEnd("serve", ["--source", "auto", "--port", "0", "--frames", "1"]);
  expect(auto.remarks).toContain(`camera /dev/video0 cannot be used: ${REASON}`);
});

test("ffmpeg: does not read a multi-planar camera", () => {
  const { stderr } = Bun.spawnSync(["ffmpeg", "-nostdin", "-hide_banner", "-f", "v4l2", "-i", "/dev/video0"]);
  expect(stderr.toString()).toContain("Not a video capture device");
});
