// view() connected to a small server that sends tiles: the frames that it shows, acknowledges and reports.

import { describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Overlay, RgbaPicture } from "../../src/client/screens/overlay.ts";
import { createNoScreen } from "../../src/client/screens/none.ts";
import type { ScreenEvents } from "../../src/client/screens/screen.ts";
import { view, type ViewOptions } from "../../src/client/view.ts";
import type { ViewReport } from "../../src/client/figures.ts";
import { nowMicros } from "../../src/core/clock.ts";
import { lineLog } from "../../src/core/log.ts";
import type { Trace } from "../../src/core/trace.ts";
import { median } from "../../src/core/statistics.ts";
import { writeStream, writeTiles } from "../../src/protocol/messages.ts";
import { until } from "../support/wait-until.ts";
import { djpeg, randomFrom } from "../support/decoder-kernel.ts";
import { footageFormat, TileFootage } from "../support/tile-footage.ts";
import { TileServer } from "../support/tile-server.ts";
import { NO_TILES } from "../../src/protocol/tile-list.ts";
import { listOf } from "../support/tile-lists.ts";

const FORMAT = footageFormat({ width: 320, height: 240, format: "rgb24", quality: 80, sampling: "4:2:0" }, 5);

interface Shown {
  pixels: Uint8Array;
  overlay: Overlay;
  at: number;
}

/** Starts a viewer. Its screen keeps the pictures that it shows, except for the blank one. */
function startViewer(server: TileServer, options: Partial<ViewOptions> = {}) {
  const shown: Shown[] = [];
  const said: string[] = [];
  const viewer: { keys: ScreenEvents | null } = { keys: null };
  const show = ({ pixels, width }: RgbaPicture, overlay: Overlay): void => {
    if (width === FORMAT.width) shown.push({ pixels: pixels.slice(), overlay, at: nowMicros() });
  };
  const ended: Promise<ViewReport> = view(
    {
      address: { host: "127.0.0.1", port: server.port, camera: "" },
      display: "none",
      renderer: "auto",
      workers: 2,
      size: null,
      output: null,
      frames: null,
      seconds: null,
      once: true,
      log: lineLog((text) => said.push(text)),
      createScreen(screenEvents) {
        viewer.keys = screenEvents;
        return Promise.resolve({ ...createNoScreen(), show });
      },
      ...options,
    },
    new AbortController().signal,
    () => undefined,
  );
  ended.catch(() => undefined); // a test that expects an error awaits this promise
  return Object.assign(viewer, { shown, said, ended });
}

/** The largest difference to the pixels that djpeg decodes. It is small for rounding and large for a wrong tile. */
function difference(pixels: Uint8Array, jpeg: Uint8Array): number {
  const { data } = djpeg(jpeg);
  return pixels.reduce((most, value, at) => Math.max(most, Math.abs(value - (data[at] ?? 0))), 0);
}

describe("view: frames of tiles", () => {
  test("view: shows, acknowledges and counts a frame of tiles once, after its last part", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    const footage = await TileFootage.create(FORMAT, randomFrom(1));
    server.sendStream({ ...footage.stream, sourceWidth: 1280, sourceHeight: 960 });
    server.sendTiles(1, footage.allTiles.slice(0, 30), false);
    await server.heard();
    const firstPartReadAt = nowMicros();
    await Bun.sleep(30);
    expect(viewer.shown).toEqual([]);
    expect(server.acks).toEqual([]);
    const lastPartSentAt = nowMicros();
    server.sendTiles(1, footage.allTiles.slice(30));
    await server.acked(1);
    expect(server.acks[0]).toMatchObject({ frameNumber: 1, outcome: "shown" });
    expect(server.acks[0]?.transferMicros).toBeGreaterThanOrEqual(lastPartSentAt - firstPartReadAt);
    expect(server.acks[0]?.workMicros).toBeGreaterThan(0);
    expect(difference(viewer.shown.at(-1)?.pixels ?? new Uint8Array(), footage.jpeg)).toBeLessThanOrEqual(4);
    const jpegs = [footage.jpeg];
    for (let frame = 2; frame <= 12; frame++) {
      server.sendTiles(frame, footage.change(frame % 3 === 0 ? 1 : 0.05));
      await server.acked(frame);
      jpegs.push(footage.jpeg);
    }
    for (const [index, jpeg] of jpegs.entries()) {
      expect(difference(viewer.shown[index]?.pixels ?? new Uint8Array(), jpeg)).toBeLessThanOrEqual(4);
    }
    server.sayGoodbye();
    const report = await viewer.ended;
    expect(report).toMatchObject({ frames: 12, dropped: 0, width: 320, height: 240, codec: "simd" });
    expect(report).toMatchObject({ quality: 80, sourceWidth: 1280, sourceHeight: 960 });
    expect(report.bytesPerFrame).toBeGreaterThan(100);
  });

  test("view: counts frames without changes as shown, but does not draw them", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    const footage = await TileFootage.create(FORMAT);
    server.sendStream(footage.stream);
    server.sendTiles(1, footage.allTiles);
    await server.acked(1);
    for (let frame = 2; frame <= 6; frame++) {
      server.sendTiles(frame, []);
      await server.acked(frame);
    }
    expect(server.acks.map(({ outcome }) => outcome)).toEqual(Array(6).fill("shown"));
    expect(viewer.shown.length).toBe(1);
    server.sendTiles(7, footage.change(0.1));
    await server.acked(7);
    expect(viewer.shown.length).toBe(2);
    server.sayGoodbye();
    expect((await viewer.ended).frames).toBe(7);
  });

  test("view: shows whole pictures after tiles, and tiles of another size after whole pictures", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    const footage = await TileFootage.create(FORMAT);
    const narrow = await TileFootage.create(footageFormat({ ...FORMAT, width: 97, height: 55 }, 3));
    const jpegs: Uint8Array[] = [];
    let frame = 0;
    for (let round = 0; round < 3; round++) {
      for (const { each, isWhole } of [
        { each: footage, isWhole: false },
        { each: footage, isWhole: true },
        { each: narrow, isWhole: false },
      ]) {
        each.change(0.5);
        server.sendStream(isWhole ? { ...each.stream, jpegHeader: new Uint8Array() } : each.stream);
        if (isWhole) server.sendPicture(++frame, each.jpeg);
        else server.sendTiles(++frame, each.allTiles);
        await server.acked(frame);
        if (each === footage) jpegs.push(each.jpeg);
      }
    }
    expect(server.acks.map(({ outcome }) => outcome)).toEqual(Array(9).fill("shown"));
    for (const [index, jpeg] of jpegs.entries()) {
      expect(difference(viewer.shown[index]?.pixels ?? new Uint8Array(), jpeg)).toBeLessThanOrEqual(4);
    }
    server.sayGoodbye();
    expect((await viewer.ended).frames).toBe(9);
  });
});

test("view: the key S saves the JPEG of the shown frame, from tiles of several frames", async () => {
  using server = new TileServer();
  const viewer = startViewer(server);
  await server.greeted();
  viewer.keys?.onSnapshot();
  expect(viewer.said.at(-1)).toBe("there is no picture to save yet");
  const footage = await TileFootage.create(FORMAT);
  server.sendStream(footage.stream);
  server.sendTiles(1, footage.allTiles);
  for (let frame = 2; frame <= 8; frame++) {
    server.sendTiles(frame, footage.change(0.05));
    await server.acked(frame);
  }
  const jpeg = footage.jpeg;
  server.sendTiles(9, footage.change(0.5), false); // this frame is not whole yet, so it may not be saved
  await Bun.sleep(20);
  const folder = mkdtempSync(join(tmpdir(), "slipstream-snapshot-"));
  const before = process.cwd();
  try {
    process.chdir(folder);
    viewer.keys?.onSnapshot();
    process.chdir(before);
    await until(() => viewer.said.some((text) => text.startsWith("saved ")), "the saved picture");
    const [name = ""] = readdirSync(folder);
    expect(name).toMatch(/frame8\.jpg$/);
    expect(Buffer.compare(readFileSync(join(folder, name)), jpeg)).toBe(0);
  } finally {
    process.chdir(before);
    rmSync(folder, { recursive: true });
  }
  server.sayGoodbye();
  await viewer.ended;
});

describe("view: unusable tiles", () => {
  const good = () => TileFootage.create(FORMAT);
  const stream = async (change: (header: Uint8Array) => Uint8Array, size = {}) => {
    const { stream: header } = await good();
    return writeStream({ ...header, ...size, jpegHeader: change(header.jpegHeader) });
  };
  const withTile = (number: number) => async () => {
    const footage = await good();
    const now = nowMicros();
    const stamps = { frameNumber: 1, capturedAt: now, encodedAt: now, sentAt: now, isLast: true };
    const tiles = [{ number, bytes: new Uint8Array([1, 2, 3]) }];
    return Buffer.concat([writeStream(footage.stream), writeTiles({ ...stamps, tiles: listOf(tiles) })]);
  };
  const cases: [string, () => Promise<Uint8Array>, RegExp][] = [
    ["a header that is no JPEG", () => stream(() => new Uint8Array([1, 2, 3])), /header cannot be used/],
    ["half a header", () => stream((header) => header.subarray(0, 300)), /header cannot be used/],
    ["a header of another size", () => stream((header) => header, { width: 100 }), /announces 100x240/],
    ["a header with more behind it", () => stream((header) => Buffer.concat([header, header])), /SOI to SOS/],
    [
      "a header of an absurd size",
      () =>
        stream((header) => {
          const copy = Buffer.from(header);
          copy.writeUInt32BE(0xffffffff, copy.indexOf(Buffer.from([0xff, 0xc0])) + 5);
          return copy;
        }),
      /header cannot be used|announces/,
    ],
    ["a tile number outside of the picture", withTile(100_000), /contains tile 100000, but the picture has/],
    ["a first frame without all tiles", withTile(3), /missing in the first frame/],
    [
      "tiles before a Stream",
      async () => {
        const now = nowMicros();
        return writeTiles({
          frameNumber: 1,
          capturedAt: now,
          encodedAt: now,
          sentAt: now,
          isLast: true,
          tiles: NO_TILES,
        });
      },
      /Tiles came before a Stream/,
    ],
  ];
  test.each(cases)("view: %s end the connection with an error of one line", async (_, bytes, message) => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    server.send(await bytes());
    const error: unknown = await viewer.ended.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ProtocolError" });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain("\n");
  });

  test("view: shows the intact part of damaged tiles, and logs the damage once", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    const footage = await TileFootage.create(FORMAT);
    server.sendStream(footage.stream);
    server.sendTiles(1, footage.allTiles);
    await server.acked(1);
    const random = randomFrom(7);
    for (let frame = 2; frame <= 30; frame++) {
      const tiles = footage.change(0.3).map(({ number, bytes }) => {
        const broken = bytes.slice(0, Math.floor(random() * bytes.length));
        for (let n = 0; n < 5; n++) broken[Math.floor(random() * broken.length)] = random() * 256;
        return { number, bytes: broken };
      });
      server.sendTiles(frame, tiles);
      await server.acked(frame);
    }
    expect(server.acks.every(({ outcome }) => outcome === "shown")).toBe(true);
    expect(viewer.said.filter((text) => text.includes("is damaged")).length).toBe(1);
    server.sendTiles(31, footage.allTiles);
    await server.acked(31);
    expect(difference(viewer.shown.at(-1)?.pixels ?? new Uint8Array(), footage.jpeg)).toBeLessThanOrEqual(4);
    server.sayGoodbye();
    await viewer.ended;
  });
});

/** After so many pings, one of them was not delayed by other programs, so the offset of the clocks is exact. */
const PINGS = 5;

test.each([
  ["an hour ahead", 3_600_000_000],
  ["three seconds behind", -3_000_000],
  ["the same", 0],
])("view: measures the true latency with a server's clock %s", async (_, shiftMicros) => {
  using server = new TileServer(shiftMicros);
  const viewer = startViewer(server);
  await server.greeted(PINGS);
  const footage = await TileFootage.create(FORMAT);
  server.sendStream(footage.stream);
  const ages: number[] = [];
  for (let frame = 1; frame <= 15; frame++) {
    const tiles = frame === 1 ? footage.allTiles : footage.change(0.2);
    const capturedAt = nowMicros() - 40_000;
    server.sendTiles(frame, tiles, true, 40_000);
    await server.acked(frame);
    ages.push((viewer.shown.at(-1)?.at ?? 0) - capturedAt);
  }
  server.sayGoodbye();
  const { latencyMs, stagesMs, roundTripMs } = await viewer.ended;
  const trueMs = (median(ages) ?? 0) / 1000;
  // The offset of the clocks is wrong by half of the shortest round trip at most (clock-offset.ts).
  expect((latencyMs.p50 + roundTripMs / 2) / trueMs).toBeGreaterThan(0.8);
  expect((latencyMs.p50 - roundTripMs / 2) / trueMs).toBeLessThan(1.25);
  expect(stagesMs.encode).toBeGreaterThan(stagesMs.transfer);
  expect(Object.values(stagesMs).reduce((sum, stage) => sum + stage, 0) / trueMs).toBeLessThan(1.5);
});

test("view: traces each frame from captured to shown, without a gap", async () => {
  using server = new TileServer(5_000_000);
  const spans: { track: string; name: string; from: number; to: number; frame: unknown }[] = [];
  const trace: Trace = {
    span: (track, name, from, to, fields) => spans.push({ track, name, from, to, frame: fields?.["frame"] }),
  };
  const viewer = startViewer(server, { trace });
  await server.greeted(PINGS);
  const footage = await TileFootage.create(FORMAT);
  server.sendStream(footage.stream);
  const capturedAt: number[] = [];
  for (let frame = 1; frame <= 5; frame++) {
    capturedAt.push(nowMicros() - 40_000);
    server.sendTiles(frame, frame === 1 ? footage.allTiles : footage.change(0.2), true, 40_000);
    await server.acked(frame);
  }
  server.sayGoodbye();
  const { roundTripMs } = await viewer.ended;
  for (let frame = 1; frame <= 5; frame++) {
    const own = spans.filter((span) => span.frame === frame);
    expect(own.every(({ track }) => track === "viewer test")).toBe(true);
    expect(own.map(({ name }) => name).filter((name) => name !== "wait")).toEqual([
      "encode",
      "send",
      "transfer",
      "decode",
      "show",
    ]);
    for (const [index, span] of own.entries()) {
      if (index > 0) expect(span.from).toBe(own[index - 1]?.to ?? 0);
    }
    // The server's clock is 5 s ahead. The viewer maps the stamps to its own clock, within half of the round trip.
    const errorMicros = Math.abs((own[0]?.from ?? 0) - (capturedAt[frame - 1] ?? 0));
    expect((errorMicros - 500 * roundTripMs) / 5_000_000).toBeLessThan(0.01);
  }
});

describe("view: sizes and pauses that it asks for", () => {
  test.each([
    [null, []],
    [{ width: 640, height: 360 }, [{ paused: false, keepsSize: false, width: 640, height: 360 }]],
  ])("view: after the greeting, asks for the right size for %j", async (size, wishes) => {
    using server = new TileServer();
    const viewer = startViewer(server, { size });
    await server.greeted();
    await Bun.sleep(20);
    expect(server.wishes).toEqual(wishes);
    server.sayGoodbye();
    await viewer.ended;
  });

  test("view: while a window is being resized, asks for a few of the sizes and for the last one", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    const sizes = Array.from({ length: 60 }, (_, index) => ({ width: 640 - index, height: 360 }));
    for (const size of sizes) viewer.keys?.onSized?.(size);
    await until(() => server.wishes.at(-1)?.width === sizes.at(-1)?.width, "the last size");
    expect(server.wishes[0]).toEqual({ paused: false, keepsSize: false, width: 640, height: 360 });
    expect(server.wishes.length).toBeLessThan(sizes.length / 10);
    server.sayGoodbye();
    await viewer.ended;
  });

  test("view: asks for no pictures while its screen is hidden, and for all of them again at once", async () => {
    using server = new TileServer();
    const viewer = startViewer(server);
    await server.greeted();
    for (const isHidden of [true, true, false]) viewer.keys?.onHidden?.(isHidden);
    await until(() => server.wishes.length >= 2, "two Wishes");
    expect(server.wishes.map(({ paused }) => paused)).toEqual([true, false]);
    server.sayGoodbye();
    await viewer.ended;
  });

  test("view: asks for no larger pictures than the user wants, in a large window", async () => {
    using server = new TileServer();
    const viewer = startViewer(server, { size: { width: 320, height: 240 } });
    await server.greeted();
    viewer.keys?.onSized?.({ width: 1280, height: 720 });
    viewer.keys?.onHidden?.(true); // the request is sent at once, with the size
    await until(() => server.wishes.at(-1)?.paused === true, "the last Wish");
    expect(server.wishes.at(-1)).toMatchObject({ width: 320, height: 240 });
    server.sayGoodbye();
    await viewer.ended;
  });
});
