// The window: real SDL on a virtual display, looked at by screenshots and used by key presses.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { openLink } from "../support/link.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import { startVirtualDisplay, type VirtualDisplay } from "../../scripts/virtual-display.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { type Program, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCREEN = { width: 1024, height: 768 };
const SIZE = { width: 320, height: 240 };
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const ALARM_RED = [0xd0, 0x20, 0x20];

let display: VirtualDisplay;
let windowManager: Bun.Subprocess;
beforeAll(async () => {
  display = await startVirtualDisplay(SCREEN.width, SCREEN.height);
  // Fullscreen is something that a program asks of the window manager.
  windowManager = Bun.spawn(["openbox"], { env: { ...process.env, DISPLAY: display.name }, stderr: "ignore" });
  await eventually("the window manager", () => xdotool("get_num_desktops") !== "");
  // It says that it is there before it places windows; a first one, which waits for a server, shows that it does.
  await using first = startViewer(9, ["--display", "sdl"], { env: { DISPLAY: display.name } });
  await eventually("a first window", () => findWindow("Slipstream - 127.0.0.1:9") !== null);
  await first.end("SIGTERM");
});
afterAll(async () => {
  windowManager.kill();
  await display[Symbol.asyncDispose]();
});

function xdotool(...command: string[]): string {
  const result = Bun.spawnSync(["xdotool", ...command], { env: { ...process.env, DISPLAY: display.name } });
  return result.stdout.toString().trim();
}

interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

interface Window {
  id: string;
  width: number;
  height: number;
}

/** A window, found by a part of its title; null where there is none. */
function findWindow(title: string): Window | null {
  const [id] = xdotool("search", "--onlyvisible", "--name", title).split("\n");
  if (!id) return null;
  const geometry = xdotool("getwindowgeometry", "--shell", id);
  const value = (name: string) => Number(new RegExp(`^${name}=(-?\\d+)$`, "m").exec(geometry)?.[1]);
  return { id, width: value("WIDTH"), height: value("HEIGHT") };
}

/** What a window shows now, as RGBA, taken by ffmpeg; empty while its size is changing. */
function screenshot({ id, width, height }: Window): Uint8Array {
  const { stdout } = Bun.spawnSync([
    ...["ffmpeg", "-loglevel", "error", "-f", "x11grab", "-draw_mouse", "0", "-window_id", id],
    ...["-i", display.name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"],
  ]);
  return stdout.length === width * height * 4 ? stdout : new Uint8Array();
}

/** Share of pixels within 3 levels of a colour. */
function shareOf(rgba: Uint8Array, colour: readonly number[]): number {
  let count = 0;
  for (let i = 0; i < rgba.length; i += 4) {
    if (colour.every((value, channel) => Math.abs((rgba[i + channel] ?? 0) - value) <= 3)) count++;
  }
  return count / (rgba.length / 4);
}

async function eventually(what: string, isTrue: () => boolean): Promise<void> {
  const deadline = Date.now() + 15_000;
  while (Date.now() < deadline) {
    if (isTrue()) return;
    await Bun.sleep(50);
  }
  throw new Error(`${what} did not happen`);
}

/** A viewer whose window shows the pattern of that server, and where the window is. */
async function showWindow(port: number): Promise<{ viewer: Program<ViewReport>; window: Window }> {
  const viewer = startViewer(port, ["--display", "sdl"], { env: { DISPLAY: display.name } });
  await eventually("a window with the picture's size", () => findWindow("pattern - Slipstream")?.width === SIZE.width);
  const window = findWindow("pattern - Slipstream");
  if (window === null) throw new Error("the window has gone");
  await eventually("a picture", () => readFrameCode(screenshot(window), SIZE) !== null);
  xdotool("windowfocus", window.id);
  return { viewer, window };
}

describe("the window", () => {
  test("shows the newest pictures, pixel by pixel", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    const first = readFrameCode(screenshot(window), SIZE);
    await eventually("a newer picture", () => {
      const code = readFrameCode(screenshot(window), SIZE);
      return code !== null && code.frameNumber > (first?.frameNumber ?? 0);
    });
  });

  test("keeps the aspect ratio when it is resized, and fills the screen with F", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    xdotool("windowsize", window.id, "800", "300");
    await eventually("bars left and right", () => {
      const now = findWindow("pattern - Slipstream");
      if (now === null || now.width !== 800) return false;
      const shot = screenshot(now);
      const inside = crop(shot, 800, { x: 200, y: 0, width: 400, height: 300 });
      const left = crop(shot, 800, { x: 0, y: 0, width: 199, height: 300 });
      return shareOf(left, [0, 0, 0]) === 1 && readFrameCode(inside, { width: 400, height: 300 }) !== null;
    });
    xdotool("key", "f");
    await eventually("fullscreen", () => {
      const now = findWindow("pattern - Slipstream");
      return now?.width === SCREEN.width && readFrameCode(screenshot(now), SCREEN) !== null;
    });
    xdotool("key", "F11");
    await eventually("a window again", () => findWindow("pattern - Slipstream")?.width === 800);
  });

  test("stays as large as it is when a thin link makes the pictures smaller", async () => {
    await using server = await startServer([...PATTERN, "--max-latency", "150"]);
    const relay = openLink({ serverPort: server.port, bitsPerSecond: 150_000, delayMs: 5 });
    try {
      const { viewer } = await showWindow(relay.port);
      await using _ = viewer;
      await viewer.until(
        "smaller pictures",
        ({ last }) => last !== undefined && last.width > 0 && last.width < SIZE.width,
      );
      await Bun.sleep(300); // for the window to change, if it did
      const window = findWindow("pattern - Slipstream");
      expect([window?.width, window?.height]).toEqual([SIZE.width, SIZE.height]);
      if (window !== null) await eventually("a picture", () => readFrameCode(screenshot(window), SIZE) !== null);
    } finally {
      relay.close();
    }
  });

  test("shows figures with I, saves the picture with S, pauses with space, quits with Q", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    const white = () => {
      const corner = crop(screenshot(window), SIZE.width, { x: 0, y: 0, width: 60, height: 40 });
      return shareOf(corner, [255, 255, 255]);
    };
    const before = white();
    xdotool("key", "i");
    await eventually("white text in the corner", () => white() > before + 0.03);
    xdotool("key", "i");
    await eventually("no text", () => white() <= before);

    xdotool("key", "s");
    await viewer.until("the news of the snapshot", ({ remarks }) => /saved .*\.jpg \(320x240\)/.test(remarks));
    const path = /saved (.*\.jpg)/.exec(viewer.remarks)?.[1] ?? "";
    const pixels = Bun.spawnSync(["djpeg", "-pnm", path]).stdout;
    expect(pixels.subarray(0, 15).toString()).toBe("P6\n320 240\n255\n");
    rmSync(path);

    xdotool("key", "space");
    await eventually("the word paused, on red", () => shareOf(screenshot(window), ALARM_RED) > 0.003);
    await server.until("no more encoding", ({ last }) => last?.encodedFps === 0);
    xdotool("key", "space");
    await eventually("pictures again", () => shareOf(screenshot(window), ALARM_RED) === 0);

    xdotool("key", "q");
    expect(await viewer.end()).toBe(0);
  });

  test("says how old the picture is once the server has gone", async () => {
    const server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    expect(shareOf(screenshot(window), ALARM_RED)).toBe(0);
    server.child.kill("SIGKILL");
    await server.end();
    await eventually("the alarm", () => shareOf(screenshot(window), ALARM_RED) > 0.003);
  });

  test("--preview opens one on the serving side, and closing it leaves the server as it is", async () => {
    await using server = await startServer([...PATTERN, "--preview"], { env: { DISPLAY: display.name } });
    await eventually("the preview", () => findWindow("pattern - Slipstream")?.width === SIZE.width);
    await server.until("a viewer", ({ last }) => last?.viewers === 1);
    xdotool("windowfocus", findWindow("pattern - Slipstream")?.id ?? "");
    xdotool("key", "q");
    await server.until("no viewer", ({ last }) => last?.viewers === 0);
    await using viewer = startViewer(server.port, ["--frames", "3"]);
    expect(await viewer.end()).toBe(0);
  });

  test("that cannot be opened is one clear line", async () => {
    await using server = await startServer(PATTERN);
    const viewer = startViewer(server.port, ["--display", "sdl"], { env: { DISPLAY: ":987", WAYLAND_DISPLAY: "" } });
    expect(await viewer.end()).toBe(1);
    expect(viewer.remarks).toMatch(/error: no window can be opened \(.*--display none/);
  });
});

function crop(rgba: Uint8Array, stride: number, { x, y, width, height }: Rectangle): Uint8Array {
  const cropped = new Uint8Array(width * height * 4);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * stride + x) * 4;
    cropped.set(rgba.subarray(from, from + width * 4), row * width * 4);
  }
  return cropped;
}
