// Raw frames of one size: what is written for pictures of other sizes, compared with ffmpeg's scaler.

import { expect, test } from "bun:test";
import { FixedSizeWriter } from "../../src/client/fixed-size.ts";
import type { RgbaPicture } from "../../src/client/screens/overlay.ts";
import { SourceError } from "../../src/core/errors.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { ffmpegBytes } from "../support/programs.ts";

/** A picture with soft edges, so that the way of scaling matters little. */
function draw({ width, height }: Size): RgbaPicture {
  const source = `gradients=size=${width}x${height}:seed=3:nb_colors=4:duration=1`;
  return {
    width,
    height,
    pixels: ffmpegBytes("-f", "lavfi", "-i", source, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgba"),
  };
}

/** What ffmpeg makes of a picture. */
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
  const writer = new FixedSizeWriter({ write: async (pixels) => void frames.push(Buffer.from(pixels)) }, size);
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
])("FixedSizeWriter: scales as ffmpeg does: %s", async (_, from, scale) => {
  const picture = draw(from);
  const [frame] = await writeAll({ width: 160, height: 120 }, [picture]);
  const right = filtered(picture, `${scale},pad=160:120:(ow-iw)/2:(oh-ih)/2:black`);
  expect(frame?.length).toBe(160 * 120 * 4);
  expect(worstDifference(frame ?? new Uint8Array(), right)).toBeLessThanOrEqual(6);
});

test("FixedSizeWriter: pictures of the size that was asked for are written as they are", async () => {
  const picture = draw({ width: 160, height: 120 });
  expect(await writeAll(picture, [picture])).toEqual([Buffer.from(picture.pixels)]);
});

test("FixedSizeWriter: nothing of a picture is left in the bars of the next one", async () => {
  const [wide, high] = [draw({ width: 320, height: 120 }), draw({ width: 120, height: 240 })];
  const size = { width: 160, height: 120 };
  const [, after] = await writeAll(size, [wide, high]);
  const [alone] = await writeAll(size, [high]);
  expect(after?.equals(alone ?? Buffer.alloc(0))).toBe(true);
});

test("FixedSizeWriter: without a size, another size than the first ends it with a line that says so", async () => {
  const frames: Uint8Array[] = [];
  const writer = new FixedSizeWriter({ write: async (pixels) => void frames.push(pixels) }, null);
  await writer.write(draw({ width: 320, height: 240 }));
  await writer.write(draw({ width: 320, height: 240 }));
  const failed: unknown = await writer.write(draw({ width: 480, height: 352 })).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(SourceError);
  expect(String(failed)).toMatch(/480x352 now.*began with 320x240.*--size 320x240/);
  expect(frames.length).toBe(2);
});
