// A server as a source of another one (a relay), with real processes: origin, edge and viewers.

import { afterEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import { LIBFAKETIME } from "../../scripts/setup/package-table.ts";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import type { WindowReport } from "../../src/client/view.ts";
import { picturesOf } from "../support/jpeg-run.ts";
import { openLink } from "../support/link.ts";
import { feedPipe } from "../support/pipe-feeder.ts";
import { type Program, type Server, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import { areShown, PATTERN, startEdge } from "../support/relays.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

interface Snapshot {
  jpeg: Buffer;
  /** The time of capture in the server's clock. */
  capturedMs: number;
}

async function takeSnapshot({ last }: Server): Promise<Snapshot> {
  const response = await fetch(`http://127.0.0.1:${last?.http?.port}/snapshot`);
  expect(response.status).toBe(200);
  const stamp = response.headers.get("x-ustreamer-grab-begin-timestamp");
  return { jpeg: Buffer.from(await response.arrayBuffer()), capturedMs: 1000 * Number(stamp) };
}

/** Takes snapshots of all servers until they are of the same frame. The offset of clocks is a part of a millisecond on one machine. */
async function sameFrame(servers: readonly Server[], intervalMs: number): Promise<Snapshot[]> {
  for (const deadline = Date.now() + 20_000; ;) {
    const snapshots = await Promise.all(servers.map(takeSnapshot));
    const times = snapshots.map(({ capturedMs }) => capturedMs);
    if (Math.max(...times) - Math.min(...times) < intervalMs / 2) return snapshots;
    if (Date.now() > deadline) throw new Error(`no frame was the same: ${times.join(", ")}`);
  }
}

describe("relay: passes the pictures of another server on", () => {
  test("the stitched JPEG is byte for byte that of the origin, over one and two relays", async () => {
    await using origin = await startServer([...PATTERN, "--fps", "4", "--http", "0"]);
    await using edge = await startEdge(origin.port, ["--http", "0"]);
    await using second = await startEdge(edge.port, ["--http", "0"]);
    await using viewer = startViewer(second.port);
    await viewer.until("pictures", areShown(3));
    const [atOrigin, atEdge, atSecond] = await sameFrame([origin, edge, second], 250);
    expect(atEdge?.jpeg.equals(atOrigin?.jpeg as Buffer)).toBe(true);
    expect(atSecond?.jpeg.equals(atOrigin?.jpeg as Buffer)).toBe(true);
    // Nothing was decoded or encoded for them.
    await edge.until("a report with the viewer", ({ last }) => last?.renditions[0]?.viewers === 1);
    expect(edge.last?.encodeMs).toEqual({ p50: 0, p99: 0 });
    expect(edge.last?.renditions).toMatchObject([{ width: 640, height: 360, quality: 75 }]);
    expect(viewer.last).toMatchObject({ width: 640, height: 360, codec: "simd", quality: 75, trouble: null });
  });

  test("a viewer that wants a smaller size gets one, and the full size is passed on to the other", async () => {
    await using origin = await startServer(PATTERN);
    await using edge = await startEdge(origin.port);
    await using full = startViewer(edge.port);
    await full.until("pictures", areShown(3));
    await using small = startViewer(edge.port, ["--size", "320x180"]);
    await small.until("small pictures", ({ last }) => last?.width === 320 && last.frames > 5);
    await edge.until("a report of both sizes", ({ last }) => last?.renditions.length === 2);
    expect(edge.last?.renditions).toMatchObject([
      { width: 640, height: 360, viewers: 1 },
      { width: 320, height: 180, viewers: 1 },
    ]);
    const shown = full.last?.frames ?? 0;
    await full.until("more pictures in full size", areShown(shown + 5));
    expect(full.last).toMatchObject({ width: 640, height: 360, sourceWidth: 640 });
    // The origin makes one size only.
    expect(origin.last?.renditions).toMatchObject([{ width: 640, height: 360, viewers: 1 }]);
  });

  test("JPEGs of the origin's camera are passed on byte for byte", async () => {
    const jpeg = await oneJpeg();
    await using origin = await startServer(["--source", "-", "--pixel-format", "mjpeg"], { stdin: "pipe" });
    endings.push(feedPipe(origin.child.stdin as Bun.FileSink, 100, () => jpeg));
    await using edge = await startEdge(origin.port, ["--http", "0"]);
    await using viewer = startViewer(edge.port);
    await viewer.until("pictures", areShown(3));
    expect((await takeSnapshot(edge)).jpeg.equals(jpeg)).toBe(true);
    expect(edge.last?.encodeMs.p50).toBe(0);
  });

  test("over a slow link the origin sends less, and the viewers of the edge follow the changed stream", async () => {
    await using origin = await startServer(["--source", "pattern", "--size", "1280x720", "--noise", "0"]);
    const link = openLink({ serverPort: origin.port, bitsPerSecond: 800_000, delayMs: 2 });
    endings.push(() => link.close());
    await using edge = await startEdge(link.port);
    await using viewer = startViewer(edge.port);
    await viewer.until("smaller pictures", ({ last }) => (last?.width ?? 0) > 0 && (last?.width ?? 0) < 1280);
    const { width = 0, frames = 0 } = viewer.last ?? {};
    await viewer.until("more of them", ({ last }) => last?.width === width && last.frames > frames + 3);
    expect(viewer.last?.sourceWidth).toBe(1280);
  });

  test("when the line becomes slow, tiles of a smaller size follow the JPEGs of a camera, and later JPEGs again", async () => {
    const jpegs = picturesOf(await ffmpegJpegs("testsrc2=size=1280x720", 20));
    await using origin = await startServer(["--source", "-", "--pixel-format", "mjpeg"], { stdin: "pipe" });
    let next = 0;
    const stop = feedPipe(origin.child.stdin as Bun.FileSink, 50, () => jpegs[next++ % jpegs.length] as Uint8Array);
    endings.push(stop);
    const link = openLink({ serverPort: origin.port, bitsPerSecond: 50e6, delayMs: 2 });
    endings.push(() => link.close());
    await using edge = await startEdge(link.port);
    await using viewer = startViewer(edge.port);
    await viewer.until("JPEGs", ({ last }) => last?.codec === "jpeg" && last.frames > 10);
    link.setRate(1_500_000);
    await viewer.until("tiles", ({ last }) => last?.codec === "simd");
    await viewer.until("more of them", areShown((viewer.last?.frames ?? 0) + 5));
    link.setRate(100e6);
    await viewer.until("JPEGs again", ({ last }) => last?.codec === "jpeg", 50_000);
    await viewer.until("more of them", areShown((viewer.last?.frames ?? 0) + 5));
    expect(viewer.last).toMatchObject({ width: 1280, trouble: null, reconnects: 0 });
  });

  test("an edge without viewers leaves the origin, and is back for the next viewer", async () => {
    await using origin = await startServer(PATTERN);
    await using edge = await startEdge(origin.port, ["--idle-release", "0.3"]);
    await edge.until("the release", ({ remarks }) => remarks.includes("is released"));
    await origin.until("no viewers", ({ last }) => last?.viewers === 0);
    await using viewer = startViewer(edge.port);
    await viewer.until("pictures", areShown(3));
    expect(viewer.last?.trouble).toBeNull();
  });
});

describe("relay: age and troubles", () => {
  test.skipIf(!isInstalled("libfaketime"))("the age counts from the camera, also with other clocks", async () => {
    const delayMs = 150;
    const env = { LD_PRELOAD: LIBFAKETIME, FAKETIME: "+3600s", FAKETIME_DONT_FAKE_MONOTONIC: "1" };
    await using origin = await startServer(PATTERN, { env });
    const link = openLink({ serverPort: origin.port, bitsPerSecond: 100e6, delayMs });
    endings.push(() => link.close());
    await using edge = await startEdge(link.port);
    await using viewer = startViewer(edge.port);
    await viewer.until("pictures", areShown(20));
    // No picture can be younger than the way over the link, and a picture with the time of the origin would be an hour older.
    expect(viewer.last?.latencyMs.p50).toBeGreaterThan(delayMs);
    expect(viewer.last?.latencyMs.max).toBeLessThan(1_800_000);
  });

  test("when the origin is killed, viewers of the edge are told what happened, and pictures come back by themselves", async () => {
    const origin = await startServer(PATTERN);
    const port = String(origin.port);
    await using edge = await startEdge(origin.port);
    await using viewer = startViewer(edge.port);
    await viewer.until("pictures", areShown(3));
    await origin.end("SIGKILL");
    await viewer.until("the trouble", ({ last }) => last?.trouble?.includes(`127.0.0.1:${port}`) ?? false);
    expect(viewer.last?.connected).toBe(true);
    await using _again = await startServer([...PATTERN, "--port", port]);
    await viewer.until("the end of the trouble", ({ last }) => last?.trouble === null);
    const shown = viewer.last?.frames ?? 0;
    await viewer.until("more pictures", areShown(shown + 5));
    expect(viewer.last?.reconnects).toBe(0);
  });

  test("what the origin says of its camera reaches the viewers of the edge, and those who come later", async () => {
    const flags = ["--source", "-", "--pixel-format", "gray", "--size", "320x180", "--fps", "10"];
    await using origin = await startServer(flags, { stdin: "pipe" });
    let shade = 0;
    const nextFrame = () => new Uint8Array(320 * 180).fill(8 * (shade++ % 32));
    const feed = () => feedPipe(origin.child.stdin as Bun.FileSink, 100, nextFrame);
    const stop = feed();
    endings.push(stop);
    // It keeps the picture of the origin when the edge has left.
    await using _direct = startViewer(origin.port);
    await using edge = await startEdge(origin.port, ["--idle-release", "0.3"]);
    {
      await using viewer = startViewer(edge.port);
      await viewer.until("pictures", areShown(3));
      stop();
      const isTold = ({ last }: Program<WindowReport>) => last?.trouble?.startsWith("standard input has sent") ?? false;
      await viewer.until("the origin's trouble", isTold);
    }
    // The edge has left, and connects to an origin in trouble. The last picture before it does not end it.
    await edge.until("the release", ({ remarks }) => remarks.includes("is released"));
    await using late = startViewer(edge.port);
    await late.until("the last picture and the trouble", ({ last }) => last?.frames === 1 && last.trouble !== null);
    const { length } = late.reports;
    await late.until("further reports", ({ reports }) => reports.length > length + 3);
    expect(late.last?.trouble).toStartWith("standard input has sent");
    endings.push(feed());
    await late.until("pictures without trouble", ({ last }) => (last?.frames ?? 0) > 3 && last?.trouble === null);
  });
});

const oneJpeg = () => ffmpegJpegs("testsrc=size=320x240", 1);

/** Makes JPEGs, one after the other, with a source of ffmpeg's. */
async function ffmpegJpegs(source: string, count: number): Promise<Buffer> {
  const input = ["-f", "lavfi", "-i", source, "-frames:v", String(count), "-q:v", "2", "-pix_fmt", "yuvj420p"];
  const command = ["ffmpeg", "-v", "error", "-nostdin", ...input, "-f", "mjpeg", "pipe:1"];
  return Buffer.from(await new Response(Bun.spawn(command, { stdout: "pipe" }).stdout).arrayBuffer());
}
