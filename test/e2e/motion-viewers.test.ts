// Motion at the viewers: lines of `view --json`, and the box in the window, which is in no picture that is saved.

import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import type { SeenMotionReport } from "../../src/client/seen-motion.ts";
import { Desktop, eventually, shareOf, type Window } from "../support/desktop.ts";
import { beginMotion, endMotion, serveMovingSquare, SQUARE_BOX, SQUARE_PICTURE } from "../support/moving-square.ts";
import { type Program, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FOOTAGE = resolve(import.meta.dir, "../fixtures/vtest-6s.mp4"); // people walk
const YELLOW = [255, 216, 0];

let desktop: Desktop;
beforeAll(async () => {
  desktop = await Desktop.start({ width: 1024, height: 768 });
});
afterAll(() => desktop[Symbol.asyncDispose]());

/** The lines about motion so far. */
function motionsOf({ reports }: Program<unknown>): SeenMotionReport[] {
  return (reports as object[]).filter((line): line is SeenMotionReport => "event" in line);
}

test("view --json: motion of real footage is reported with its box, by serve and by a viewer", async () => {
  await using server = await startServer(["--source", FOOTAGE, "--motion", "--no-http"]);
  await using viewer = startViewer(server.port);
  await viewer.until("motion", (it) => motionsOf(it).some(({ moving }) => moving !== null), 60_000);
  const [first] = motionsOf(viewer);
  expect(first).toMatchObject({ event: "motion", number: 1, zones: [] });
  const moves = motionsOf(viewer).find(({ moving }) => moving !== null);
  const { x = -1, y = -1, width = 0, height = 0 } = moves?.moving ?? {};
  expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
  expect(Math.max(x + width, y + height)).toBeLessThanOrEqual(1.0001);
  expect(Math.min(width, height)).toBeGreaterThan(0);
  expect(moves?.area).toBeGreaterThan(0);
  // Both clocks are that of this machine, so both tell the same start.
  const events = (server.reports as readonly object[]).filter((line): line is SeenMotionReport => "event" in line);
  const last = motionsOf(viewer).at(-1);
  const same = events.find(({ number }) => number === last?.number);
  expect(Math.abs(Date.parse(last?.start ?? "") - Date.parse(same?.start ?? ""))).toBeLessThan(1_000);
});

test("view --json: start, updates, calm and end of an event, also for a viewer that comes later", async () => {
  await using square = await serveMovingSquare();
  const { port } = square.server;
  await using viewer = startViewer(port);
  await viewer.until("a picture", ({ last }) => (last?.frames ?? 0) > 0);
  await beginMotion(square);
  await viewer.until("the start", (it) => motionsOf(it).length > 2);
  await using later = startViewer(port);
  await later.until("what goes on", (it) => motionsOf(it).length > 0);
  await endMotion(square);
  for (const each of [viewer, later]) await each.until("the end", (it) => motionsOf(it).at(-1)?.phase === "end");
  const motions = motionsOf(viewer);
  expect(motions[0]).toMatchObject({ phase: "start", camera: "yard", number: 1, zones: ["path"], moving: SQUARE_BOX });
  const moving = motions.filter((each) => each.moving !== null);
  expect(moving.slice(1).map(({ phase }) => phase)).toEqual(moving.slice(1).map(() => "update"));
  expect(motions.at(-1)).toMatchObject({ phase: "end", number: 1, area: 0, moving: null });
  expect(motionsOf(later)[0]).toMatchObject({ phase: "update", number: 1 });
  expect(new Set([...motions, ...motionsOf(later)].map(({ number }) => number)).size).toBe(1);
});

test("window: I shows a box around what moves and a line about it, and no saved picture has the box", async () => {
  await using square = await serveMovingSquare();
  await using viewer = startViewer(square.server.port, ["--display", "sdl"], { env: desktop.env });
  const findWindow = () => desktop.findWindow("yard - Slipstream");
  await eventually("a window with the picture's size", () => findWindow()?.width === SQUARE_PICTURE.width);
  const window = findWindow() as Window;
  desktop.xdotool("windowfocus", window.id);
  const yellowIn = (top: number, height: number) =>
    shareOf(desktop.screenshot(window, { x: 0, y: top, width: window.width, height }), YELLOW);
  const yellow = () => yellowIn(0, window.height);
  await beginMotion(square);
  await viewer.until("motion", (it) => motionsOf(it).some(({ moving }) => moving !== null));
  expect(yellow()).toBe(0); // the figures are off
  desktop.xdotool("key", "i");
  await eventually("a box around the square", () => yellowIn(185, 125) > 0.005);
  expect(yellowIn(0, 185) + yellowIn(310, 170)).toBe(0);

  desktop.xdotool("key", "s");
  await viewer.until("the line about the snapshot", ({ remarks }) => /saved .*\.jpg/.test(remarks));
  const path = /saved (.*\.jpg)/.exec(viewer.remarks)?.[1] ?? "";
  const rgb = Bun.spawnSync(["djpeg", "-pnm", path]).stdout.subarray("P6\n640 480\n255\n".length);
  rmSync(path);
  expect(rgb.length).toBe(640 * 480 * 3);
  const isYellow = (at: number) => (rgb[at] ?? 0) > 200 && (rgb[at + 2] ?? 255) < 80;
  expect(Array.from({ length: 640 * 480 }, (_, pixel) => isYellow(3 * pixel)).filter(Boolean)).toEqual([]);

  await endMotion(square);
  await eventually("no box", () => yellow() === 0);
  await beginMotion(square);
  await eventually("a box again", () => yellow() > 0);
  desktop.xdotool("key", "i");
  await eventually("no figures and no box", () => yellow() === 0);
  desktop.xdotool("key", "q");
  expect(await viewer.end()).toBe(0);
});
