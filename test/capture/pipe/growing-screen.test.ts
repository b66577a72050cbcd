// A screen that changes its size is captured whole, and operator and viewers are told the new size. With a real X server.

import { describe, expect, test } from "bun:test";
import { startVirtualDisplay } from "../../../src/cli/virtual-display.ts";
import { createFfmpegSource } from "../../../src/capture/pipe/ffmpeg.ts";
import { endWhenScreenChanges } from "../../../src/capture/pipe/growing-screen.ts";
import { parseScreen, screenInput } from "../../../src/capture/pipe/screen.ts";
import { ScreenSizeReader } from "../../../src/capture/pipe/x11-screen-size.ts";
import { supervise } from "../../../src/capture/supervise/supervise.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

function screenOf(display: string, named = "screen") {
  const session = { platform: "linux", x11: display, wayland: undefined } as const;
  const place = parseScreen(named);
  const source = createFfmpegSource(screenInput({ place, session, size: null, framesPerSecond: 30 }));
  return supervise(endWhenScreenChanges({ source, display, isPart: place.area !== null }));
}

function xrandr(display: string, ...command: string[]): void {
  const { success, stderr } = Bun.spawnSync(["xrandr", ...command], { env: { ...process.env, DISPLAY: display } });
  if (!success) throw new Error(`xrandr failed: ${stderr.toString()}`);
}

/** Calls `use` with a display of up to 640x480 and the frames of the screen `named`. */
async function withScreen(
  named: string,
  use: (display: string, sink: RecordingSink, until: (size: string) => Promise<void>) => Promise<void>,
): Promise<void> {
  await using display = await startVirtualDisplay(640, 480);
  xrandr(display.name, "--output", "screen", "--off", "--fb", "320x240");
  const sink = new RecordingSink();
  const stopping = new AbortController();
  const running = screenOf(display.name, named).run(sink, stopping.signal);
  const sizeOf = (frame: Size | undefined) => (frame === undefined ? "" : `${frame.width}x${frame.height}`);
  await use(display.name, sink, (size) =>
    until(() => sizeOf(sink.frames.at(-1)) === size, `frames of ${size}`, 15_000),
  );
  stopping.abort();
  await running;
  expect(sink.held).toBe(0);
}

describe.skipIf(Bun.which("xrandr") === null)("a screen that changes its size", () => {
  test("screen source: a screen that grows and shrinks is captured whole", async () => {
    await withScreen("screen", async (display, sink, untilSize) => {
      await untilSize("320x240");
      for (const size of ["640x480", "200x100", "320x240"]) {
        xrandr(display, "--fb", size);
        await untilSize(size);
      }
      expect(sink.troubles).toEqual([
        ...[null, "the screen is now 640x480", null, "the screen is now 200x100", null],
        ...["the screen is now 320x240", null],
      ]);
    });
  }, 60_000);

  test("screen source: the capture of a part of the screen goes on, and a screen that is too small for the part is reported", async () => {
    await withScreen("screen:300x200+0+0", async (display, sink, untilSize) => {
      await untilSize("300x200");
      xrandr(display, "--fb", "640x480");
      const { length } = sink.frames;
      await until(() => sink.frames.length > length + 20, "more frames", 20_000);
      expect(sink.troubles).toEqual([null]);
      xrandr(display, "--fb", "200x100");
      await until(() => sink.troubles.length > 1, "the message", 20_000);
      expect(sink.troubles[1]).toBe("the screen is now 200x100");
    });
  }, 60_000);
});

describe("ScreenSizeReader: answers of X servers", () => {
  const ROOT = 0x1234;
  /** The setup answer of a server with two screens. The first screen has a depth with two visuals. */
  function setup(): Buffer {
    const vendor = Buffer.from("Some vendor\0");
    const screen = (root: number, visuals: number) => {
      const bytes = Buffer.alloc(40 + 8 + 24 * visuals);
      bytes.writeUInt32LE(root, 0);
      bytes[39] = 1;
      bytes.writeUInt16LE(visuals, 42);
      return bytes;
    };
    const head = Buffer.alloc(40);
    head[0] = 1;
    head.writeUInt16LE(11, 24);
    head[28] = 2;
    head[29] = 1;
    const all = Buffer.concat([head, vendor, Buffer.alloc(8), screen(1, 2), screen(ROOT, 1)]);
    all.writeUInt16LE((all.length - 8) / 4, 6);
    return all;
  }
  function event(code: number, window: number, width: number, height: number): Buffer {
    const bytes = Buffer.alloc(32);
    bytes[0] = code;
    bytes.writeUInt32LE(window, 8);
    bytes.writeUInt16LE(width, 20);
    bytes.writeUInt16LE(height, 22);
    return bytes;
  }

  test("ScreenSizeReader: reads sizes from chunks of any length", () => {
    const reply = Buffer.alloc(32);
    reply[0] = 1;
    reply.writeUInt16LE(800, 16);
    reply.writeUInt16LE(600, 18);
    const bytes = Buffer.concat([
      setup(),
      reply,
      event(22, 1, 9, 9),
      event(0x96, ROOT, 640, 480),
      event(0, ROOT, 1, 1),
    ]);
    for (const step of [1, 7, 32, bytes.length]) {
      const sizes: Size[] = [];
      const reader = new ScreenSizeReader(1, (size) => sizes.push(size));
      const answers: unknown[] = [];
      for (let at = 0; at < bytes.length; at += step) answers.push(reader.take(bytes.subarray(at, at + step)));
      expect(sizes).toEqual([
        { width: 800, height: 600 },
        { width: 640, height: 480 },
      ]);
      const [question] = answers.filter((answer) => answer !== null) as [Buffer];
      expect([question.readUInt32LE(4), question.readUInt32LE(20)]).toEqual([ROOT, ROOT]);
    }
  });

  test("ScreenSizeReader: a missing screen and a refused connection give an error", () => {
    expect(new ScreenSizeReader(2, () => undefined).take(setup())).toBe("refused");
    expect(new ScreenSizeReader(0, () => undefined).take(Buffer.alloc(8))).toBe("refused");
  });
});
