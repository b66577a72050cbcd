// view --grid with real SDL on a virtual display. Tests look at screenshots and send keys and clicks.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { letterbox } from "../../src/client/screens/letterbox.ts";
import type { Rectangle } from "../../src/core/rectangle.ts";
import type { GridReport } from "../../src/client/view-grid.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { type FrameCode, readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { Desktop, eventually, shareOf, type Window } from "../support/desktop.ts";
import { Program, REPORTS_A_SECOND, runToEnd, type Server, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const NARROW: Size = { width: 320, height: 240 };
const WIDE: Size = { width: 1280, height: 720 };
const ALARM_RED = [0xd0, 0x20, 0x20];

const folder = mkdtempSync(join(tmpdir(), "slipstream-grid-"));
const settings = join(folder, "two.toml");
writeFileSync(
  settings,
  `fps = 15
[[cameras]]
name = "narrow"
source = "pattern"
size = "320x240"
[[cameras]]
name = "wide"
source = "pattern"
size = "1280x720"
`,
);

let desktop: Desktop;
beforeAll(async () => {
  desktop = await Desktop.start({ width: 1024, height: 768 });
});
afterAll(async () => {
  await desktop[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function startGrid({ port }: Server, flags: string[] = ["--display", "sdl"]): Program<GridReport> {
  const address = `127.0.0.1:${port}`;
  return new Program("view", [address, "--grid", "--json", ...flags], { env: desktop.env });
}

async function findGrid({ port }: Server): Promise<Window> {
  const find = () => desktop.findWindow(`127.0.0.1:${port} - Slipstream`);
  await eventually("the window", () => (find()?.width ?? 0) > 900);
  return find() as Window;
}

/** The frame code of a picture of this size in a part of the window, or null if there is none. */
function codeIn(window: Window, place: Rectangle, picture: Size): FrameCode | null {
  const inside = letterbox(picture, place);
  const part = { ...inside, x: place.x + inside.x, y: place.y + inside.y };
  const shot = desktop.screenshot(window, part);
  return shot.length === 0 ? null : readFrameCode(shot, part);
}

const leftHalf = ({ width, height }: Window) => ({ x: 0, y: 0, width: Math.floor(width / 2), height });
const rightHalf = ({ width, height }: Window) => {
  const x = Math.floor(width / 2);
  return { x, y: 0, width: width - x, height };
};
const whole = ({ width, height }: Window) => ({ x: 0, y: 0, width, height });
const viewersOf = (server: Server) => server.last?.cameras?.map(({ viewers }) => viewers);

test("grid: each camera has a part of the window; a key or a click fills the window with one camera", async () => {
  await using server = await startServer(["--config", settings]);
  await using viewer = startGrid(server);
  const window = await findGrid(server);
  const bothMove = async (what: string) => {
    const before = [codeIn(window, leftHalf(window), NARROW), codeIn(window, rightHalf(window), WIDE)];
    await eventually(what, () => {
      const now = [codeIn(window, leftHalf(window), NARROW), codeIn(window, rightHalf(window), WIDE)];
      return now.every((code, index) => code !== null && code.frameNumber > (before[index]?.frameNumber ?? 0));
    });
  };
  await bothMove("two pictures");
  await server.until("the smaller size", ({ last }) => last?.cameras?.[1]?.renditions[0]?.width === 640);
  expect(viewersOf(server)).toEqual([1, 1]);
  const corner = { ...leftHalf(window), width: 80, height: 16 };
  expect(shareOf(desktop.screenshot(window, corner), [255, 255, 255])).toBeGreaterThan(0.05); // the title has the camera's name
  await viewer.until("reports", ({ last }) => last?.cameras.every(({ frames }) => frames > 5) ?? false);
  expect(viewer.last?.cameras.map(({ source, connected }) => [source, connected])).toEqual([
    ["narrow", true],
    ["wide", true],
  ]);

  desktop.xdotool("windowfocus", window.id);
  desktop.xdotool("key", "2");
  await eventually("the wide one alone", () => codeIn(window, whole(window), WIDE) !== null);
  await server.until("its own size, the other one paused", ({ last }) => {
    const [narrow, wide] = last?.cameras ?? [];
    return narrow?.encodedFps === 0 && wide?.renditions[0]?.width === 1280;
  });
  desktop.xdotool("key", "2");
  await bothMove("both again");

  const { x, y, width, height } = leftHalf(window);
  desktop.xdotool("mousemove", "--window", window.id, String(x + width / 2), String(y + height / 2), "click", "1");
  await eventually("the narrow one alone", () => codeIn(window, whole(window), NARROW) !== null);
  desktop.xdotool("click", "1");
  await bothMove("both once more");

  desktop.xdotool("windowsize", window.id, "700", "300");
  await eventually("the same in another size", () => {
    const now = desktop.findWindow(`127.0.0.1:${server.port} - Slipstream`);
    if (now?.width !== 700) return false;
    return codeIn(now, leftHalf(now), NARROW) !== null && codeIn(now, rightHalf(now), WIDE) !== null;
  });
  desktop.xdotool("key", "q");
  expect(await viewer.end()).toBe(0);
});

test("grid: the part of a camera that has ended says so, and the other camera goes on", async () => {
  const flags = ["--source", "pattern", "--source", "-", "--pixel-format", "gray", "--size", "320x240", "--fps", "15"];
  await using server = await startServer(flags, { stdin: "pipe" });
  await using viewer = startGrid(server);
  const window = await findGrid(server);
  const stdin = server.child.stdin as Bun.FileSink;
  const seen = () => viewer.last?.cameras[1]?.frames ?? 0;
  while (seen() < 3) {
    stdin.write(new Uint8Array(320 * 240).fill(viewer.reports.length));
    stdin.flush();
    await Bun.sleep(30);
  }
  const alarms = () =>
    [leftHalf(window), rightHalf(window)].map((part) => shareOf(desktop.screenshot(window, part), ALARM_RED));
  // A few pixels of the pattern may have the colour of the alarm by chance.
  expect(alarms()[0]).toBeLessThan(0.001);
  stdin.end();
  await viewer.until("the news", ({ remarks }) => remarks.includes("standard input: standard input has ended"));
  await eventually("the alarm in the right part", () => (alarms()[1] ?? 0) > 0.003);
  expect(alarms()[0]).toBeLessThan(0.001);
  const before = codeIn(window, leftHalf(window), NARROW)?.frameNumber ?? 0;
  await eventually(
    "newer pictures in the left",
    () => (codeIn(window, leftHalf(window), NARROW)?.frameNumber ?? 0) > before,
  );
  expect(viewer.last?.cameras[0]?.reconnects).toBe(0);
});

test("grid: does not connect again and again for a camera that has ended", async () => {
  const flags = ["--source", "/dev/null", "--source", "pattern", "--size", "320x240", "--fps", "15"];
  await using server = await startServer(flags);
  await using viewer = startGrid(server, ["--display", "none"]);
  await viewer.until("the news", ({ remarks }) => remarks.includes("/dev/null is not a camera; asking again every"));
  // The usual pauses are at most 0.25, 0.5, 1 and 2 s, which would give at least three more refusals.
  await viewer.until("some seconds", ({ reports }) => reports.length > 5 * REPORTS_A_SECOND);
  expect(server.remarks.match(/refused: /g)?.length).toBe(1);
  expect(viewer.last?.cameras[1]?.frames).toBeGreaterThan(10);
});

test("grid: each camera connects again when its server comes back", async () => {
  const first = await startServer(["--config", settings]);
  await using viewer = startGrid(first, ["--display", "none"]);
  const frames = () => viewer.last?.cameras.map((camera) => camera.frames) ?? [0];
  await viewer.until("frames", () => Math.min(...frames()) > 3);
  first.child.kill("SIGKILL");
  await first.end();
  await viewer.until("the loss", ({ last }) => last?.cameras.every(({ connected }) => !connected) ?? false);
  await using _ = await startServer(["--config", settings, "--port", String(first.port)]);
  const before = frames();
  await viewer.until("more frames", () => frames().every((count, index) => count > (before[index] ?? 0) + 3));
});

test("grid: refuses flags that have no meaning with --grid", async () => {
  for (const [flags, text] of [
    [["127.0.0.1/door", "--grid"], "--grid shows all cameras: leave out /door"],
    [["--grid", "--output", "-"], "--output writes one camera"],
    [["--grid", "--size", "64x64"], "--size applies to one camera"],
  ] as const) {
    const { code, remarks } = await runToEnd("view", flags);
    expect([code, remarks.includes(text)]).toEqual([2, true]);
  }
});

test("grid: --preview shows several cameras in a grid", async () => {
  await using server = await startServer(["--config", settings, "--preview"], { env: desktop.env });
  const window = await findGrid(server);
  await eventually("a picture", () => codeIn(window, rightHalf(window), WIDE) !== null);
  await server.until("a viewer of each", () => viewersOf(server)?.every((count) => count === 1) ?? false);
});
