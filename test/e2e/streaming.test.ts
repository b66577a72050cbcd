// Pictures from end to end: the viewer shows each captured picture, in order, from every kind of source.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { openLink } from "../support/link.ts";
import { CLIP, ffmpegBytes, type Program, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const SIZE = { width: 320, height: 240 };
const SIZE_FLAG = `${SIZE.width}x${SIZE.height}`;
const FRAME_BYTES = SIZE.width * SIZE.height * 4;

function framesOf(bytes: Buffer): Uint8Array[] {
  return Array.from({ length: Math.floor(bytes.length / FRAME_BYTES) }, (_, i) =>
    bytes.subarray(i * FRAME_BYTES, (i + 1) * FRAME_BYTES),
  );
}

/** The mean red, green and blue in the middle of a picture. */
function middleColour(rgba: Uint8Array, { width, height }: { width: number; height: number }): number[] {
  const sums = [0, 0, 0];
  for (let y = height / 2 - 8; y < height / 2 + 8; y++) {
    for (let x = width / 2 - 8; x < width / 2 + 8; x++) {
      for (let c = 0; c < 3; c++) sums[c] = (sums[c] ?? 0) + (rgba[(y * width + x) * 4 + c] ?? 0);
    }
  }
  return sums.map((sum) => sum / 256);
}

describe("pattern: pictures and latency", () => {
  test("pattern: frames are shown whole and in order, and the figures agree with the pixels", async () => {
    await using server = await startServer(["--source", "pattern", "--size", SIZE_FLAG, "--fps", "30"]);
    await using viewer = startViewer(server.port, ["--frames", "40", "--output", "-"], { rawOutput: true });
    expect(await viewer.end()).toBe(0);
    const codes = framesOf(viewer.bytes).map((frame) => readFrameCode(frame, SIZE));
    expect(viewer.bytes.length).toBe(40 * FRAME_BYTES);
    expect(codes).not.toContain(null);
    const numbers = codes.map((code) => code?.frameNumber ?? 0);
    expect(numbers).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(viewer.last).toMatchObject({ final: true, frames: 40, ...SIZE, codec: "simd" });
    const { dropped = -1, droppedBy } = viewer.last ?? {};
    const gaps = (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1 - numbers.length;
    expect(dropped).toBeGreaterThanOrEqual(gaps);
    expect(Object.values(droppedBy ?? {}).reduce((sum, count) => sum + count, 0)).toBe(dropped);
    for (const { last } of [server, viewer]) {
      const { p50, p95, p99, max } = last?.loopDelayMs ?? { p50: -1, p95: 0, p99: 0, max: 0 };
      expect([0, p50, p95, p99, max]).toEqual([0, p50, p95, p99, max].toSorted((a, b) => a - b));
      expect(max).toBeGreaterThan(0);
    }
  });

  test("pattern: the latency agrees with the time in the pixels", async () => {
    const delayMs = 150;
    const flags = ["--source", "pattern", "--size", SIZE_FLAG, "--fps", "20", "--max-latency", "0"];
    await using server = await startServer(flags);
    const link = openLink({ serverPort: server.port, bitsPerSecond: 100e6, delayMs });
    await using viewer = startViewer(link.port, ["--frames", "40", "--output", "-"], { rawOutput: true });
    const ages: number[] = [];
    let seen = 0;
    let lookedAt = performance.now();
    let longestGapMs = 0; // the longest time between two reads of the pipe, in this run on this machine
    await viewer.until("the last frame", ({ bytes, child }) => {
      longestGapMs = Math.max(longestGapMs, performance.now() - lookedAt);
      lookedAt = performance.now();
      const frames = framesOf(bytes);
      for (const frame of frames.slice(seen)) {
        ages.push(Date.now() - (readFrameCode(frame, SIZE)?.bornAt ?? 0) / 1000);
      }
      seen = frames.length;
      return child.exitCode !== null;
    });
    await viewer.end();
    link.close();
    const pixels = ages.toSorted((a, b) => a - b)[ages.length >> 1] ?? 0;
    const product = viewer.last?.latencyMs.p50 ?? 0;
    expect(product).toBeGreaterThan(delayMs); // a frame cannot be faster than the link
    // The offset of the clocks is wrong by half of what a round trip takes longer than the link, at most (clock-offset.ts).
    const roundTripMs = Math.max(...viewer.reports.map((report) => report.roundTripMs));
    const offsetErrorMs = Math.max(0, roundTripMs - 2 * delayMs) / 2;
    expect(product).toBeLessThanOrEqual(pixels + 2 + offsetErrorMs);
    // A frame is in the pipe after the viewer has shown it. This test gets it with the next read or the one after.
    expect(pixels - product).toBeLessThan(2 * longestGapMs);
  });
});

describe("file: pictures and rate", () => {
  test("file: plays in a loop at its own rate, in its own colours", async () => {
    await using server = await startServer(["--source", CLIP]);
    await using viewer = startViewer(server.port, ["--frames", "70", "--output", "-"], { rawOutput: true });
    expect(await viewer.end()).toBe(0); // the file has 60 frames, so the 70th is from the second round
    expect(viewer.last).toMatchObject({ width: 768, height: 576, source: "vtest-6s.mp4" });
    // A busy machine may lose frames for a moment, but a wrong rate lasts.
    await server.until("the rate of the file", ({ last }) => last !== undefined && last.fps > 9 && last.fps < 11);
    expect(viewer.last?.fps).toBeLessThan(13);
    const bytes = 768 * 576 * 4;
    const first = viewer.bytes.subarray(0, bytes);
    const original = ffmpegBytes("-i", CLIP, "-frames:v", "60", "-f", "rawvideo", "-pix_fmt", "rgba");
    const nearest = Array.from({ length: 60 }, (_, i) => psnr(first, original.subarray(i * bytes, (i + 1) * bytes)));
    expect(Math.max(...nearest)).toBeGreaterThan(30); // the picture is a frame of the clip in the right colours
  });
});

describe("standard input: formats and end", () => {
  const FORMATS = ["rgba", "rgb24", "bgr24", "yuv420p", "nv12", "yuyv422", "gray"] as const;
  for (const format of FORMATS) {
    test(`standard input: takes ${format} in the right colours`, async () => {
      const colour = format === "gray" ? "0x909090" : "0xd02860";
      const raw = ffmpegBytes(
        ...["-f", "lavfi", "-i", `color=${colour}:size=${SIZE_FLAG}:rate=10:duration=1`],
        ...["-f", "rawvideo", "-pix_fmt", format],
      );
      const flags = ["--source", "-", "--pixel-format", format, "--size", SIZE_FLAG];
      await using server = await startServer(flags, { stdin: "pipe" });
      await using viewer = startViewer(server.port, ["--once", "--output", "-"], { rawOutput: true });
      await server.until("a viewer", ({ remarks }) => remarks.includes("is watching"));
      feed(server, raw);
      expect(await server.end()).toBe(0); // the input has ended here
      expect(await viewer.end()).toBe(0);
      expect(viewer.remarks).toContain("standard input has ended");
      const [frame] = framesOf(viewer.bytes).slice(-1);
      const wanted = format === "gray" ? [0x90, 0x90, 0x90] : [0xd0, 0x28, 0x60];
      for (const [channel, value] of middleColour(frame ?? new Uint8Array(), SIZE).entries()) {
        expect(Math.abs(value - (wanted[channel] ?? 0))).toBeLessThan(6);
      }
    });
  }

  test("standard input: passes MJPEG on unchanged, and it is shown as djpeg decodes it", async () => {
    const mjpeg = ffmpegBytes(
      ...["-f", "lavfi", "-i", `testsrc2=size=${SIZE_FLAG}:rate=10:duration=1`],
      ...["-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p", "-f", "mjpeg"],
    );
    await using server = await startServer(["--source", "-", "--pixel-format", "mjpeg"], { stdin: "pipe" });
    await using viewer = startViewer(server.port, ["--once", "--output", "-"], { rawOutput: true });
    await server.until("a viewer", ({ remarks }) => remarks.includes("is watching"));
    feed(server, mjpeg);
    expect(await server.end()).toBe(0);
    await viewer.end();
    expect(server.last?.encodeMs.p50).toBe(0); // no frame was encoded
    const shown = framesOf(viewer.bytes).at(-1) ?? new Uint8Array();
    const lastJpeg = mjpeg.subarray(mjpeg.lastIndexOf(Buffer.from([0xff, 0xd8, 0xff])));
    expect(psnr(shown, djpeg(lastJpeg))).toBeGreaterThan(50); // the last picture has arrived
  });

  test("standard input: an end in the middle of a frame ends the server with an error that names the reason", async () => {
    const flags = ["--source", "-", "--size", SIZE_FLAG];
    await using server = await startServer(flags, { stdin: "pipe" });
    feed(server, new Uint8Array(FRAME_BYTES + 1000));
    expect(await server.end()).toBe(1);
    expect(server.remarks).toContain(
      "error: standard input ended in the middle of a rgba frame of 320x240, after 1000",
    );
  });
});

describe("webcam: pictures", () => {
  test("webcam: takes pictures through a real fswebcam", async () => {
    const flags = ["--source", "webcam", "--device", "TEST:colourbars", "--size", "384x288"];
    await using server = await startServer(flags);
    await using viewer = startViewer(server.port, ["--frames", "5", "--output", "-"], { rawOutput: true });
    expect(await viewer.end()).toBe(0);
    expect(viewer.last).toMatchObject({ width: 384, height: 288, source: "TEST:colourbars" });
    const frame = viewer.bytes.subarray(0, 384 * 288 * 4);
    const middle = middleColour(frame, { width: 384, height: 288 });
    expect(middle[1]).toBeGreaterThan(100); // the middle shows the green bar, so the picture is not black
  });
});

function feed(server: Program<unknown>, bytes: Uint8Array): void {
  const { stdin } = server.child;
  if (stdin === undefined || typeof stdin === "number") throw new Error("the server was started without a pipe");
  stdin.write(bytes);
  stdin.end();
}

/** Decodes a JPEG with libjpeg-turbo, to RGBA. */
function djpeg(jpeg: Uint8Array): Uint8Array {
  const { stdout } = Bun.spawnSync(["djpeg", "-pnm"], { stdin: jpeg });
  const rgb = stdout.subarray(-(FRAME_BYTES / 4) * 3); // the pixels follow the header of the PPM file
  return Uint8Array.from({ length: FRAME_BYTES }, (_, i) => ((i & 3) === 3 ? 255 : (rgb[(i >> 2) * 3 + (i & 3)] ?? 0)));
}

/** Peak signal-to-noise ratio in decibels, without alpha. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  if (a.length !== b.length || a.length === 0) return 0;
  let squares = 0;
  for (let i = 0; i < a.length; i++) if ((i & 3) !== 3) squares += ((a[i] ?? 0) - (b[i] ?? 0)) ** 2;
  return 10 * Math.log10((255 * 255) / (squares / ((a.length * 3) / 4) || 1e-9));
}
