// A server sends less to a window that is hidden or small: real SDL on a virtual display with a window manager.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import type { GridReport } from "../../src/client/view-grid.ts";
import { Desktop, eventually, type Window } from "../support/desktop.ts";
import {
  Program,
  REPORTS_A_SECOND,
  type Server,
  startServer,
  startViewer,
  TEST_TIMEOUT_MS,
} from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCREEN = { width: 1024, height: 768 };
const SIZE = { width: 640, height: 360 };
const PATTERN = ["--source", "pattern", "--size", "640x360", "--fps", "20"];

let desktop: Desktop;
/** The server of the tests that start no server of their own. Each viewer of a test ends with the test. */
let server: Server;
/** A window that can cover others. Its viewer waits for a server. */
let curtain: Program<ViewReport>;
beforeAll(async () => {
  [desktop, server] = await Promise.all([Desktop.start(SCREEN), startServer(PATTERN)]);
  curtain = startViewer(9, ["--display", "sdl"], { env: desktop.env });
  await eventually("the curtain", () => desktop.findWindow(CURTAIN) !== null);
  moveCurtain("windowminimize");
});
afterAll(async () => {
  await curtain.end("SIGTERM");
  await server.end("SIGTERM");
  await desktop[Symbol.asyncDispose]();
});

const CURTAIN = "Slipstream - 127.0.0.1:9";
let curtainId = "";
function moveCurtain(...command: string[]): void {
  curtainId ||= desktop.findWindow(CURTAIN)?.id ?? "";
  const [name = "", ...rest] = command;
  desktop.xdotool(name, curtainId, ...rest);
}

const findWindow = (title = "pattern - Slipstream") => desktop.findWindow(title);
const frames = ({ last }: Program<ViewReport>) => last?.frames ?? 0;

/** The frame number in the pixels of the screen, or 0 if it cannot be read. */
function frameIn(window: Window, size = SIZE): number {
  return readFrameCode(desktop.screenshot(window), size)?.frameNumber ?? 0;
}

async function showWindow(
  { port } = server,
  ...flags: string[]
): Promise<{ viewer: Program<ViewReport>; window: Window }> {
  const viewer = startViewer(port, ["--display", "sdl", ...flags], { env: desktop.env });
  await eventually("a window with the picture's size", () => findWindow()?.width === SIZE.width);
  const window = findWindow();
  if (window === null) throw new Error("the window has gone");
  await eventually("a picture", () => frameIn(window) > 0);
  return { viewer, window };
}

/** Waits until the viewer has shown nothing and the server has encoded nothing for a second. */
async function untilNothingIsSent(viewer: Program<ViewReport>, from = server): Promise<void> {
  const before = viewer.reports.length;
  await viewer.until("no more pictures", ({ reports }) => {
    const second = reports.slice(before + 1).slice(-REPORTS_A_SECOND - 1);
    return second.length > REPORTS_A_SECOND && second.every(({ frames }) => frames === second[0]?.frames);
  });
  const { length } = from.reports;
  await from.until("a second", ({ reports }) => reports.length > length + REPORTS_A_SECOND);
  const encoded = from.reports.slice(length).map((report) => report.encoded);
  expect(encoded.at(-1)).toBe(encoded[0] ?? -1);
}

describe("window: while it cannot be seen", () => {
  test.each([
    ["minimised", (id: string) => ["windowminimize", id], (id: string) => ["windowmap", id]],
    ["on another workspace", () => ["set_desktop", "1"], () => ["set_desktop", "0"]],
  ])(
    "window: %s, it asks for no pictures, and shows the newest picture when it is visible again",
    async (_, hide, show) => {
      const { viewer, window } = await showWindow();
      await using __ = viewer;
      desktop.xdotool(...hide(window.id));
      await untilNothingIsSent(viewer);
      expect(viewer.last?.trouble).toBeNull(); // the viewer reports no trouble, although no pictures come
      expect(server.last?.viewers).toBe(1);
      const whenHidden = server.last?.frames ?? Infinity;
      desktop.xdotool(...show(window.id));
      await eventually("a picture from after it was hidden", () => frameIn(window) > whenHidden);
      await viewer.until("more pictures", (program) => frames(program) > (viewer.reports.at(-2)?.frames ?? 0));
    },
  );

  test.each(["software", "gpu"])("window: covered wholly, asks for no pictures (renderer %s)", async (renderer) => {
    const { viewer, window } = await showWindow(server, "--renderer", renderer);
    await using _ = viewer;
    moveCurtain("windowmap");
    moveCurtain("windowsize", "100%", "100%");
    moveCurtain("windowmove", "0", "0");
    moveCurtain("windowraise");
    await untilNothingIsSent(viewer);
    const whenHidden = server.last?.frames ?? Infinity;
    moveCurtain("windowminimize");
    await eventually("a picture from after it was covered", () => frameIn(window) > whenHidden);
  });

  test("window: when a part of it is covered, it shows new pictures", async () => {
    const { viewer, window } = await showWindow();
    await using _ = viewer;
    moveCurtain("windowmap");
    moveCurtain("windowsize", "200", "100");
    moveCurtain("windowmove", "0", "0");
    const before = frames(viewer);
    await viewer.until("more pictures", (program) => frames(program) > before + 40);
    moveCurtain("windowminimize");
    const now = server.last?.frames ?? Infinity;
    await eventually("a newer picture", () => frameIn(window) > now);
  });

  test("window: when the server comes back while it is minimised, it shows the newest picture as soon as it is visible", async () => {
    const first = await startServer(PATTERN);
    const { viewer, window } = await showWindow(first);
    await using _ = viewer;
    desktop.xdotool("windowminimize", window.id);
    await untilNothingIsSent(viewer, first);
    await first.end("SIGTERM");
    await using back = await startServer([...PATTERN, "--port", String(first.port)]);
    await back.until("the viewer", ({ last }) => last?.viewers === 1);
    await untilNothingIsSent(viewer, back);
    expect(back.last?.encoded).toBe(0);
    desktop.xdotool("windowmap", window.id);
    await eventually("a picture of the second server", () => frameIn(window) > 0);
    await viewer.until("more pictures", (program) => frames(program) > (viewer.reports.at(-2)?.frames ?? 0));
  });

  test("window: with --output, a hidden viewer goes on writing frames", async () => {
    const { viewer, window } = await showWindow(server, "--output", "/dev/null");
    await using _ = viewer;
    desktop.xdotool("windowminimize", window.id);
    await eventually("a hidden window", () => findWindow() === null);
    const before = frames(viewer);
    await viewer.until("more pictures", (program) => frames(program) > before + 40);
    expect(findWindow()).toBeNull();
  });

  test("window: with --grid, a minimised window asks for no pictures of any camera", async () => {
    const cameras = ["--source", "pattern", "--source", "pattern"];
    await using pair = await startServer([...cameras, "--size", "320x240", "--fps", "20"]);
    const flags = [`127.0.0.1:${pair.port}`, "--display", "sdl", "--json", "--grid"];
    await using viewer = new Program<GridReport>("view", flags, { env: desktop.env });
    const shown = ({ last }: Program<GridReport>) => last?.cameras.map((camera) => camera.frames) ?? [];
    await viewer.until("pictures of both", (program) => shown(program).length === 2 && !shown(program).includes(0));
    const window = findWindow(`${pair.port} - Slipstream`);
    desktop.xdotool("windowminimize", window?.id ?? "");
    await pair.until(
      "no more encoding",
      ({ last }) => last?.cameras?.every(({ encodedFps }) => encodedFps === 0) ?? false,
    );
    const before = shown(viewer);
    expect(viewer.last?.cameras.map(({ trouble }) => trouble)).toEqual([null, null]);
    desktop.xdotool("windowmap", window?.id ?? "");
    await viewer.until("pictures again", (program) => shown(program).every((count, at) => count > (before[at] ?? 0)));
  });
});

describe("window: sizes that it asks for", () => {
  test("window: a small window gets smaller pictures, and large ones when it is large again", async () => {
    const { viewer, window } = await showWindow();
    await using _ = viewer;
    desktop.xdotool("windowsize", window.id, "320", "180");
    await viewer.until("half the size", ({ last }) => last?.width === 320 && last.height === 180);
    await server.until(
      "one rendition",
      ({ last }) => last?.renditions.length === 1 && last.renditions[0]?.width === 320,
    );
    await eventually("a picture in it", () => {
      const small = findWindow();
      return small?.width === 320 && frameIn(small, { width: 320, height: 180 }) > 0;
    });
    desktop.xdotool("windowsize", window.id, "600", "338");
    await viewer.until("the whole size", ({ last }) => last?.width === 640);
  });

  test("window: gets no larger pictures than it needs if the source is larger than the screen", async () => {
    await using large = await startServer(["--source", "pattern", "--size", "2048x1536", "--fps", "5"]);
    await using viewer = startViewer(large.port, ["--display", "sdl"], { env: desktop.env });
    await viewer.until("half the size", ({ last }) => last?.width === 1024 && last.sourceWidth === 2048);
  });

  test("window: takes the size of a new source, even if it got small pictures before", async () => {
    const first = await startServer(PATTERN);
    const { viewer, window } = await showWindow(first);
    await using _ = viewer;
    desktop.xdotool("windowsize", window.id, "320", "180");
    await viewer.until("half the size", ({ last }) => last?.width === 320);
    await first.end("SIGTERM");
    const port = ["--port", String(first.port)];
    await using __ = await startServer(["--source", "pattern", "--size", "800x600", "--fps", "20", ...port]);
    await eventually("the other size", () => findWindow()?.width === 800);
    await viewer.until("whole pictures", ({ last }) => last?.width === 800);
  });
});
