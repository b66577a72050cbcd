// A camera's JPEGs from end to end: byte for byte to viewers that can take them, as tiles to the others. Real processes, real sockets.

import { afterEach, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { feedPipe } from "../support/pipe-feeder.ts";
import { openLink } from "../support/link.ts";
import type { Connection } from "../../src/connect/connection.ts";
import { connectTcp } from "../../src/connect/tcp.ts";
import { withFrameKind, withOrientation } from "../support/marked-jpegs.ts";
import { withoutTables } from "../support/stripped-jpeg.ts";
import { CLIP, type Server, startServer, startViewer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FPS = 20;
const FRAMES = 40;
const SIZE = { width: 640, height: 480 };

/** Each picture is a separate file, so this test does not depend on how the server splits a stream. */
let footage: Uint8Array[];
beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-mjpeg-"));
  try {
    const scale = `scale=${SIZE.width}:${SIZE.height}:out_range=full`;
    const encoder = ["-c:v", "mjpeg", "-q:v", "3", "-huffman", "default", "-pix_fmt", "yuvj422p"];
    const command = ["ffmpeg", "-v", "error", "-nostdin", "-i", CLIP, "-frames:v", String(FRAMES), "-vf", scale];
    const { success, stderr } = Bun.spawnSync([...command, ...encoder, "-f", "image2", join(folder, "%03d.jpg")]);
    if (!success) throw new Error(stderr.toString());
    footage = readdirSync(folder)
      .toSorted()
      .map((name) => new Uint8Array(readFileSync(join(folder, name))));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

/** Starts a server and writes the pictures to its standard input in a loop, as a camera does. */
async function startCamera(pictures: readonly Uint8Array[], flags: readonly string[] = []): Promise<Server> {
  const server = await startServer(["--source", "-", "--pixel-format", "mjpeg", ...flags], { stdin: "pipe" });
  const stdin = server.child.stdin as Bun.FileSink;
  let next = 0;
  const stop = feedPipe(stdin, 1000 / FPS, () => pictures[next++ % pictures.length] as Uint8Array);
  endings.push(() => {
    stop();
    void stdin.end();
  });
  return server;
}

/** Collects whole pictures by frame number, and counts tiles. */
class Listener {
  readonly pictures = new Map<number, Uint8Array>();
  readonly codecs: string[] = [];
  tiles = 0;
  connection: Connection | null = null;

  async open(port: number): Promise<this> {
    const acknowledge = (frameNumber: number) =>
      this.connection?.acknowledge({
        frameNumber,
        outcome: "shown",
        transferMicros: 500,
        workMicros: 2000,
        paceMicros: 2000,
      });
    const connection = await connectTcp(
      { host: "127.0.0.1", port, camera: "" },
      {
        onWelcome: () => undefined,
        onNotice: () => undefined,
        onStream: ({ codec }) => this.codecs.push(codec),
        onPicture: ({ frameNumber, jpeg }) => {
          this.pictures.set(frameNumber, new Uint8Array(jpeg));
          acknowledge(frameNumber);
        },
        onTiles: ({ frameNumber, isLast }) => {
          this.tiles++;
          if (isLast) acknowledge(frameNumber);
        },
      },
    );
    this.connection = connection;
    endings.push(() => connection.close());
    return this;
  }

  async until(what: string, isTrue: (listener: this) => boolean): Promise<void> {
    for (const deadline = Date.now() + 20_000; !isTrue(this); await Bun.sleep(10)) {
      if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    }
  }
}

/** The picture that was sent as this frame. Frame numbers start at 1, and the pictures repeat in a loop. */
const fedAs = (pictures: readonly Uint8Array[], frameNumber: number) =>
  pictures[(frameNumber - 1) % pictures.length] as Uint8Array;

describe("serve: passes a camera's JPEGs on unchanged", () => {
  test("passthrough: pictures arrive byte for byte, and nothing is encoded or decoded", async () => {
    await using server = await startCamera(footage);
    const listener = await new Listener().open(server.port);
    await listener.until("pictures", ({ pictures }) => pictures.size > 50);
    for (const [number, jpeg] of listener.pictures) expect(Buffer.compare(jpeg, fedAs(footage, number))).toBe(0);
    await server.until("a report", ({ last }) => (last?.encoded ?? 0) > 50);
    expect(listener).toMatchObject({ tiles: 0, codecs: ["jpeg"] });
    expect(server.last).toMatchObject({ ...SIZE, dropped: 0, encodeMs: { p50: 0, p99: 0 } });
    expect(server.last?.renditions).toMatchObject([{ ...SIZE, quality: 0, viewers: 1 }]);
  });

  test("passthrough: pictures without Huffman tables arrive with the standard ones (T.81 K.3)", async () => {
    const stripped = footage.map((jpeg) => withoutTables(jpeg));
    await using server = await startCamera(stripped);
    const listener = await new Listener().open(server.port);
    await listener.until("pictures", ({ pictures }) => pictures.size > 20);
    for (const [number, jpeg] of listener.pictures) {
      const rest = withoutTables(jpeg);
      expect(Buffer.compare(rest, fedAs(stripped, number))).toBe(0);
      // Four segments, each with marker, length, destination and counts, and the values of two DC and two AC tables.
      expect(jpeg.length - rest.length).toBe(4 * (2 + 2 + 1 + 16) + 2 * 12 + 2 * 162);
    }
  });

  test("passthrough: a viewer gets tiles while it asks for a smaller picture", async () => {
    await using server = await startCamera(footage);
    const whole = await new Listener().open(server.port);
    const changing = await new Listener().open(server.port);
    await using small = startViewer(server.port, ["--size", "320x200"]);
    await small.until("the small picture", ({ last }) => last?.width === 320 && last.height === 240);
    changing.connection?.wish({ paused: false, keepsSize: false, width: 160, height: 120 });
    await changing.until("tiles", ({ tiles }) => tiles > 20);
    const before = changing.pictures.size;
    changing.connection?.wish({ paused: false, keepsSize: false, width: 0, height: 0 });
    await changing.until("pictures", ({ pictures }) => pictures.size > before + 20);
    for (const { pictures } of [whole, changing]) {
      for (const [number, jpeg] of pictures) expect(Buffer.compare(jpeg, fedAs(footage, number))).toBe(0);
    }
    expect(whole.tiles).toBe(0);
    await server.until("both", ({ last }) => last?.renditions.length === 2);
    expect(server.last?.renditions).toMatchObject([
      { ...SIZE, quality: 0, viewers: 2 },
      { width: 320, height: 240, quality: 75, viewers: 1 },
    ]);
    await small.until("many pictures", ({ last }) => (last?.frames ?? 0) > 30);
    expect(small.last?.droppedBy.decode).toBe(0);
    expect(server.last?.droppedBy.encode).toBe(0);
  });

  test("passthrough: a slow link gets tiles, and a fast one the camera's pictures again", async () => {
    await using server = await startCamera(footage, ["--max-latency", "150"]);
    const relay = openLink({ serverPort: server.port, bitsPerSecond: 5_000_000, delayMs: 5 });
    endings.push(() => relay.close());
    const near = await new Listener().open(server.port);
    // With a report a second, the link is slow until the viewer has settled for its rate.
    await using far = startViewer(relay.port, ["--report-interval", "1"]);
    await far.until("tiles", ({ last }) => last !== undefined && last.quality > 0);
    relay.setRate(200_000_000);
    // A viewer climbs one level at a time: first after 4 s, or 8 s when a climb has failed, then after 1.5 s while the pictures show
    // the rate of the link (deliver/quality/adaptation.ts). On a busy machine it begins at the lowest of eight levels.
    const isOwn = ({ last }: typeof far) => last !== undefined && last.width === 640 && last.quality === 0;
    await far.until("the camera's own", isOwn, 45_000);
    const { frames = 0 } = far.last ?? {};
    await far.until("more of them", ({ last }) => (last?.frames ?? 0) > frames + 20);
    expect(far.last?.droppedBy.decode).toBe(0);
    expect(near.tiles).toBe(0);
  });
});

test("passthrough: single damaged pictures are counted and logged, and the viewers go on", async () => {
  const good = footage[0] as Uint8Array;
  const scanDamaged = new Uint8Array(good).fill(0x55, 2000, good.length - 500);
  const noSize = new Uint8Array(good);
  const sof = Buffer.from(noSize).indexOf(Buffer.from([0xff, 0xc0]));
  noSize.fill(0, sof + 5, sof + 9);
  await using server = await startCamera([good, scanDamaged, good, noSize]);
  await using viewer = startViewer(server.port);
  await using small = startViewer(server.port, ["--size", "320x240"]);
  await viewer.until("pictures", ({ last }) => (last?.frames ?? 0) > 40);
  await small.until("small pictures", ({ last }) => (last?.frames ?? 0) > 40 && last?.width === 320);
  expect(server.remarks).toContain("the source sent a damaged picture: broken JPEG: its size is 0x0");
  await server.until("the count", ({ last }) => (last?.droppedBy.source ?? 0) > 10);
  expect(viewer.remarks).not.toContain("the source"); // damaged pictures never come several in a row, so viewers are not told
  expect(server.last?.viewers).toBe(2);
});

describe("serve: decodes a camera's JPEGs for viewers that need tiles", () => {
  test("passthrough: turned pictures arrive as tiles, turned, in all sizes and in raw output", async () => {
    await using server = await startCamera(footage.map((jpeg) => withOrientation(jpeg, 6)));
    const listener = await new Listener().open(server.port);
    await listener.until("tiles", ({ tiles }) => tiles > 20);
    expect(listener.pictures.size).toBe(0);
    expect(listener.codecs).not.toContain("jpeg");
    await using output = startViewer(server.port, ["--output", "-", "--frames", "2"], { rawOutput: true });
    expect(await output.end()).toBe(0);
    expect(output.bytes.length).toBe(2 * 480 * 640 * 4);
    expect(output.last).toMatchObject({ width: 480, height: 640, sourceWidth: 480, sourceHeight: 640 });
    await using small = startViewer(server.port, ["--size", "240x320"]);
    await small.until("half the size", ({ last }) => last?.width === 240 && last.height === 320 && last.frames > 10);
    expect(server.last).toMatchObject({ width: 480, height: 640, droppedBy: { source: 0, encode: 0 } });
  });

  test("passthrough: a kind of JPEG that cannot be decoded is reported once to operator and viewers, and not as damaged", async () => {
    await using server = await startCamera(footage.map((jpeg) => withFrameKind(jpeg, 0xc1, 12)));
    await using viewer = startViewer(server.port);
    const what = "the source sends 12-bit JPEG (SOF1, precision 12), which Slipstream does not decode";
    await viewer.until("the reason", ({ last }) => last?.trouble?.startsWith(what) === true);
    await server.until("many pictures", ({ last }) => (last?.droppedBy.source ?? 0) > 20);
    for (const { remarks } of [server, viewer]) {
      expect(remarks.split(what).length - 1).toBe(1);
      expect(remarks).not.toContain("damaged");
    }
  });
});
