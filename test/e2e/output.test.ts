// `view --output`: the size of raw frames changes only with a line, whatever the server sends.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { watch } from "../../src/client/watch.ts";
import { feedPipe } from "../support/pipe-feeder.ts";
import { ffmpegBytes, type Server, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** A server that passes on JPEGs of 320 × 240 from standard input, at about 20 a second, until its end. */
async function startJpegServer(): Promise<Server> {
  const server = await startServer(["--source", "-", "--pixel-format", "mjpeg"], { stdin: "pipe" });
  const mjpeg = ffmpegBytes(
    ...["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=10:duration=1"],
    ...["-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg"],
  );
  const { stdin } = server.child;
  if (stdin === undefined || typeof stdin === "number") throw new Error("no pipe");
  const starts = [...mjpeg.toString("latin1").matchAll(/\xff\xd8\xff/g)].map(({ index }) => index);
  let count = 0;
  feedPipe(stdin, 50, () => {
    const at = count++ % starts.length;
    return mjpeg.subarray(starts[at], starts[at + 1]);
  });
  return server;
}

describe("view: --output with --size", () => {
  test("output: even the first frames of a JPEG source have the requested size", async () => {
    await using server = await startJpegServer();
    await using other = startViewer(server.port); // now the server has a picture for the next viewer
    await other.until("a picture", ({ last }) => (last?.frames ?? 0) > 0);
    for await (const { width, height } of watch(`127.0.0.1:${server.port}`, { size: { width: 160, height: 120 } })) {
      expect([width, height]).toEqual([160, 120]); // the server sends no larger picture at all
      break;
    }
    const flags = ["--output", "-", "--size", "160x120", "--frames", "5"];
    await using viewer = startViewer(server.port, flags, { rawOutput: true });
    expect(await viewer.end()).toBe(0);
    expect(viewer.bytes.length).toBe(5 * 160 * 120 * 4);
  });

  test("output: frames have the requested size, even if the server cannot send it", async () => {
    await using server = await startServer(["--source", "pattern", "--size", "640x480", "--fps", "20"]);
    const flags = ["--output", "-", "--size", "400x300", "--frames", "3"];
    await using viewer = startViewer(server.port, flags, { rawOutput: true });
    expect(await viewer.end()).toBe(0);
    expect(viewer.bytes.length).toBe(3 * 400 * 300 * 4);
    for (let frame = 0; frame < 3; frame++) {
      const pixels = viewer.bytes.subarray(frame * 480_000, (frame + 1) * 480_000);
      expect(readFrameCode(pixels, { width: 400, height: 300 })).not.toBeNull();
    }
  });

  test("output: frames keep the requested size when the server comes back with other pictures", async () => {
    const server = await startServer(["--source", "pattern", "--size", "320x240", "--fps", "20"]);
    const flags = ["--output", "-", "--size", "320x240"];
    await using viewer = startViewer(server.port, flags, { rawOutput: true });
    await viewer.until("frames", ({ bytes }) => bytes.length > 0);
    await server.end("SIGTERM");
    const port = ["--port", String(server.port)];
    await using _ = await startServer(["--source", "pattern", "--size", "480x270", "--fps", "20", ...port]);
    await viewer.until("the other size", ({ last }) => last?.width === 480);
    const before = viewer.bytes.length;
    await viewer.until("frames of it", ({ bytes }) => bytes.length > before);
    await viewer.end("SIGTERM");
    expect(viewer.bytes.length % (320 * 240 * 4)).toBe(0);
  });
});

describe("view: --output without --size", () => {
  test("output: ends with one line and exit code 1 when the server comes back with another size", async () => {
    const server = await startServer(["--source", "pattern", "--size", "320x240", "--fps", "20"]);
    await using viewer = startViewer(server.port, ["--output", "-"], { rawOutput: true });
    await viewer.until("frames", ({ bytes }) => bytes.length > 0);
    await server.end("SIGTERM");
    const port = ["--port", String(server.port)];
    await using _ = await startServer(["--source", "pattern", "--size", "480x270", "--fps", "20", ...port]);
    expect(await viewer.end()).toBe(1);
    expect(viewer.bytes.length % (320 * 240 * 4)).toBe(0);
    const wanted = "error: the server is back with pictures of 480x270, but the output has frames of 320x240";
    expect(viewer.remarks).toContain(wanted);
    expect(viewer.remarks).not.toMatch(/\n\s+at /);
  });
});
