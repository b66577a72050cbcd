// Runs in the guest (see test/camera/run): a UVC camera is found, listed, set, watched, unplugged and plugged in again.

import { describe, expect, test } from "bun:test";
import { closeSync, openSync, readFileSync } from "node:fs";
import type { CameraListing } from "../../src/cli/camera-table.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { listCameras } from "../../src/capture/camera/find.ts";
import { childrenOf, runToEnd, startServer, startViewer } from "../support/programs.ts";
import { cameraFrames, captureFrames, hashOf, medianOf } from "./lab.ts";

const SMALL = ["--size", "320x240", "--fps", "10"];
const HD: Size = { width: 1280, height: 720 };

function output(...command: string[]): string {
  const { stdout, success, stderr } = Bun.spawnSync(command);
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return stdout.toString();
}

describe("bun run cameras", () => {
  const listed = (): CameraListing[] =>
    JSON.parse(output(process.execPath, "src/cli/cameras.ts", "--controls", "--json"));

  test("cameras: lists the formats, sizes, rates and controls that v4l2-ctl lists", () => {
    const [camera] = listed();
    expect(camera).toMatchObject({ index: 0, path: "/dev/video0", name: "Lab UVC Camera", error: null });
    const formats: string[] = [];
    const ours: string[] = [];
    let fourcc = "";
    let size = "";
    for (const line of output("v4l2-ctl", "-d", "/dev/video0", "--list-formats-ext").split("\n")) {
      fourcc = /'(....)'/.exec(line)?.[1] ?? fourcc;
      size = /Discrete (\d+x\d+)/.exec(line)?.[1] ?? size;
      const rate = /\((\d+\.\d+) fps\)/.exec(line)?.[1];
      if (rate !== undefined) formats.push(`${fourcc} ${size} ${Number(rate)}`);
    }
    for (const format of camera?.formats ?? []) {
      for (const { width, height, framesPerSecond } of format.sizes) {
        for (const rate of framesPerSecond) ours.push(`${format.fourcc} ${width}x${height} ${rate}`);
      }
    }
    expect(formats.length).toBeGreaterThan(20);
    expect(ours.toSorted()).toEqual(formats.toSorted());
    expect(camera?.controls?.map(({ name }) => name)).toEqual(["brightness", "contrast"]);
  });

  test("serve --set: sets controls, as v4l2-ctl confirms, and refuses wrong settings with one line", async () => {
    const { frames } = await captureFrames({ size: HD, settings: ["brightness=77", "contrast=5"] }, 2);
    expect(frames.length).toBe(2);
    expect(output("v4l2-ctl", "-d", "/dev/video0", "-C", "brightness,contrast")).toBe("brightness: 77\ncontrast: 5\n");
    expect(listed()[0]?.controls?.map(({ value }) => value)).toEqual([77, 5]);
    for (const [setting, text] of [
      ["brightness=256", "write 0 to 255"],
      ["sharpness=1", "its controls are brightness, contrast"],
    ]) {
      const { code, remarks } = await runToEnd("serve", ["--source", "0", "--set", setting as string]);
      expect(code).toBe(2);
      expect(remarks).toContain(text as string);
    }
  });
});

describe("camera: pictures", () => {
  test.each([
    ["640x480", { width: 640, height: 480 }],
    ["1280x720", HD],
    ["1920x1080", { width: 1920, height: 1080 }],
  ])("camera: JPEGs of %s are delivered unchanged, with the kernel's stamps", async (_, size) => {
    const { frames, lines } = await captureFrames({ size, framesPerSecond: 30 }, 40);
    const sent = cameraFrames(size);
    expect(frames.filter(({ bytes }) => !sent.has(hashOf(bytes)))).toEqual([]);
    expect(lines).toEqual([]);
    for (const { ageMs } of frames) expect(ageMs).toBeGreaterThan(0);
    console.log(`${_}: capture stamp to source p50 ${medianOf(frames.map(({ ageMs }) => ageMs)).toFixed(1)} ms`);
  });

  test("camera: YUYV equals ffmpeg's capture byte for byte", async () => {
    const size = { width: 640, height: 480 };
    const { frames, lines } = await captureFrames({ size, pixelFormat: "yuyv422", framesPerSecond: 10 }, 12);
    const raw = ["-f", "v4l2", "-input_format", "yuyv422", "-video_size", "640x480", "-framerate", "10"];
    const flags = [...raw, "-i", "/dev/video0", "-frames:v", "40", "-f", "rawvideo", "-"];
    const theirs = Bun.spawnSync(["ffmpeg", "-v", "error", ...flags]).stdout;
    const hashes = new Set<string>();
    for (let at = 0; at < theirs.length; at += 614400) hashes.add(hashOf(theirs.subarray(at, at + 614400)));
    expect(hashes.size).toBeGreaterThan(10); // the camera repeats 15 pictures
    const known = frames.filter(({ bytes }) => hashes.has(hashOf(bytes)));
    expect(known.length).toBeGreaterThan(8);
    expect(frames[0]).toMatchObject({ format: "yuyv422", size });
    expect(lines).toEqual([]);
  });

  test("camera: chooses the nearest mode and logs the difference", async () => {
    const { lines, frames } = await captureFrames({ size: { width: 1000, height: 600 }, framesPerSecond: 60 }, 2);
    expect(frames.length).toBe(2);
    expect(lines).toEqual(["the camera does not support 1000x600 at 60 fps: using 1280x720 at 30 fps as MJPG"]);
  });
});

describe("camera: trouble", () => {
  test("serve --source auto: finds the camera and shows it", async () => {
    await using server = await startServer(["--source", "auto", ...SMALL]);
    expect(server.remarks).toContain("camera found: /dev/video0");
    await using viewer = startViewer(server.port, ["--frames", "10"]);
    expect(await viewer.end()).toBe(0);
    expect(viewer.last).toMatchObject({ source: "/dev/video0", width: 320, height: 240, frames: 10 });
    expect(childrenOf(server.child.pid, "ffmpeg")).toEqual([]);
  });

  test("camera: is opened again each of ten times that it is unplugged, twice under another number", async () => {
    await using server = await startServer(["--source", "Lab UVC", ...SMALL]);
    await using viewer = startViewer(server.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
    for (let turn = 1; turn <= 10; turn++) {
      // A node that a program holds open keeps its number in use.
      const holder = turn % 5 === 0 ? openSync(listCameras()[0]?.path as string, "r") : null;
      const news = () => viewer.remarks.split("is not there any more").length - 1;
      const good = () => viewer.remarks.split("video is back").length - 1;
      const before = { news: news(), good: good() };
      output("cam-unplug");
      await viewer.until(`notice ${turn}`, () => news() > before.news);
      output("cam-plug");
      await viewer.until(`end of trouble ${turn}`, () => good() > before.good);
      const frames = viewer.last?.frames ?? 0;
      await viewer.until(`more frames ${turn}`, ({ last }) => (last?.frames ?? 0) > frames + 3);
      if (holder !== null) {
        expect(server.remarks).toMatch(/is now \/dev\/video[1-9]/);
        closeSync(holder);
      }
    }
    expect(viewer.last?.reconnects).toBe(0);
    expect(await viewer.end("SIGTERM")).toBe(0);
    expect(await server.end("SIGTERM")).toBe(0);
  });

  test("camera: its silence is reported, and it is shown when it sends again", async () => {
    await using server = await startServer(["--source", "0", ...SMALL]);
    await using viewer = startViewer(server.port);
    await viewer.until("frames", ({ last }) => (last?.frames ?? 0) > 3);
    const camera = Number(readFileSync("/run/uvccam.pid", "utf8"));
    process.kill(camera, "SIGSTOP");
    await viewer.until("the notice", ({ remarks }) => remarks.includes("has sent nothing for 2 s"));
    process.kill(camera, "SIGCONT");
    await viewer.until("the end of the trouble", ({ remarks }) => remarks.includes("video is back"));
    expect(await server.end("SIGTERM")).toBe(0);
  });

  test("serve: a camera that is in use, or that it may not open, ends it with one line", async () => {
    const path = listCameras()[0]?.path as string;
    const flags = ["-f", "v4l2", "-i", path, "-f", "null", "-"];
    const child = Bun.spawn(["ffmpeg", "-nostdin", "-v", "info", ...flags], { stderr: "pipe" });
    for await (const chunk of child.stderr) if (new TextDecoder().decode(chunk).includes("frame=")) break;
    const busy = await runToEnd("serve", ["--source", "0", "--frames", "1"]);
    const auto = await runToEnd("serve", ["--source", "auto", "--frames", "1", "--port", "0"]);
    await using patient = await startServer(["--source", path, "--source", "pattern", ...SMALL]);
    const inUse = `${path}: ${path} is in use by another program; trying again`;
    await patient.until("the line", ({ remarks }) => remarks.includes(inUse));
    child.kill("SIGKILL");
    await child.exited;
    await patient.until("frames", ({ last }) => (last?.cameras?.[0]?.frames ?? 0) > 3);
    expect(await patient.end("SIGTERM")).toBe(0);
    expect(busy.code).toBe(1);
    expect(busy.remarks).toContain(`error: ${path} is in use by another program\n`);
    expect(auto.remarks).toContain(`cannot be used: ${path} is in use by another program (showing the pattern)\n`);
    output("chmod", "000", path);
    const serve = [process.execPath, "src/cli/serve.ts", "--source", path];
    const denied = Bun.spawnSync(["setpriv", "--bounding-set=-all", ...serve]); // without its capabilities, not even root may open the camera
    output("chmod", "660", path);
    expect(denied.exitCode).toBe(1);
    expect(denied.stderr.toString()).toContain("no permission (for a camera: add yourself to the group 'video')");
  });
});

test("serve: a camera that is given twice runs once, and one line says so", async () => {
  const path = listCameras()[0]?.path as string;
  await using server = await startServer(["--source", "0", "--source", path, ...SMALL]);
  const text = "is another camera of this server already: name it once";
  await server.until("the line", ({ remarks }) => remarks.includes(text));
  await using viewer = startViewer(server.port, ["--frames", "5"]);
  expect(await viewer.end()).toBe(0);
});

test("serve --source webcam: takes pictures of the camera by fswebcam", async () => {
  const device = listCameras()[0]?.path as string;
  const flags = ["--source", "webcam", "--device", device, "--size", "320x240"];
  await using server = await startServer(flags);
  await using viewer = startViewer(server.port, ["--frames", "2"]);
  expect(await viewer.end()).toBe(0);
  expect(viewer.last).toMatchObject({ source: device, width: 320, height: 240 });
});
