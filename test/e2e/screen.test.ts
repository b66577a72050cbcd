// The screen as a source: a real window on a virtual display, seen through server and viewer, compared with the X server's own picture.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { startVirtualDisplay, type VirtualDisplay } from "../../src/cli/virtual-display.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { cjpeg, djpeg } from "../support/jpeg-tools.ts";
import { psnr, toRgbaBytes } from "../support/samples.ts";
import { runToEnd, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SCREEN: Size = { width: 480, height: 320 };
const WINDOW: Size = { width: 300, height: 200 };
const FRAME_BYTES = SCREEN.width * SCREEN.height * 4;
const GREEN = [0x20, 0xc0, 0x20] as const;

let display: VirtualDisplay;
beforeAll(async () => {
  display = await startVirtualDisplay(SCREEN.width, SCREEN.height);
});
afterAll(() => display[Symbol.asyncDispose]());

/** Runs the program that shows the window until the scope ends. */
async function paint(how: "still" | "moving"): Promise<AsyncDisposable> {
  const script = fileURLToPath(new URL("../support/painter.ts", import.meta.url));
  const child = Bun.spawn([process.execPath, script, String(WINDOW.width), String(WINDOW.height), how], {
    env: { ...process.env, DISPLAY: display.name },
    stdout: "pipe",
    stderr: "inherit",
  });
  for await (const chunk of child.stdout) if (Buffer.from(chunk).includes("painted")) break;
  return {
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL"); // SDL turns SIGTERM into an event
      await child.exited;
    },
  };
}

/** The current picture on the X server's screen, as RGBA. */
function screenOfServer(): Uint8Array {
  const args = ["-f", "x11grab", "-i", display.name, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1"];
  const { stdout } = Bun.spawnSync(["ffmpeg", "-loglevel", "error", ...args]);
  if (stdout.length !== FRAME_BYTES) throw new Error(`x11grab gave ${stdout.length} bytes`);
  return stdout;
}

/** The last frame that a viewer shows of a screen that does not change, and the last reports of server and viewer. */
async function viewStill(flags: readonly string[]) {
  // Any age is accepted, so that the quality does not fall on a busy machine.
  const source = ["--source", "screen", "--fps", "20", "--max-latency", "0"];
  await using server = await startServer([...source, ...flags], {
    env: { DISPLAY: display.name },
  });
  await using viewer = startViewer(server.port, ["--output", "-"], { rawOutput: true });
  await server.until("frames without a change", ({ reports }) => {
    const [first, last] = [reports.find(({ sent }) => sent > 0), reports.at(-1)];
    return first !== undefined && last !== undefined && last.sent > first.sent + 30 && last.bytesPerFrame === 0;
  });
  await viewer.until("frames", ({ bytes }) => bytes.length >= 20 * FRAME_BYTES);
  const report = server.last; // Without a viewer, the next report has no renditions.
  await viewer.end("SIGTERM");
  const whole = Math.floor(viewer.bytes.length / FRAME_BYTES);
  const picture = viewer.bytes.subarray((whole - 1) * FRAME_BYTES, whole * FRAME_BYTES);
  return { picture: new Uint8Array(picture), report, view: viewer.last };
}

/** The position of the window in a picture, found by the colour of its border, or null if no whole border is found. */
function findWindow(rgba: Uint8Array): { x: number; y: number } | null {
  const isGreen = (x: number, y: number) =>
    GREEN.every((level, c) => Math.abs((rgba[(y * SCREEN.width + x) * 4 + c] as number) - level) < 40);
  for (let y = 0; y + WINDOW.height <= SCREEN.height; y++) {
    for (let x = 0; x + WINDOW.width <= SCREEN.width; x++) {
      const [right, bottom] = [x + WINDOW.width - 1, y + WINDOW.height - 1];
      if (isGreen(x, y) && isGreen(right, y) && isGreen(x, bottom) && isGreen(right, bottom)) return { x, y };
    }
  }
  return null;
}

function crop(rgba: Uint8Array, { x, y }: { x: number; y: number }): Uint8Array {
  const rows = Array.from({ length: WINDOW.height }, (_, row) => {
    const from = ((y + row) * SCREEN.width + x) * 4;
    return rgba.subarray(from, from + WINDOW.width * 4);
  });
  return Buffer.concat(rows);
}

/** The PSNR that libjpeg-turbo reaches with the same settings, in decibels. */
function byLibjpeg(rgba: Uint8Array, window: { x: number; y: number }): number {
  const pixels = new Uint8Array(SCREEN.width * SCREEN.height * 3).map(
    (_, at) => rgba[Math.floor(at / 3) * 4 + (at % 3)] as number,
  );
  const jpeg = cjpeg({ ...SCREEN, channels: 3, pixels }, "-quality", "90", "-sample", "1x1");
  return psnr(crop(toRgbaBytes(djpeg(jpeg)), window), crop(rgba, window));
}

describe("serve: changes of a screen", () => {
  test("screen: a still screen is shown in all its colours and costs no bytes", async () => {
    await using _ = await paint("still");
    const expected = screenOfServer();
    const window = findWindow(expected);
    if (window === null) throw new Error("the window is not on the screen");
    const fine = await viewStill([]);
    const coarse = await viewStill(["--sampling", "420"]);
    expect(fine.report).toMatchObject({ ...SCREEN, source: `screen ${display.name}`, bytesPerFrame: 0 });
    expect(fine.report?.renditions).toMatchObject([{ quality: 90 }]);
    const [fineDb, coarseDb] = [fine, coarse].map(({ picture }) => psnr(crop(picture, window), crop(expected, window)));
    console.log(`coloured text: 4:4:4 ${fineDb?.toFixed(1)} dB, 4:2:0 ${coarseDb?.toFixed(1)} dB`);
    expect(fineDb).toBeGreaterThan(byLibjpeg(expected, window) - 0.5);
    expect(fineDb).toBeGreaterThan((coarseDb ?? 0) + 10);
  });

  test("screen: an area of the screen is shown pixel by pixel", async () => {
    await using _ = await paint("still");
    const expected = screenOfServer();
    const window = findWindow(expected);
    if (window === null) throw new Error("the window is not on the screen");
    const source = `screen${display.name},${WINDOW.width}x${WINDOW.height}+${window.x}+${window.y}`;
    await using server = await startServer(["--source", source, "--quality", "100"]);
    await using viewer = startViewer(server.port, ["--output", "-", "--frames", "3"], { rawOutput: true });
    expect(await viewer.end()).toBe(0);
    const picture = viewer.bytes.subarray(-WINDOW.width * WINDOW.height * 4);
    expect(viewer.bytes.length).toBe(3 * picture.length);
    expect(psnr(picture, crop(expected, window))).toBeGreaterThan(45);
  });
});

test("screen: a moving window is shown whole in many places", async () => {
  await using _ = await paint("moving");
  await using server = await startServer(["--source", "screen", "--fps", "20"], { env: { DISPLAY: display.name } });
  await using viewer = startViewer(server.port, ["--output", "-", "--frames", "30"], { rawOutput: true });
  expect(await viewer.end()).toBe(0);
  const expected = screenOfServer();
  const now = findWindow(expected);
  if (now === null) throw new Error("the window is not on the screen");
  const places = new Set<string>();
  for (let at = 0; at < viewer.bytes.length; at += FRAME_BYTES) {
    const frame = viewer.bytes.subarray(at, at + FRAME_BYTES);
    const place = findWindow(frame);
    if (place === null) throw new Error(`the window is not in frame ${at / FRAME_BYTES}`);
    places.add(`${place.x} ${place.y}`);
    // X draws the pointer in the middle of the screen. It hides other pixels of the window in each frame.
    expect(psnr(crop(frame, place), crop(expected, now))).toBeGreaterThan(23);
  }
  expect(places.size).toBeGreaterThan(5);
});

test.each([
  ["a missing display", ["--source", "screen"], { DISPLAY: "", WAYLAND_DISPLAY: "" }, /DISPLAY is not set.*screen:0/],
  ["a display without a server", ["--source", "screen:987"], {}, /Cannot open display :987/],
] as const)("screen: %s ends the server with one line", async (_, flags, env, text) => {
  const program = await runToEnd("serve", [...flags, "--port", "0"], { env });
  expect(program.code).toBe(1);
  expect(program.remarks.trim()).toMatch(text);
  expect(program.remarks).not.toContain("    at ");
});
