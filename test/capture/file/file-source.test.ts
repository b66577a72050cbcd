// Recordings read by real ffmpeg: the pictures of a container arrive byte for byte, each at its own time, unless they must be decoded.

import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFileSource } from "../../../src/capture/file/file-source.ts";
import { SourceError } from "../../../src/core/errors.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { avi } from "../../support/avi.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const FRAMES = 6;
const SIZE = { width: 160, height: 120 };
let folder = "";
/** Each picture is a file of its own. */
let pictures: Buffer[] = [];
const at = (name: string) => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const made = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", String(FRAMES)];
  ffmpeg([...made, "-c:v", "mjpeg", "-q:v", "4", "-f", "image2", at("%02d.jpg")]);
  pictures = readdirSync(folder)
    .toSorted()
    .map((name) => readFileSync(at(name)));
  writeFileSync(at("clip.mjpeg"), Buffer.concat(pictures));
  const raw = ["-f", "mjpeg", "-r", "25", "-i", at("clip.mjpeg"), "-c", "copy"];
  for (const name of ["clip.avi", "clip.mkv", "clip.mov", "clip.mp4"]) ffmpeg([...raw, at(name)]);
  ffmpeg([...raw, "-f", "mpjpeg", at("camera.mjpeg")]);
  ffmpeg(["-i", at("clip.avi"), "-c", "copy", "-metadata:s:v", "rotate=90", at("turned.mov")]);
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", at("decoded.mp4")]);
  ffmpeg(["-i", at("clip.avi"), "-c", "copy", "-aspect", "16:9", at("wide.mkv")]); // the container says that the picture is turned, and its JPEGs do not
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", "-aspect", "16:9", at("wide.mp4")]);
  ffmpeg(["-i", at("clip.avi"), "-c:v", "mpeg4", "-aspect", "400:3", at("absurd.mp4")]);
  const limited = ["-vf", "scale=out_range=limited,format=yuv420p", "-strict", "unofficial"];
  ffmpeg(["-i", at("clip.avi"), ...limited, "-c:v", "mjpeg", at("limited.mkv")]);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Wanted {
  size?: Size | null;
  framesPerSecond?: number | null;
}

const source = (name: string, { size = null, framesPerSecond = null }: Wanted = {}) =>
  createFileSource({ location: at(name), name, size, framesPerSecond });

/** Runs the source until it has delivered `count` frames, as pixels or JPEGs. */
async function take(name: string, count: number, wanted: Wanted = {}): Promise<RecordingSink> {
  const sink = new RecordingSink();
  await runUntil(name, sink, () => sink.jpegs.length + sink.frames.length >= count, wanted);
  return sink;
}

async function runUntil(name: string, sink: RecordingSink, isTrue: () => boolean, wanted: Wanted = {}): Promise<void> {
  const stopping = new AbortController();
  const running = source(name, wanted).run(sink, stopping.signal);
  await Promise.race([running, until(isTrue, "frames", 20_000)]);
  stopping.abort();
  await running;
}

/** The index of the picture that each JPEG equals, or −1. */
function numbersOf(jpegs: readonly Uint8Array[]): number[] {
  return jpegs.map((jpeg) => pictures.findIndex((picture) => Buffer.compare(picture, jpeg) === 0));
}

/** The indices of pictures that play in a loop. */
const loop = (count: number) => Array.from({ length: count }, (_, index) => index % FRAMES);

describe("file source: pictures that are passed on", () => {
  test.each(["clip.avi", "clip.mkv", "clip.mov", "clip.mp4", "clip.mjpeg", "camera.mjpeg"])(
    "file source: passes on all pictures of %s unchanged, in a loop",
    async (name) => {
      const sink = await take(name, 2 * FRAMES);
      expect(sink.frames).toEqual([]);
      expect(numbersOf(sink.jpegs)).toEqual(loop(sink.jpegs.length));
    },
  );

  test("file source: plays MJPEG with any file name, and shows the first picture of a JPEG file that contains more", async () => {
    copyFileSync(at("clip.mjpeg"), at("no-name"));
    copyFileSync(at("clip.mjpeg"), at("two-views.jpg"));
    expect(numbersOf((await take("no-name", FRAMES + 1)).jpegs).slice(0, FRAMES + 1)).toEqual(loop(FRAMES + 1));
    expect(numbersOf((await take("two-views.jpg", 2)).jpegs).slice(0, 2)).toEqual([0, 0]);
  });

  test.each([
    ["a size", "clip.avi", { size: { width: 80, height: 60 } }],
    ["a rate", "clip.mkv", { framesPerSecond: 10 }],
    ["a rate, raw", "clip.mjpeg", { framesPerSecond: 10 }],
    ["another codec", "decoded.mp4", {}],
    ["a container that rotates", "turned.mov", {}],
    ["a container with limited range", "limited.mkv", {}],
    ["a container whose pixels are not square", "wide.mkv", {}],
    ["a container of another codec whose pixels are not square", "wide.mp4", {}],
    ["a size and pixels that are not square", "wide.mp4", { size: { width: 80, height: 60 } }],
    ["a container whose pixels have an absurd shape", "absurd.mp4", {}],
  ] as const)("file source: delivers pixels with %s", async (_, name, wanted: Wanted) => {
    const sink = await take(name, 2, wanted);
    expect(sink.jpegs).toEqual([]);
    const own = name === "turned.mov" ? { width: 120, height: 160 } : SIZE;
    const square = name.startsWith("wide") ? { width: 213, height: 120 } : own;
    expect(sink.frames[0]).toMatchObject(wanted.size ?? square);
    expect(sink.held).toBe(0);
  });

  test.each(["100%.avi", "clip %03d.avi", "%d.mjpeg", "a[1]*?.avi", "a:b.avi", "-i.avi", "concat:x.avi"])(
    "file source: reads the file named '%s'",
    async (name) => {
      copyFileSync(at(name.endsWith("avi") ? "clip.avi" : "clip.mjpeg"), at(name));
      expect(numbersOf((await take(name, FRAMES)).jpegs).slice(0, FRAMES)).toEqual(loop(FRAMES));
    },
  );
});

describe("file source: odd packets", () => {
  const write = (name: string, packets: readonly Uint8Array[], framesPerSecond = 25) =>
    writeFileSync(at(name), avi(packets, { ...SIZE, framesPerSecond }));

  test("file source: a cut packet damages only its own picture", async () => {
    const cut = pictures.map((picture, number) => (number === 2 ? picture.subarray(0, picture.length / 2) : picture));
    write("cut.avi", cut);
    const { jpegs } = await take("cut.avi", 2 * FRAMES);
    const expected = loop(jpegs.length).map((number) => (number === 2 ? -1 : number));
    expect(numbersOf(jpegs)).toEqual(expected);
    expect(Buffer.compare(jpegs[2] as Uint8Array, cut[2] as Buffer)).toBe(0); // the part of it that exists is shown
  });

  test("file source: a packet that is not a JPEG, or that ends in its header, is counted, and the other pictures arrive", async () => {
    const broken = [pictures[0], Buffer.from("no picture"), pictures[1], pictures[2]?.subarray(0, 40), pictures[3]];
    write("broken.avi", broken as Uint8Array[]);
    const sink = await take("broken.avi", 9);
    expect(numbersOf(sink.jpegs).slice(0, 9)).toEqual([0, 1, 3, 0, 1, 3, 0, 1, 3]);
    expect(sink.lostFrames).toBeGreaterThanOrEqual(4);
  });

  test("file source: pictures without EOI arrive", async () => {
    const endless = pictures.map((picture) => picture.subarray(0, -2));
    write("endless.avi", endless);
    const { jpegs, lostFrames } = await take("endless.avi", FRAMES);
    for (const [number, jpeg] of endless.entries()) expect(Buffer.compare(jpeg, jpegs[number] as Uint8Array)).toBe(0);
    expect(lostFrames).toBe(0);
  });

  test.each([
    ["in the middle", [0, null, 1, null, null, 2]],
    ["at the start, where ffmpeg cannot rewind", [null, null, 0, 1, 2]],
  ] as const)("file source: empty packets %s do not count as pictures", async (where, numbers) => {
    const name = `empty ${where.slice(0, 6)}.avi`;
    write(
      name,
      numbers.map((number) => (number === null ? new Uint8Array() : (pictures[number] as Buffer))),
    );
    const sink = await take(name, 7);
    expect(numbersOf(sink.jpegs).slice(0, 7)).toEqual([0, 1, 2, 0, 1, 2, 0]);
    expect(sink.lostFrames).toBe(0);
    expect(sink.troubles).toEqual([]);
  });

  test.each([
    ["one frame", {}],
    ["one frame, also with a rate", { framesPerSecond: 10 }],
  ])("file source: a packet with two fields is %s", async (_, wanted) => {
    // The APP0 segment of Microsoft's AVI says whether a field has the odd (1) or the even lines (2).
    const field = (parity: "top" | "bottom") => {
      const jpeg = ffmpeg([
        ...["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25", "-frames:v", "1"],
        ...["-vf", `field=${parity},format=yuvj422p`, "-c:v", "mjpeg", "-q:v", "2", "-f", "mjpeg", "-"],
      ]).bytes;
      const segment = Buffer.from(`\xff\xe0\0\x10AVI1${parity === "top" ? "\x01" : "\x02"}`.padEnd(18, "\0"), "latin1");
      return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
    };
    const [top, bottom] = [field("top"), field("bottom")];
    write("fields.avi", [Buffer.concat([top, bottom]), Buffer.concat([top, bottom])]);
    const { jpegs, frames } = await take("fields.avi", 2, wanted);
    expect(jpegs).toEqual([]);
    expect(frames[0]).toMatchObject(SIZE);
    const planes = (jpeg: Uint8Array) =>
      ffmpeg(["-f", "mjpeg", "-i", "-", "-pix_fmt", "yuvj422p", "-f", "rawvideo", "-"], jpeg);
    const [upper, lower] = [planes(top).bytes, planes(bottom).bytes];
    let largest = 0;
    for (let line = 0; line < SIZE.height; line++) {
      const lines = line % 2 === 0 ? upper : lower;
      for (let x = 0; x < SIZE.width; x++) {
        const expected = lines[(line >> 1) * SIZE.width + x] as number;
        largest = Math.max(largest, Math.abs(expected - (frames[0]?.bytes[line * SIZE.width + x] as number)));
      }
    }
    expect(largest).toBeLessThanOrEqual(3);
  });

  test("file source: a JPEG with fewer lines than its container says is a whole picture if it is alone in its packet", async () => {
    writeFileSync(at("lower.avi"), avi(pictures, { width: 160, height: 240, framesPerSecond: 25 }));
    expect(numbersOf((await take("lower.avi", FRAMES)).jpegs).slice(0, FRAMES)).toEqual(loop(FRAMES));
  });
});

describe("file source: times", () => {
  /** Three pictures 40 ms apart, a pause of 3 s, and three more pictures. */
  const PAUSE = "setpts=PTS+gte(N\\,3)*3/TB";

  test("file source: during the pause of a recording the last picture is delivered again, and then the next one", async () => {
    const sink = new RecordingSink();
    ffmpeg(["-i", at("clip.mkv"), "-vf", PAUSE, "-fps_mode", "passthrough", "-c:v", "mjpeg", at("pause.mkv")]);
    ffmpeg(["-i", at("pause.mkv"), "-c", "copy", "-f", "image2", at("p%02d.jpg")]);
    const shown = [1, 2, 3, 4, 5, 6].map((number) => readFileSync(at(`p0${number}.jpg`)));
    const numberOf = (jpeg: Uint8Array) => shown.findIndex((picture) => Buffer.compare(picture, jpeg) === 0);
    await runUntil("pause.mkv", sink, () => sink.jpegs.some((jpeg) => numberOf(jpeg) === 5));
    const all = sink.jpegs.map(numberOf);
    const order = all.slice(0, all.indexOf(5) + 1); // on a busy machine the recording begins again before it is stopped
    expect(order.slice(0, 4)).toEqual([0, 1, 2, 2]);
    expect(order.indexOf(3)).toBeGreaterThan(3); // the picture after the pause does not come too early
    expect(order.filter((number, index) => number < (order[index - 1] ?? 0))).toEqual([]);
    expect(sink.troubles).toEqual([]);
  });

  test("file source: the last picture is also delivered again in the pause of a recording that is decoded", async () => {
    const sink = new RecordingSink();
    ffmpeg(["-i", at("clip.mkv"), "-vf", PAUSE, "-fps_mode", "passthrough", "-c:v", "mpeg4", at("long.mkv")]);
    await runUntil("long.mkv", sink, () => sink.frames.length >= 8);
    const isSame = sink.frames.map(({ bytes }, index) => {
      const before = sink.frames[index - 1];
      return before !== undefined && Buffer.compare(before.bytes, bytes) === 0;
    });
    // The fourth frame is the third one again, because the frame after the pause does not come too early.
    expect(isSame.slice(0, 4)).toEqual([false, false, false, true]);
    expect(sink.held).toBe(0);
  });

  test("file source: pictures come at their own times", async () => {
    // The first times are 0, 40 and 80 ms. After that pictures are 300 ms apart.
    const rhythm = "setpts=if(lt(N\\,3)\\,N*0.04\\,0.08+(N-2)*0.3)/TB";
    ffmpeg(["-i", at("clip.mkv"), "-vf", rhythm, "-fps_mode", "passthrough", "-c:v", "mjpeg", at("rhythm.mkv")]);
    const sink = new RecordingSink();
    const times: number[] = [];
    const { jpeg } = sink;
    sink.jpeg = (...frame) => {
      times.push(performance.now());
      return jpeg.apply(sink, frame);
    };
    await runUntil("rhythm.mkv", sink, () => times.length >= FRAMES);
    // A busy machine shows a picture late, and the next one at its own time all the same. None comes too early.
    const due = [0, 40, 80, 380, 680, 980];
    for (const [index, dueMs] of due.entries()) {
      expect((times[index] as number) - (times[0] as number)).toBeGreaterThanOrEqual(0.9 * dueMs);
    }
  });
});

describe("file source: failures", () => {
  test.each([
    ["no video", "text.mp4", "this is no video\n".repeat(100), /cannot read video from text\.mp4: Invalid data/],
    ["a JPEG without a picture", "no.jpg", "\xff\xd8\xff\xe0", /cannot show no\.jpg: /],
    ["a file that is not there", "nothing.mp4", null, /cannot read video from nothing\.mp4: No such file/],
  ])("file source: %s fails with one line that gives the reason", async (_, name, content, message) => {
    if (content !== null) writeFileSync(at(name), content, "latin1");
    const error = await source(name)
      .run(new RecordingSink(), new AbortController().signal)
      .catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).not.toContain(folder);
  });

  test("file source: an abort before the start ends the run", async () => {
    const sink = new RecordingSink();
    await source("clip.avi").run(sink, AbortSignal.abort());
    expect(sink.jpegs).toEqual([]);
  });
});
