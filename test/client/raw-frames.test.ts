// Raw frames: pictures of other sizes compared with ffmpeg's scaler, and the messages about a change of size.

import { expect, test } from "bun:test";
import { RawFrameWriter } from "../../src/client/raw-frames.ts";
import type { RgbaPicture } from "../../src/client/screens/overlay.ts";
import { lineLog, SILENT_LOG } from "../../src/core/log.ts";
import { SourceError } from "../../src/core/errors.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { ffmpegBytes } from "../support/programs.ts";

/** A picture with soft edges, so that scaling methods hardly differ. */
function draw({ width, height }: Size): RgbaPicture {
  const source = `gradients=size=${width}x${height}:seed=3:nb_colors=4:duration=1`;
  return {
    width,
    height,
    pixels: ffmpegBytes("-f", "lavfi", "-i", source, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba"),
  };
}

/** The picture as ffmpeg scales it. */
function filtered({ width, height, pixels }: RgbaPicture, filter: string): Uint8Array {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-video_size", `${width}x${height}`, "-i", "pipe:0"];
  const command = [
    "ffmpeg",
    "-loglevel",
    "error",
    ...input,
    "-vf",
    filter,
    "-f",
    "rawvideo",
    "-pix_fmt",
    "rgba",
    "pipe:1",
  ];
  return Bun.spawnSync(command, { stdin: pixels }).stdout;
}

/** Writes the pictures, and returns copies of the frames. */
async function writeAll(size: Size | null, pictures: readonly RgbaPicture[]): Promise<Buffer[]> {
  const frames: Buffer[] = [];
  const writer = new RawFrameWriter(
    { write: async (pixels) => void frames.push(Buffer.from(pixels)) },
    size,
    SILENT_LOG,
  );
  for (const picture of pictures) await writer.write(picture);
  return frames;
}

function worstDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((worst, level, at) => Math.max(worst, Math.abs(level - (b[at] ?? 256))), 0);
}

test.each([
  ["half", { width: 320, height: 240 }, "scale=160:120:flags=area"],
  ["three fifths", { width: 268, height: 200 }, "scale=160:119:flags=area"],
  ["wider, with bars above and below", { width: 480, height: 120 }, "scale=160:40:flags=area"],
  ["higher, with bars left and right", { width: 100, height: 200 }, "scale=60:120:flags=area"],
  ["larger than the picture", { width: 80, height: 60 }, "scale=160:120:flags=neighbor"],
])("RawFrameWriter: scales as ffmpeg does: %s", async (_, from, scale) => {
  const picture = draw(from);
  const [frame] = await writeAll({ width: 160, height: 120 }, [picture]);
  const right = filtered(picture, `${scale},pad=160:120:(ow-iw)/2:(oh-ih)/2:black`);
  expect(frame?.length).toBe(160 * 120 * 4);
  expect(worstDifference(frame ?? new Uint8Array(), right)).toBeLessThanOrEqual(12);
});

test("RawFrameWriter: pictures of the requested size are written unchanged", async () => {
  const picture = draw({ width: 160, height: 120 });
  expect(await writeAll(picture, [picture])).toEqual([Buffer.from(picture.pixels)]);
});

test("RawFrameWriter: the bars of a picture contain no pixels of the picture before", async () => {
  const [wide, high] = [draw({ width: 320, height: 120 }), draw({ width: 120, height: 240 })];
  const size = { width: 160, height: 120 };
  const [, after] = await writeAll(size, [wide, high]);
  const [alone] = await writeAll(size, [high]);
  expect(after?.equals(alone ?? Buffer.alloc(0))).toBe(true);
});

test("RawFrameWriter: writes a picture unchanged if its size is half an odd size, rounded up, and one line says its size", async () => {
  const lines: string[] = [];
  const frames: Uint8Array[] = [];
  const output = { write: async (pixels: Uint8Array) => void frames.push(pixels) };
  const writer = new RawFrameWriter(
    output,
    { width: 80, height: 60 },
    lineLog((text) => lines.push(text)),
  );
  const picture = draw({ width: 81, height: 61 });
  await writer.write(picture);
  await writer.write(draw({ width: 162, height: 122 })); // later frames keep the first size
  expect(frames[0]).toBe(picture.pixels);
  expect(frames.map(({ length }) => length)).toEqual([81 * 61 * 4, 81 * 61 * 4]);
  expect(lines).toEqual(["the frames of the output are 81x61"]);
});

/** Writes frames of 320 × 240 without a requested size. */
async function writeWithoutSize() {
  const lines: string[] = [];
  const frames: Uint8Array[] = [];
  const output = { write: async (pixels: Uint8Array) => void frames.push(pixels) };
  const writer = new RawFrameWriter(
    output,
    null,
    lineLog((text) => lines.push(text)),
  );
  writer.connected();
  await writer.write(draw({ width: 320, height: 240 }));
  await writer.write(draw({ width: 320, height: 240 }));
  return { writer, frames, lines };
}

test("RawFrameWriter: without a requested size, frames follow the size of the source, and each change writes one line", async () => {
  const { writer, frames, lines } = await writeWithoutSize();
  await writer.write(draw({ width: 480, height: 352 }));
  await writer.write(draw({ width: 480, height: 352 }));
  expect(frames.map(({ length }) => length / 4)).toEqual([76_800, 76_800, 168_960, 168_960]);
  expect(lines.length).toBe(1);
  expect(lines[0]).toMatch(/480x352 from now on, after 320x240: --size 320x240/);
});

test("RawFrameWriter: without a requested size, a server that comes back with another size ends the output with an error", async () => {
  const { writer, frames, lines } = await writeWithoutSize();
  writer.connected();
  const failed: unknown = await writer.write(draw({ width: 480, height: 352 })).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(SourceError);
  expect(String(failed)).toMatch(/pictures of 480x352.*frames of 320x240: --size 320x240/);
  expect(frames.length).toBe(2);
  expect(lines).toEqual([]);
});

test("RawFrameWriter: without a requested size, the output goes on when a server comes back with the same size", async () => {
  const { writer, frames } = await writeWithoutSize();
  writer.connected();
  await writer.write(draw({ width: 320, height: 240 }));
  expect(frames.length).toBe(3);
});
