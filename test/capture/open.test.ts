// From --source to a source: what each text opens, and the one line that each wrong one gives.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SourceError, UsageError } from "../../src/core/errors.ts";
import { openSource, type SourceOptions } from "../../src/capture/open.ts";
import { listCameras } from "../../src/capture/camera/find.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipstream-test-"));
  await writeFile(join(folder, "clip.mp4"), "whatever");
  await symlink(join(folder, "loop"), join(folder, "loop"));
});
afterAll(() => rm(folder, { recursive: true }));

function open(options: Partial<SourceOptions>, say: (text: string) => void = () => undefined) {
  const plain = {
    source: "pattern",
    device: null,
    size: null,
    framesPerSecond: null,
    quality: 75,
    sampling: "420",
    pixelFormat: null,
  } as const;
  return openSource({ ...plain, ...options }, say);
}

function errorOf(options: Partial<SourceOptions>): unknown {
  try {
    open(options);
  } catch (error) {
    return error;
  }
  throw new Error("it was opened");
}

describe("right sources", () => {
  test("the pattern, with its defaults and without", () => {
    expect(open({})).toMatchObject({ name: "pattern", framesPerSecond: 30 });
    expect(open({ framesPerSecond: 12.5 })).toMatchObject({ framesPerSecond: 12.5 });
    expect(open({ framesPerSecond: 0 })).toMatchObject({ framesPerSecond: 0 });
  });

  test("a file is called by its name alone", () => {
    expect(open({ source: join(folder, "clip.mp4") }).name).toBe("clip.mp4");
  });

  test("an address is called by itself, without its password", () => {
    expect(open({ source: "rtsp://user:secret@camera/live" }).name).toBe("rtsp://camera/live");
  });

  test("standard input, raw with a size or as MJPEG without", () => {
    expect(open({ source: "-", size: { width: 4, height: 2 } }).name).toBe("standard input");
    expect(open({ source: "-", pixelFormat: "mjpeg", framesPerSecond: 5 }).framesPerSecond).toBe(5);
  });

  test.skipIf(listCameras().length > 0)("auto shows the pattern where there is no camera, and says so", () => {
    const said: string[] = [];
    expect(open({ source: "auto" }, (text) => said.push(text)).name).toBe("pattern");
    expect(said).toEqual([expect.stringContaining("no camera found")]);
  });

  test("cameras are devices, each once", () => {
    const cameras = listCameras().map(({ path }) => path);
    expect(new Set(cameras).size).toBe(cameras.length);
    for (const camera of cameras) expect(camera).toMatch(/^\/dev\/video\d+$/);
  });
});

describe("wrong sources", () => {
  test.each([
    ["a device for something else than webcam", { device: "/dev/video0" }, "--source /dev/video0"],
    ["a pattern too narrow for its code", { size: { width: 159, height: 100 } }, "at least 160x16"],
    ["a pattern too low for its code", { size: { width: 200, height: 15 } }, "not 200x15"],
    ["raw standard input without a size", { source: "-" }, "--size"],
    ["MJPEG with a size", { source: "-", pixelFormat: "mjpeg", size: { width: 4, height: 4 } }, "--size does not go"],
    ["a setting for what is no camera", { settings: [{ name: "brightness", value: "1" }] }, "--set goes with cameras"],
    ["a format for what has its own", { pixelFormat: "gray" }, "--pixel-format goes with cameras"],
    ["a format for a file", { source: "README.md", pixelFormat: "gray" }, "--pixel-format goes with cameras"],
    ["nothing at all", { source: "" }, "--source must not be empty: write a path"],
    ["standard input without a size", { source: "-", pixelFormat: "gray" }, "--size"],
    ["a webcam's name that a shell could read", { source: "webcam", device: "a;rm" }, "not a device name"],
  ] satisfies [string, Partial<SourceOptions>, string][])("%s is wrong use", (_, options, text) => {
    const error = errorOf(options);
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).message).toContain(text);
    expect((error as UsageError).message).not.toContain("\n");
  });

  test.skipIf(process.platform !== "linux").each(["no-such-camera", "missing.mp4", "99"])(
    "%p, which is neither a file nor a camera, is wrong use",
    (source) => {
      const error = errorOf({ source });
      expect(error).toBeInstanceOf(UsageError);
      expect((error as UsageError).message).toContain(source);
      expect((error as UsageError).message).toMatch(/no camera is there|there are: /);
      if (source !== "99") expect((error as UsageError).message).toContain("write a path that exists, a camera that");
      expect((error as UsageError).message.split(source)).toHaveLength(2); // its name is said once
      expect((error as UsageError).retry).toBe(true); // it may be plugged in later
    },
  );

  test("of a settings file is said with its place there; a camera's setting with its own", () => {
    const inFile = { folder, writtenAt: "x.toml:3: cameras[0].source" };
    const missing = errorOf({ ...inFile, source: "sub/none.mp4" }) as SourceError;
    expect(missing).toBeInstanceOf(SourceError);
    expect(missing.retry).toBe(true);
    expect(missing.message).toStartWith(`x.toml:3: cameras[0].source: cannot read ${folder}/sub/none.mp4: `);
    const settings = [{ name: "brightness", value: "1", writtenAt: "x.toml:4: cameras[0].set.brightness" }];
    expect((errorOf({ ...inFile, source: "clip.mp4", settings }) as UsageError).message).toStartWith(
      "x.toml:4: cameras[0].set.brightness: settings go with cameras on Linux only",
    );
  });

  test.skipIf(process.platform !== "linux")("a device that is no camera is said to be none", () => {
    const error = errorOf({ source: "/dev/null" });
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).message).toBe("/dev/null is no camera");
  });

  const nowhere = "there is no such file or device";
  test.skipIf(process.platform !== "linux").each([
    ["a file that is not there", () => join(folder, "nothing.mp4"), nowhere, true],
    ["a path through a file", () => join(folder, "clip.mp4", "x"), nowhere, true],
    ["a device that is not there", () => "/dev/video9999", nowhere, true],
    ["a folder", () => folder, "it is a folder", false],
    ["a folder of devices", () => "/dev/", "it is a folder", false],
    ["a link to itself", () => join(folder, "loop"), "ELOOP", false],
  ])("%s cannot be read; whether it may be later is known", (_, path, text, mayPass) => {
    const error = errorOf({ source: path() });
    expect(error).toBeInstanceOf(SourceError);
    const { message, retry } = error as SourceError;
    expect(message).toStartWith(`cannot read ${path()}: `);
    expect(message).toContain(text);
    expect(message).not.toContain("\n");
    expect(retry).toBe(mayPass);
  });

  test.skipIf(process.platform !== "linux" || process.getuid?.() === 0)(
    "a file without permission is said to be so",
    async () => {
      const path = join(folder, "secret.mp4");
      await writeFile(path, "x", { mode: 0o000 });
      expect((errorOf({ source: path }) as SourceError).message).toContain("no permission");
    },
  );
});
