// Runs in the guest with the kernel's test camera `vivid`: raw formats have the right colours, and controls equal those of v4l2-ctl.

import { describe, expect, test } from "bun:test";
import { readFileSync, rmSync } from "node:fs";
import type { CameraListing } from "../../src/cli/camera-table.ts";
import type { PixelFormat, Size } from "../../src/core/pixel-format.ts";
import { runToEnd, startServer, startViewer } from "../support/programs.ts";
import { captureFrames } from "./lab.ts";

/** Turns off the counters that vivid writes over its picture, so that the picture does not change. */
const STILL = ["osd_text_mode=2", "test_pattern=0"];
const SIZE: Size = { width: 640, height: 360 };
const FORMATS: [PixelFormat, string][] = [
  ["yuyv422", "yuyv422"],
  ["nv12", "nv12"],
  ["yuv420p", "yuv420p"],
  ["rgb24", "rgb24"],
  ["bgr24", "bgr24"],
  ["gray", "gray"],
];

function run(...command: string[]): Uint8Array {
  const { stdout, success, stderr } = Bun.spawnSync(command);
  if (!success) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
  return new Uint8Array(stdout);
}

const text = (...command: string[]) => new TextDecoder().decode(run(...command));

/** One frame that ffmpeg captures, in the camera's format or converted. */
function ffmpegFrame(format: string, pixelFormat: string): Uint8Array {
  const input = ["-f", "v4l2", "-input_format", format, "-video_size", `${SIZE.width}x${SIZE.height}`];
  const frame = ["-i", "/dev/video0", "-frames:v", "1", "-pix_fmt", pixelFormat, "-f", "rawvideo", "-"];
  return run("ffmpeg", "-nostdin", "-v", "error", ...input, ...frame);
}

describe("camera and view: formats", () => {
  test.each(FORMATS)("camera: %s equals ffmpeg's capture byte for byte", async (pixelFormat, theirs) => {
    const { frames, lines } = await captureFrames({ size: SIZE, pixelFormat, settings: STILL }, 3);
    expect(lines).toEqual([]);
    const last = frames.at(-1);
    expect(last).toMatchObject({ format: pixelFormat, size: SIZE });
    expect(Buffer.compare(last?.bytes ?? new Uint8Array(), ffmpegFrame(theirs, theirs))).toBe(0);
  });

  test.each(FORMATS)("view: shows %s with the right colours", async (pixelFormat, theirs) => {
    const flags = ["--source", "vivid", "--size", `${SIZE.width}x${SIZE.height}`, "--pixel-format", pixelFormat];
    const output = `/run/shown-${pixelFormat}.rgba`;
    const settings = STILL.flatMap((setting) => ["--set", setting]);
    await using server = await startServer([...flags, ...settings, "--quality", "95", "--noise", "0"]);
    await using viewer = startViewer(server.port, ["--frames", "3", "--output", output]);
    expect(await viewer.end()).toBe(0);
    await server.end("SIGTERM");
    const frameBytes = SIZE.width * SIZE.height * 4;
    const shown = readFileSync(output).subarray(-frameBytes);
    rmSync(output);
    const expected = ffmpegFrame(theirs, "rgba");
    let sum = 0;
    for (let at = 0; at < frameBytes; at++) sum += Math.abs((shown[at] as number) - (expected[at] as number));
    const mean = sum / frameBytes;
    console.log(`${pixelFormat}: shown pixels are ${mean.toFixed(2)} levels off on average`);
    expect(mean).toBeLessThan(1.5); // with a wrong matrix or range, colour bars are off by 5 or more
  });
});

test("camera: full range is converted, and another matrix is logged", async () => {
  const capture = (settings: string[]) =>
    captureFrames({ size: SIZE, pixelFormat: "yuyv422", settings: [...STILL, ...settings] }, 2);
  const usual = ["colorspace=2", "y_cbcr_encoding=1", "quantization=2"]; // sRGB, BT.601, studio range
  const studio = await capture(usual);
  const full = await capture([...usual, "quantization=1"]);
  const other = await capture([...usual, "y_cbcr_encoding=2"]);
  await capture(["colorspace=2", "y_cbcr_encoding=0", "quantization=0"]);
  expect([...studio.lines, ...full.lines]).toEqual([]);
  expect(other.lines).toEqual([
    "the camera's colours are BT.709 but are shown as BT.601, so reds and greens are slightly wrong",
  ]);
  const [a, b] = [studio.frames.at(-1)?.bytes, full.frames.at(-1)?.bytes] as [Uint8Array, Uint8Array];
  const worst = a.reduce((most, level, at) => Math.max(most, Math.abs(level - (b[at] as number))), 0);
  console.log(`full range brought to studio range: ${worst} levels off at most`);
  expect(worst).toBeLessThanOrEqual(2); // both conversions were rounded once more than the picture itself
});

describe("controls of vivid", () => {
  const ours = () =>
    (JSON.parse(text(process.execPath, "src/cli/cameras.ts", "vivid", "--controls", "--json")) as CameraListing[])[0]
      ?.controls ?? [];

  test("cameras --controls: lists the controls of v4l2-ctl with ranges and values", () => {
    const theirs = new Map<string, string>();
    for (const line of text("v4l2-ctl", "-d", "/dev/video0", "--list-ctrls").split("\n")) {
      // "                     brightness 0x00980900 (int)    : min=0 max=255 step=1 default=128 value=128 flags=slider"
      const match = /^\s*(\w+) 0x[0-9a-f]+ \((int|int64|bool|menu|intmenu|button)\)\s*:(.*)$/.exec(line);
      if (match) theirs.set(match[1] as string, match[3] as string);
    }
    const controls = ours();
    expect(theirs.size).toBeGreaterThan(20);
    expect(
      controls
        .filter(({ type }) => type !== "bitmask")
        .map(({ name }) => name)
        .toSorted(),
    ).toEqual([...theirs.keys()].toSorted());
    for (const { name, type, minimum, maximum, defaultValue, value } of controls) {
      const line = theirs.get(name) ?? "";
      const of = (key: string) => new RegExp(`\\b${key}=(-?\\d+)`).exec(line)?.[1];
      if (type === "integer" && of("min") !== undefined)
        expect([name, Number(of("min")), Number(of("max"))]).toEqual([name, minimum, maximum]); // numbers beyond 2^53 are rounded
      if (of("default") !== undefined) expect([name, Number(of("default"))]).toEqual([name, defaultValue]);
      if (of("value") !== undefined && value !== null && !line.includes("volatile"))
        expect([name, Number(of("value"))]).toEqual([name, value]);
    }
  });

  test("view --set: sets an integer menu by label or index, and shows the reason for a refusal", async () => {
    // vivid's menu is 1, 1, 2, 3, 5, 8, 13, 21, 42. So the label 5 has the index 4, the label 8 has the index 5, and 7 is an index and not a label.
    const flags = ["--source", "vivid", "--size", `${SIZE.width}x${SIZE.height}`, "--allow-controls"];
    await using server = await startServer(flags);
    const address = `127.0.0.1:${server.port}`;
    const present = () => ours().find(({ name }) => name === "integer_menu")?.value;
    for (const [value, index] of [
      ["8", 5],
      ["5", 4],
      ["7", 7],
    ] as const) {
      const { code, remarks } = await runToEnd("view", [address, "--set", `integer_menu=${value}`]);
      expect([code, remarks.includes("error"), present()]).toEqual([0, false, index]);
    }
    const tooLarge = "9223372036854775807";
    const refused = await runToEnd("view", [address, "--set", `integer_64_bits=${tooLarge}`]);
    expect(refused).toMatchObject({ code: 1 });
    expect(refused.remarks).toContain(`'${tooLarge}' is too large for 'integer_64_bits'`);
    expect(await server.end("SIGTERM")).toBe(0);
  });

  test("serve --set: sets controls by number and by the label of a menu item", async () => {
    await captureFrames(
      { size: SIZE, settings: ["brightness=99", "test_pattern=100% Colorbar", "horizontal_flip=on"] },
      1,
    );
    expect(text("v4l2-ctl", "-d", "/dev/video0", "-C", "brightness,horizontal_flip")).toBe(
      "brightness: 99\nhorizontal_flip: 1\n",
    );
    expect(ours().find(({ name }) => name === "test_pattern")?.value).toBeGreaterThan(0);
  });
});
