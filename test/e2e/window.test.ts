// The window: real SDL on a virtual display. Tests look at screenshots and press keys.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { Desktop, eventually, shareOf, type Window } from "../support/desktop.ts";
import { openLink } from "../support/link.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { type Program, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCREEN = { width: 1024, height: 768 };
const SIZE = { width: 320, height: 240 };
const PATTERN = ["--source", "pattern", "--size", "320x240", "--fps", "20"];
const ALARM_RED = [0xd0, 0x20, 0x20];

let desktop: Desktop;
beforeAll(async () => {
  desktop = await Desktop.start(SCREEN);
  // The window manager reports that it runs before it places windows. A first window, whose viewer waits for a server, shows that it places them.
  await using first = startViewer(9, ["--display", "sdl"], { env: desktop.env });
  await eventually("a first window", () => desktop.findWindow("Slipstream - 127.0.0.1:9") !== null);
  await first.end("SIGTERM");
});
afterAll(() => desktop[Symbol.asyncDispose]());

const findWindow = () => desktop.findWindow("pattern - Slipstream");

/** A viewer of the server on this port, and its window with the test pattern. */
async function showWindow(port: number): Promise<{ viewer: Program<ViewReport>; window: Window }> {
  const viewer = startViewer(port, ["--display", "sdl"], { env: desktop.env });
  await eventually("a window with the picture's size", () => findWindow()?.width === SIZE.width);
  const window = findWindow();
  if (window === null) throw new Error("the window has gone");
  await eventually("a picture", () => readFrameCode(desktop.screenshot(window), SIZE) !== null);
  desktop.xdotool("windowfocus", window.id);
  return { viewer, window };
}

describe("window: pictures and keys", () => {
  test("window: shows the newest picture, pixel by pixel", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    const first = readFrameCode(desktop.screenshot(window), SIZE);
    await eventually("a newer picture", () => {
      const code = readFrameCode(desktop.screenshot(window), SIZE);
      return code !== null && code.frameNumber > (first?.frameNumber ?? 0);
    });
  });

  test("window: keeps the picture's aspect ratio when it is resized", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    // A window of this size is on the screen wherever it is placed. ffmpeg takes no screenshot of a window that extends beyond the screen.
    const wide = { width: 600, height: 300 };
    desktop.xdotool("windowsize", window.id, String(wide.width), String(wide.height));
    await eventually("bars left and right", () => {
      const now = findWindow();
      if (now?.width !== wide.width) return false;
      const inside = desktop.screenshot(now, { x: 100, y: 0, width: 400, height: 300 });
      const left = desktop.screenshot(now, { x: 0, y: 0, width: 99, height: 300 });
      return shareOf(left, [0, 0, 0]) === 1 && readFrameCode(inside, { width: 400, height: 300 }) !== null;
    });
  });

  test("window: F fills the screen, and F11 restores its size", async () => {
    await using server = await startServer(PATTERN);
    const { viewer } = await showWindow(server.port);
    await using _ = viewer;
    desktop.xdotool("key", "f");
    await eventually("fullscreen", () => {
      const now = findWindow();
      return now?.width === SCREEN.width && readFrameCode(desktop.screenshot(now), SCREEN) !== null;
    });
    desktop.xdotool("key", "F11");
    await eventually("a window again", () => findWindow()?.width === SIZE.width);
  });

  test("window: keeps its size when a thin link makes the pictures smaller", async () => {
    await using server = await startServer([...PATTERN, "--max-latency", "150"]);
    const relay = openLink({ serverPort: server.port, bitsPerSecond: 150_000, delayMs: 5 });
    try {
      const { viewer } = await showWindow(relay.port);
      await using _ = viewer;
      await viewer.until(
        "smaller pictures",
        ({ last }) => last !== undefined && last.width > 0 && last.width < SIZE.width,
      );
      await Bun.sleep(300); // a wrong change of the window would happen within this time
      const window = findWindow();
      expect([window?.width, window?.height]).toEqual([SIZE.width, SIZE.height]);
      if (window !== null)
        await eventually("a picture", () => readFrameCode(desktop.screenshot(window), SIZE) !== null);
    } finally {
      relay.close();
    }
  });

  test("window: I shows figures, S saves, space pauses, Q quits", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    const white = () => {
      const corner = desktop.screenshot(window, { x: 0, y: 0, width: 60, height: 40 });
      return shareOf(corner, [255, 255, 255]);
    };
    const before = white();
    desktop.xdotool("key", "i");
    await eventually("white text in the corner", () => white() > before + 0.03);
    desktop.xdotool("key", "i");
    await eventually("no text", () => white() <= before);

    desktop.xdotool("key", "s");
    await viewer.until("the line about the snapshot", ({ remarks }) => /saved .*\.jpg \(320x240\)/.test(remarks));
    const path = /saved (.*\.jpg)/.exec(viewer.remarks)?.[1] ?? "";
    const pixels = Bun.spawnSync(["djpeg", "-pnm", path]).stdout;
    expect(pixels.subarray(0, 15).toString()).toBe("P6\n320 240\n255\n");
    rmSync(path);

    desktop.xdotool("key", "space");
    await eventually("the word paused, on red", () => shareOf(desktop.screenshot(window), ALARM_RED) > 0.003);
    await server.until("no more encoding", ({ last }) => last?.encodedFps === 0);
    desktop.xdotool("key", "space");
    await eventually("pictures again", () => shareOf(desktop.screenshot(window), ALARM_RED) === 0);

    desktop.xdotool("key", "q");
    expect(await viewer.end()).toBe(0);
  });

  test("window: Left and Right go through the past picture by picture, and End shows what the camera sees now", async () => {
    await using server = await startServer([...PATTERN, "--past", "30s"]);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    const number = () => readFrameCode(desktop.screenshot(window), SIZE)?.frameNumber ?? null;
    const isRed = () => shareOf(desktop.screenshot(window), ALARM_RED) > 0.003;
    /** Waits for a picture, and returns its number. */
    const pictureOf = async (what: string, isRight: (number: number) => boolean) => {
      let seen: number | null = null;
      await eventually(what, () => {
        seen = number();
        return seen !== null && isRight(seen);
      });
      return seen as unknown as number;
    };
    await server.until("some past", ({ last }) => (last?.past?.seconds ?? 0) >= 2);
    desktop.xdotool("key", "Left");
    await eventually("the words about the past, on red", isRed);
    const newest = await pictureOf("the newest picture of the past", () => true);
    desktop.xdotool("key", "Left");
    const before = await pictureOf("the picture before", (seen) => seen < newest);
    desktop.xdotool("key", "Left");
    await pictureOf("the picture before that", (seen) => seen < before);
    desktop.xdotool("key", "Right");
    await pictureOf("the picture after it", (seen) => seen === before);
    desktop.xdotool("key", "Right");
    await pictureOf("the newest picture of the past again", (seen) => seen === newest);

    // The stream goes on, and its pictures are not seen.
    const shown = viewer.last?.frames ?? 0;
    await viewer.until("live pictures meanwhile", ({ last }) => (last?.frames ?? 0) > shown + 20);
    await pictureOf("the newest picture of the past still", (seen) => seen === newest);
    expect(isRed()).toBe(true);
    desktop.xdotool("key", "s");
    await viewer.until("the snapshot of the past", ({ remarks }) =>
      /saved .*-\d+ms-ago\.jpg \(320x240\)/.test(remarks),
    );
    rmSync(/saved (.*\.jpg)/.exec(viewer.remarks)?.[1] ?? "");
    desktop.xdotool("key", "End");
    await eventually("no red", () => !isRed());
    await pictureOf("a live picture", (seen) => seen > newest);
  });

  test("window: Left at a server without a past says so, and shows what the camera sees", async () => {
    await using server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    desktop.xdotool("key", "Left");
    await viewer.until("the reason", ({ remarks }) => remarks.includes("the past is not shown: "));
    expect(shareOf(desktop.screenshot(window), ALARM_RED)).toBe(0);
  });

  test("window: says how old the picture is after the server has gone", async () => {
    const server = await startServer(PATTERN);
    const { viewer, window } = await showWindow(server.port);
    await using _ = viewer;
    expect(shareOf(desktop.screenshot(window), ALARM_RED)).toBe(0);
    server.child.kill("SIGKILL");
    await server.end();
    await eventually("the alarm", () => shareOf(desktop.screenshot(window), ALARM_RED) > 0.003);
  });

  test("window: --preview opens a window at the server, which goes on after the window is closed", async () => {
    await using server = await startServer([...PATTERN, "--preview"], { env: desktop.env });
    await eventually("the preview", () => findWindow()?.width === SIZE.width);
    await server.until("a viewer", ({ last }) => last?.viewers === 1);
    desktop.xdotool("windowfocus", findWindow()?.id ?? "");
    desktop.xdotool("key", "q");
    await server.until("no viewer", ({ last }) => last?.viewers === 0);
    await using viewer = startViewer(server.port, ["--frames", "3"]);
    expect(await viewer.end()).toBe(0);
  });

  test("window: --preview proves the key of the server, and no argument of the preview contains the key", async () => {
    const env = { ...desktop.env, SLIPSTREAM_KEY: "k7qf-2mzd-9x4w-hcv3-tb8n" };
    await using server = await startServer([...PATTERN, "--preview"], { env });
    await eventually("the preview", () => findWindow()?.width === SIZE.width);
    await server.until("a viewer", ({ last }) => last?.viewers === 1);
    const children = Bun.spawnSync(["ps", "-o", "args=", "--ppid", `${server.child.pid}`]).stdout.toString();
    expect(children).toContain("--once");
    expect(children).not.toContain("k7qf");
  });

  test("window: a window that cannot be opened ends the viewer with one line", async () => {
    await using server = await startServer(PATTERN);
    const viewer = startViewer(server.port, ["--display", "sdl"], { env: { DISPLAY: ":987", WAYLAND_DISPLAY: "" } });
    expect(await viewer.end()).toBe(1);
    expect(viewer.remarks).toMatch(/error: no window can be opened \(.*--display none/);
  });
});
