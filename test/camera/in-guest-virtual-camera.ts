// Runs in the guest: `view --to` gives pictures to the output of the kernel's test driver `vivid`, and to v4l2loopback.

import { expect, test } from "bun:test";
import { join } from "node:path";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { runToEnd, startServer, startViewer } from "../support/programs.ts";

const SIZE: Size = { width: 640, height: 360 };
const PATTERN = ["--source", "pattern", "--size", `${SIZE.width}x${SIZE.height}`, "--fps", "5"];
/** The output of vivid, and the input that it is connected with (test/camera/run). */
const OUTPUT = "/dev/video1";
const INPUT = "/dev/video0";
const LOOPBACK = "/dev/video9";
const LOOPBACK_MODULE = process.env["LOOPBACK_MODULE"] ?? "";

/** Captures one frame as other programs do, in the size `size`. */
function captured(device: string, size: Size): Uint8Array {
  const scale = ["-vf", `scale=${size.width}:${size.height}`, "-pix_fmt", "rgba", "-f", "rawvideo", "-"];
  const command = ["ffmpeg", "-nostdin", "-v", "error", "-f", "v4l2", "-i", device, "-frames:v", "1", ...scale];
  const { stdout, stderr } = Bun.spawnSync(command, { timeout: 60_000 });
  if (stdout.length === 0) console.log(stderr.toString());
  return new Uint8Array(stdout);
}

/** Runs v4l2-ctl on the input. Returns its output. */
function v4l2ctl(...args: string[]): Uint8Array {
  const { success, stdout, stderr } = Bun.spawnSync(["v4l2-ctl", "-d", INPUT, ...args], { timeout: 60_000 });
  if (!success) throw new Error(`v4l2-ctl ${args.join(" ")}: ${stderr.toString()}`);
  return new Uint8Array(stdout);
}

/** The brightness of a frame in YUYV, as RGBA. */
function greyOf(yuyv: Uint8Array): Uint8Array {
  return new Uint8Array(2 * yuyv.length).map((_, at) => yuyv[2 * (at >> 2)] as number);
}

test("view --to: gives pictures to vivid's output, which refuses write(2)", async () => {
  await using server = await startServer(PATTERN);
  await using viewer = startViewer(server.port, ["--to", OUTPUT]);
  await viewer.until("frames", ({ last }) => (last?.virtualCamera?.frames ?? 0) >= 5);
  expect(viewer.remarks).toContain(`${OUTPUT} (vivid) gets pictures of 640x360 YUYV`);

  const second = await runToEnd("view", [`127.0.0.1:${server.port}`, "--display", "none", "--to", OUTPUT]);
  expect(second).toMatchObject({ code: 1 });
  expect(second.remarks).toContain(`error: ${OUTPUT} is in use by another program`);

  const format = `--set-fmt-video=width=${SIZE.width},height=${SIZE.height},pixelformat=YUYV`;
  v4l2ctl("-i", "0", format, "-c", "loop_video=1");
  // While the output has no frame, the input has noise.
  await viewer.until("a frame with its code", () => {
    const frames = v4l2ctl("--stream-mmap", "--stream-count=20", "--stream-to=-");
    const frameBytes = SIZE.width * SIZE.height * 2;
    return Array.from({ length: frames.length / frameBytes }, (_, index) =>
      readFrameCode(greyOf(frames.subarray(index * frameBytes, (index + 1) * frameBytes)), SIZE),
    ).some((code) => code !== null);
  });
  expect(await viewer.end("SIGTERM")).toBe(0);
  expect(await server.end("SIGTERM")).toBe(0);
});

test("view --to: refuses a camera", async () => {
  await using server = await startServer(PATTERN);
  const { code, remarks } = await runToEnd("view", [`127.0.0.1:${server.port}`, "--display", "none", "--to", INPUT]);
  expect(code).toBe(1);
  expect(remarks).toContain(`error: ${INPUT} takes no pictures (it is a camera, or another program gives it pictures)`);
});

test.skipIf(LOOPBACK_MODULE === "")(
  "view --to: other programs capture from v4l2loopback what the camera sees",
  async () => {
    const busybox = join(process.env["LAB"] ?? "", "sys/bin/busybox");
    const loaded = Bun.spawnSync([busybox, "insmod", LOOPBACK_MODULE, "video_nr=9", "exclusive_caps=1"]);
    if (!loaded.success) throw new Error(loaded.stderr.toString());
    for (const size of [SIZE, { width: 320, height: 180 }]) {
      await using server = await startServer(PATTERN);
      const wanted = `${size.width}x${size.height}`;
      await using viewer = startViewer(server.port, ["--to", LOOPBACK, "--size", wanted]);
      await viewer.until("a frame", ({ last }) => (last?.virtualCamera?.frames ?? 0) > 0);
      expect(viewer.last?.virtualCamera?.format).toBe(`${wanted} YUYV`);
      // The guest is so slow that a frame may be read while it is written.
      await viewer.until("a frame with its code", () => readFrameCode(captured(LOOPBACK, size), size) !== null);
      expect(await viewer.end("SIGTERM")).toBe(0);
      expect(await server.end("SIGTERM")).toBe(0);
    }
  },
);
