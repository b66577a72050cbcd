// openSource: the source that each text opens, and the error of one line for each wrong text.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceError, UsageError } from "../../src/core/errors.ts";
import { type Log, lineLog } from "../../src/core/log.ts";
import { openSource, type SourceOptions } from "../../src/capture/open.ts";
import { listCameras } from "../../src/capture/camera/find.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  await writeFile(join(folder, "clip.mp4"), "whatever");
  await symlink(join(folder, "loop"), join(folder, "loop"));
});
afterAll(() => rm(folder, { recursive: true }));

function open(options: Partial<SourceOptions>, log?: Log) {
  return openSource({ source: "pattern", ...options }, log);
}

function errorOf(options: Partial<SourceOptions>): unknown {
  try {
    open(options);
  } catch (error) {
    return error;
  }
  throw new Error("it was opened");
}

describe("openSource: valid sources", () => {
  test("openSource: opens the pattern at 30 frames per second or at the requested rate", () => {
    expect(open({})).toMatchObject({ name: "pattern", framesPerSecond: 30 });
    expect(open({ framesPerSecond: 12.5 })).toMatchObject({ framesPerSecond: 12.5 });
    expect(open({ framesPerSecond: 0 })).toMatchObject({ framesPerSecond: 0 });
  });

  test("openSource: the name of a file has no folder", () => {
    expect(open({ source: join(folder, "clip.mp4") }).name).toBe("clip.mp4");
  });

  test("openSource: the name of an address has no password", () => {
    expect(open({ source: "rtsp://user:secret@camera/live" }).name).toBe("rtsp://camera/live");
  });

  test("openSource: opens standard input, raw with a size or MJPEG without one", () => {
    expect(open({ source: "-", size: { width: 4, height: 2 } }).name).toBe("standard input");
    expect(open({ source: "-", pixelFormat: "mjpeg", framesPerSecond: 5 }).framesPerSecond).toBe(5);
  });

  test.skipIf(listCameras().length > 0)("openSource: `auto` shows the pattern without a camera, and logs it", () => {
    const lines: string[] = [];
    expect(
      open(
        { source: "auto" },
        lineLog((text) => lines.push(text)),
      ).name,
    ).toBe("pattern");
    expect(lines).toEqual([expect.stringContaining("no camera was found")]);
  });

  test("listCameras: lists devices, each once", () => {
    const cameras = listCameras().map(({ path }) => path);
    expect(new Set(cameras).size).toBe(cameras.length);
    for (const camera of cameras) expect(camera).toMatch(/^\/dev\/video\d+$/);
  });
});

describe("openSource: wrong sources", () => {
  test.each([
    ["a device for a source other than webcam", { device: "/dev/video0" }, "--source /dev/video0"],
    ["a pattern too narrow for its code", { size: { width: 159, height: 100 } }, "at least 160x16"],
    ["a pattern too low for its code", { size: { width: 200, height: 15 } }, "not 200x15"],
    ["raw standard input without a size", { source: "-" }, "--size"],
    [
      "MJPEG with a size",
      { source: "-", pixelFormat: "mjpeg", size: { width: 4, height: 4 } },
      "--size cannot be used",
    ],
    [
      "a setting for a source other than a camera",
      { settings: [{ name: "brightness", value: "1" }] },
      "--set applies only to cameras",
    ],
    ["a format for the pattern", { pixelFormat: "gray" }, "--pixel-format applies only to cameras"],
    ["a format for a file", { source: "README.md", pixelFormat: "gray" }, "--pixel-format applies only to cameras"],
    ["an empty text", { source: "" }, "--source must not be empty: write a path"],
    ["grey standard input without a size", { source: "-", pixelFormat: "gray" }, "--size"],
    ["a webcam's name that a shell could misread", { source: "webcam", device: "a;rm" }, "not a device name"],
  ] satisfies [string, Partial<SourceOptions>, string][])("openSource: %s is a UsageError", (_, options, text) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(text);
    expect((error as UsageError).message).not.toContain("\n");
  });

  test.skipIf(process.platform !== "linux").each(["no-such-camera", "missing.mp4", "99"])(
    "openSource: %p, which is neither a file nor a camera, gives a UsageError",
    (source) => {
      const error = errorOf({ source });
      expect(error).toBeInstanceOf(UsageError);
      expect((error as UsageError).message).toContain(source);
      expect((error as UsageError).message).toMatch(/no camera is connected|the cameras are /);
      if (source !== "99") expect((error as UsageError).message).toContain("write a path that exists, a camera that");
      expect((error as UsageError).message.split(source)).toHaveLength(2); // the message has the name once
      expect((error as UsageError).retry).toBe(true); // the camera may be plugged in later
    },
  );

  test("openSource: an error names the place in the settings file", () => {
    const inFile = { folder, writtenAt: "x.toml:3: cameras[0].source" };
    const missing = errorOf({ ...inFile, source: "sub/none.mp4" }) as SourceError;
    expect(missing).toBeInstanceOf(SourceError);
    expect(missing.retry).toBe("soon");
    expect(missing.message).toStartWith(`x.toml:3: cameras[0].source: cannot read ${folder}/sub/none.mp4: `);
    const settings = [{ name: "brightness", value: "1", writtenAt: "x.toml:4: cameras[0].set.brightness" }];
    expect((errorOf({ ...inFile, source: "clip.mp4", settings }) as UsageError).message).toStartWith(
      "x.toml:4: cameras[0].set.brightness: it applies only to cameras on Linux",
    );
  });

  test.skipIf(process.platform !== "linux")("openSource: a device that is not a camera is a SourceError", () => {
    const error = errorOf({ source: "/dev/null" });
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).message).toBe("/dev/null is not a camera");
  });

  const nowhere = "there is no such file or device";
  test.skipIf(process.platform !== "linux").each([
    ["a file that is not there", () => join(folder, "nothing.mp4"), nowhere, true],
    ["a path through a file", () => join(folder, "clip.mp4", "x"), nowhere, true],
    ["a device that is not there", () => "/dev/video9999", nowhere, true],
    ["a folder of devices", () => "/dev/", "it is a folder", false],
    ["a link to itself", () => join(folder, "loop"), "ELOOP", false],
  ])(
    "openSource: %s cannot be read, and `retry` says whether a later attempt may succeed",
    (_, path, text, canRetry) => {
      const error = errorOf({ source: path() });
      expect(error).toBeInstanceOf(SourceError);
      const { message, retry } = error as SourceError;
      expect(message).toStartWith(`cannot read ${path()}: `);
      expect(message).toContain(text);
      expect(message).not.toContain("\n");
      expect(retry !== false).toBe(canRetry);
    },
  );

  const isRoot = process.getuid?.() === 0;
  test.skipIf(process.platform !== "linux" || isRoot)(
    `openSource: a file without permission gives that reason${isRoot ? " (skipped: root may read it)" : ""}`,
    async () => {
      const path = join(folder, "secret.mp4");
      await writeFile(path, "x", { mode: 0o000 });
      expect((errorOf({ source: path }) as SourceError).message).toContain("no permission");
    },
  );
});
