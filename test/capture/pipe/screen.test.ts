// The source `screen`: the texts that name a screen, ffmpeg's arguments on each platform, and errors without a screen.

import { describe, expect, test } from "bun:test";
import { MissingError, SourceError, UsageError } from "../../../src/core/errors.ts";
import { lineLog } from "../../../src/core/log.ts";
import { presetFor } from "../../../src/server/settings/preset.ts";
import { createFfmpegSource } from "../../../src/capture/pipe/ffmpeg.ts";
import { ffmpegArguments } from "../../../src/capture/pipe/ffmpeg-command.ts";
import {
  isScreen,
  parseScreen,
  screenInput,
  type ScreenOptions,
  type Session,
} from "../../../src/capture/pipe/screen.ts";
import { startVirtualDisplay } from "../../../src/cli/virtual-display.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const X11: Session = { platform: "linux", x11: ":0", wayland: undefined };

/** The input for a source, at 30 frames per second unless the test gives another rate. */
const inputFor = (source: string, session: Session, more: Partial<ScreenOptions> = {}) =>
  screenInput({ place: parseScreen(source), session, size: null, framesPerSecond: 30, ...more });

/** The ffmpeg arguments that choose the input. */
function inputOf(source: string, session: Session): string {
  const args = ffmpegArguments(inputFor(source, session));
  return args.slice(args.indexOf("nobuffer") + 1, args.indexOf("-map")).join(" ");
}

const filtersOf = (source: string, session: Session) => {
  const args = ffmpegArguments(inputFor(source, session));
  return args[args.indexOf("-vf") + 1];
};

describe("parseScreen: names of screens", () => {
  test.each([
    ["screen", { screen: null, area: null }],
    ["screen:1", { screen: "1", area: null }],
    ["screen:1.0", { screen: "1.0", area: null }],
    ["screen::1.0", { screen: ":1.0", area: null }],
    ["screen:host-2.lan:10.0", { screen: "host-2.lan:10.0", area: null }],
    ["screen:640x480+10+20", { screen: null, area: { width: 640, height: 480, x: 10, y: 20 } }],
    ["screen:1,640x480+0+0", { screen: "1", area: { width: 640, height: 480, x: 0, y: 0 } }],
    ["screen:/dev/dri/card1", { screen: "/dev/dri/card1", area: null }],
  ])("parseScreen: reads %s", (source, place) => {
    expect(isScreen(source)).toBe(true);
    expect(parseScreen(source)).toEqual(place);
  });

  test.each([
    "screen:",
    "screen:one",
    "screen:640x480",
    "screen:1,2",
    "screen:1x1+0+0,1x1+0+0",
    "screen:-i",
    "screen:1;rm",
  ])("parseScreen: refuses %s", (source) => {
    expect(() => parseScreen(source)).toThrow(UsageError);
  });

  test("isScreen: is false for files with a similar name", () => {
    expect(["screen.mp4", "./screen", "screens"].map(isScreen)).toEqual([false, false, false]);
  });

  test("presetFor: a screen gets all colours, a higher quality and exact pixels", () => {
    expect(presetFor("screen:1")).toEqual({ quality: 90, sampling: "444", noise: 0 });
    expect(presetFor("/dev/video0")).toEqual({ quality: 75, sampling: "420", noise: 2 });
  });
});

describe("screenInput: ffmpeg's arguments", () => {
  const part = "screen:640x480+10+20";
  test.each([
    ["screen", X11, "-f x11grab -framerate 30 -i :0"],
    ["screen:1.0", X11, "-f x11grab -framerate 30 -i :1.0"],
    ["screen:far:1", X11, "-f x11grab -framerate 30 -i far:1"],
    [part, X11, "-f x11grab -framerate 30 -grab_x 10 -grab_y 20 -video_size 640x480 -i :0"],
    [
      "screen",
      { ...X11, platform: "darwin" },
      "-f avfoundation -capture_cursor 1 -framerate 30 -i Capture screen 0:none",
    ],
    [
      "screen:1",
      { ...X11, platform: "darwin" },
      "-f avfoundation -capture_cursor 1 -framerate 30 -i Capture screen 1:none",
    ],
    ["screen", { ...X11, platform: "win32" }, "-f gdigrab -framerate 30 -i desktop"],
    [
      part,
      { ...X11, platform: "win32" },
      "-f gdigrab -framerate 30 -offset_x 10 -offset_y 20 -video_size 640x480 -i desktop",
    ],
    ["screen:/dev/dri/card0", X11, "-device /dev/dri/card0 -f kmsgrab -framerate 30 -i -"],
  ] satisfies [string, Session, string][])("screenInput: captures %s", (source, session, expected) => {
    expect(inputOf(source, session)).toBe(expected);
  });

  test("screenInput: the first filter crops to an area if the platform's device cannot", () => {
    expect(filtersOf(part, { ...X11, platform: "darwin" })).toBe("crop=640:480:10:20,format=rgb24");
    expect(filtersOf("screen:/dev/dri/card0", X11)).toBe("hwdownload,format=bgr0,format=rgb24");
    expect(filtersOf(part, X11)).toBe("format=rgb24");
  });

  test("screenInput: a size scales, and pixels are RGB with any sampling", () => {
    const input = inputFor("screen", X11, { size: { width: 320, height: 200 }, framesPerSecond: 10 });
    for (const sampling of ["420", "444"] as const) {
      expect(ffmpegArguments(input, sampling).join(" ")).toContain("-vf scale=320:200,format=rgb24");
      expect(ffmpegArguments(input, sampling).join(" ")).toContain("-c:v ppm -f image2pipe pipe:1");
    }
    expect(createFfmpegSource(input).framesPerSecond).toBe(10);
  });
});

describe("screenInput: without a screen", () => {
  test.each([
    ["no display", { ...X11, x11: undefined }, "DISPLAY is not set"],
    ["an empty display", { ...X11, x11: "" }, "DISPLAY is not set"],
    ["Wayland alone", { ...X11, x11: undefined, wayland: "wayland-0" }, "Wayland"],
  ] satisfies [string, Session, string][])("screenInput: %s gives a MissingError", (_, session, text) => {
    const open = () => inputFor("screen", session);
    expect(open).toThrow(MissingError);
    expect(open).toThrow(text);
  });

  test("screenInput: warns that X11 shows only a part of a Wayland session", () => {
    const lines: string[] = [];
    inputFor("screen", { ...X11, wayland: "wayland-0" }, { log: lineLog((text) => lines.push(text)) });
    expect(lines.join()).toContain("only the windows of X11 programs");
  });

  test("screenInput: refuses a number on Windows", () => {
    expect(() => inputFor("screen:1", { ...X11, platform: "win32" })).toThrow(UsageError);
  });

  test.each([
    ["a display without a server", "screen:987", "linux", "Cannot open display :987"],
    ["an area outside of the screen", "screen:5000x5000+0+0", "linux", "outside the screen size 320x240"],
    ["an ffmpeg without the device", "screen", "win32", "built without gdigrab"],
  ] as const)("screen source: %s fails with ffmpeg's reason in one line", async (_, source, platform, text) => {
    await using display = await startVirtualDisplay(320, 240);
    const input = inputFor(source, { ...X11, x11: display.name, platform });
    const error = await createFfmpegSource(input)
      .run(new RecordingSink(), new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as SourceError).message).toContain(text);
    expect((error as SourceError).message).not.toContain("\n");
  });
});

test("screen source: delivers an area of a real display as RGB in its size", async () => {
  await using display = await startVirtualDisplay(320, 240);
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const input = inputFor("screen:64x48+100+80", { ...X11, x11: display.name });
  const running = createFfmpegSource(input).run(sink, stopping.signal);
  await until(() => sink.frames.length > 3, "frames of the screen", 15_000);
  stopping.abort();
  await running;
  expect(sink.frames[0]).toMatchObject({ width: 64, height: 48, format: "rgb24" });
  expect(sink.held).toBe(0);
});
