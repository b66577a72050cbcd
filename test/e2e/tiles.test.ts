// Tiles from end to end: still scenes, sizes, slow links, and release of the source. Real processes, real sockets.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openLink } from "../support/link.ts";
import { frameBytes } from "../../src/core/pixel-format.ts";
import { readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { REPORTS_A_SECOND, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const PATTERN = ["--source", "pattern", "--size", "640x480", "--fps", "20"];

describe("serve: changed tiles", () => {
  test("tiles: a still scene costs almost no bytes, and its picture does not age", async () => {
    const size = { width: 320, height: 240 };
    const flags = ["--source", "-", "--pixel-format", "gray", "--size", "320x240", "--fps", "20"];
    await using server = await startServer(flags, { stdin: "pipe" });
    const frame = new Uint8Array(frameBytes("gray", size.width, size.height)).map((_, at) => (at * 7) & 255);
    const stdin = server.child.stdin as Bun.FileSink;
    const feeding = setInterval(() => {
      stdin.write(frame);
      stdin.flush();
    }, 50);
    try {
      await using viewer = startViewer(server.port);
      await viewer.until("many pictures", ({ last }) => (last?.frames ?? 0) >= 60);
      const { reports } = viewer;
      const before = reports.find(({ frames }) => frames >= 20);
      const after = reports.at(-1);
      if (before === undefined || after === undefined) throw new Error("no reports");
      const bytes = after.bytesPerFrame * after.frames - before.bytesPerFrame * before.frames;
      const perFrame = bytes / (after.frames - before.frames);
      expect(perFrame).toBeLessThan((before.bytesPerFrame * before.frames) / 20);
      expect(after.droppedBy.decode).toBe(0);
      expect(server.last?.renditions).toMatchObject([{ ...size, quality: 75, viewers: 1 }]);
    } finally {
      clearInterval(feeding);
      await stdin.end();
    }
  });
});

describe("serve: a size for each viewer", () => {
  test("tiles: each viewer gets the size that it asks for, which is encoded only while a viewer needs it", async () => {
    await using server = await startServer(PATTERN);
    await using large = startViewer(server.port);
    await large.until("the large picture", ({ last }) => last?.width === 640 && last.height === 480);
    await server.until("its size", ({ last }) => (last?.renditions.length ?? 0) > 0);
    expect(server.last?.renditions.map(({ width }) => width)).toEqual([640]);
    await using small = startViewer(server.port, ["--size", "320x200"]);
    await small.until("the small picture", ({ last }) => last?.width === 320 && last.height === 240);
    expect(small.last).toMatchObject({ sourceWidth: 640, sourceHeight: 480 });
    await server.until("both", ({ last }) => last?.renditions.length === 2);
    expect(await small.end("SIGTERM")).toBe(0);
    await server.until("one", ({ last }) => last?.renditions.length === 1);
    expect(large.last).toMatchObject({ width: 640, height: 480 });
  });

  test("tiles: a half-size picture shows the same scene, and raw frames have one size", async () => {
    await using server = await startServer(["--source", "pattern", "--size", "640x360", "--fps", "20"]);
    await using viewer = startViewer(server.port, ["--size", "320x180", "--frames", "20", "--output", "-"], {
      rawOutput: true,
    });
    expect(await viewer.end()).toBe(0);
    const size = { width: 320, height: 180 };
    const bytes = frameBytes("rgba", size.width, size.height);
    // The first picture may be sent before the viewer's request for a size arrives. Then one frame has the full size.
    const whole = viewer.bytes.length % bytes === 0 ? viewer.bytes.length / bytes : -1;
    expect(whole).toBeGreaterThanOrEqual(20);
    const last = viewer.bytes.subarray(viewer.bytes.length - bytes);
    expect(readFrameCode(last, size)).not.toBeNull();
  });
});

describe("serve: slow links", () => {
  test("tiles: a slow link lowers quality, then size, and both rise again when it is fast", async () => {
    await using server = await startServer([...PATTERN, "--max-latency", "200"]);
    const relay = openLink({ serverPort: server.port, bitsPerSecond: 400_000, delayMs: 10 });
    try {
      await using near = startViewer(server.port);
      await using far = startViewer(relay.port);
      await far.until("less to be sent", ({ last }) => last !== undefined && last.quality > 0 && last.quality < 75);
      await far.until("a smaller picture", ({ last }) => last !== undefined && last.width > 0 && last.width < 640);
      await near.until("pictures", ({ last }) => (last?.frames ?? 0) > 20);
      expect(near.last).toMatchObject({ width: 640, height: 480, quality: 75 });
      expect(far.last?.droppedBy.decode).toBe(0);
      const { width = 0, quality = 0 } = far.last ?? {};
      relay.setRate(100_000_000);
      await far.until(
        "more to be sent",
        ({ last }) => last !== undefined && (last.width > width || last.quality > quality),
      );
    } finally {
      relay.close();
    }
  });

  test("tiles: --max-bitrate limits the bytes for one viewer", async () => {
    const rate = 300_000;
    await using server = await startServer([...PATTERN, "--max-bitrate", String(rate)]);
    await using viewer = startViewer(server.port);
    /** Waits until the viewer has reported pictures for some more seconds. Returns its bits so far, and the time. */
    const bitsAfter = async (some: number) => {
      const { length } = viewer.reports;
      const shown = () => viewer.reports.slice(length).filter(({ frames }) => frames > 0);
      await viewer.until(`${some} s of pictures`, () => shown().length > some * REPORTS_A_SECOND);
      const { bytesPerFrame = 0, frames = 0 } = viewer.last ?? {};
      return { bits: 8 * bytesPerFrame * frames, at: performance.now() / 1000 };
    };
    const [from, to] = [await bitsAfter(1), await bitsAfter(4)];
    const [bits, seconds] = [to.bits - from.bits, to.at - from.at]; // a busy machine reports less often
    expect(bits / seconds / rate).toBeLessThan(1.5);
    expect(bits).toBeGreaterThan(0);
  });
});

describe("serve: --idle-release", () => {
  test("tiles: --idle-release closes the source while there are no viewers, and opens it for the next one", async () => {
    await using server = await startServer([...PATTERN, "--idle-release", "0.5"]);
    await server.until("the release", ({ remarks }) => remarks.includes("pattern is released"));
    const { length } = server.reports;
    await server.until("two seconds", ({ reports }) => reports.length > length + 2 * REPORTS_A_SECOND);
    // The first report may have been made before the release.
    const frames = server.reports.slice(length + 1).map((report) => report.frames);
    expect(frames).toEqual(frames.map(() => frames[0] ?? -1));
    await using viewer = startViewer(server.port);
    await viewer.until("pictures", ({ last }) => (last?.frames ?? 0) > 10);
    expect(server.remarks).toContain("is started again");
  });
});
