// The camera tests, run in the guest by test/camera/run: finding it, watching it, pulling its plug.

import { expect, test } from "bun:test";
import { startServer, startViewer } from "../e2e/programs.ts";

const SMALL = ["--size", "320x240", "--fps", "10"];

test("auto finds the camera and shows it", async () => {
  await using server = await startServer(["--source", "auto", ...SMALL]);
  expect(server.remarks).toContain("camera found: /dev/video0");
  await using viewer = startViewer(server.port, ["--frames", "10"]);
  expect(await viewer.end()).toBe(0);
  expect(viewer.last).toMatchObject({ source: "/dev/video0", width: 320, height: 240, frames: 10 });
});

test("a camera that is unplugged and plugged in again comes back, and viewers are told", async () => {
  await using server = await startServer(["--source", "/dev/video0", ...SMALL]);
  await using viewer = startViewer(server.port);
  await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
  Bun.spawnSync(["cam-unplug"]);
  await viewer.until("the news", ({ remarks }) => remarks.includes("/dev/video0 is not there any more"));
  Bun.spawnSync(["cam-plug"]);
  await viewer.until("good news", ({ remarks }) => remarks.includes("all is well again"));
  const before = viewer.last?.frames ?? 0;
  await viewer.until("more frames", ({ last }) => (last?.frames ?? 0) > before + 3);
  expect(viewer.last?.reconnects).toBe(0);
  expect(await viewer.end("SIGTERM")).toBe(0);
  expect(await server.end("SIGTERM")).toBe(0);
});

test("fswebcam takes pictures of it for --source webcam", async () => {
  const flags = ["--source", "webcam", "--device", "/dev/video0", "--size", "320x240"];
  await using server = await startServer(flags);
  await using viewer = startViewer(server.port, ["--frames", "2"]);
  expect(await viewer.end()).toBe(0);
  expect(viewer.last).toMatchObject({ source: "/dev/video0", width: 320, height: 240 });
});
