// PpmReader: ffmpeg's real output at odd sizes in any chunks, sizes that change, and other streams.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SourceError } from "../../../src/core/errors.ts";
import { PpmReader } from "../../../src/capture/pipe/ppm.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const pictures = (width: number, height: number) =>
  [0, 20, 40].map((shift) => testPicture({ width, height }, shift).pixels);

/** The pictures as ffmpeg writes them. */
function byFfmpeg(width: number, height: number): Uint8Array {
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-i", "-"];
  return ffmpeg([...input, "-c:v", "ppm", "-f", "image2pipe", "-"], Buffer.concat(pictures(width, height))).bytes;
}

function read(stream: Uint8Array, places: readonly number[] = []): RecordingSink {
  const sink = new RecordingSink();
  const reader = new PpmReader(sink);
  const edges = [...places.map((place) => place % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  for (const [index, edge] of edges.entries()) reader.feed(stream.subarray(edges[index - 1] ?? 0, edge));
  reader.abandon();
  expect(sink.held).toBe(0);
  return sink;
}

describe("PpmReader: streams", () => {
  test.each([
    [64, 48],
    [33, 21],
    [1, 1],
    [10, 10], // pixels may start with bytes that look like blanks and digits
  ])("PpmReader: reads pictures of %d×%d with the pixels that ffmpeg was given", (width, height) => {
    const { frames } = read(byFfmpeg(width, height));
    expect(frames.map(({ bytes }) => bytes)).toEqual(pictures(width, height));
    for (const frame of frames) expect(frame).toMatchObject({ width, height, format: "rgb24" });
  });

  test("PpmReader: yields the same frames for any chunks", () => {
    const stream = byFfmpeg(5, 3);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 30 }), (places) => {
        expect(read(stream, places).frames.map(({ bytes }) => bytes)).toEqual(pictures(5, 3));
      }),
    );
  });

  test("PpmReader: follows a change of the size", () => {
    const { frames } = read(Buffer.concat([byFfmpeg(8, 6), byFfmpeg(3, 9)]));
    expect(frames.map(({ width, height }) => `${width}x${height}`)).toEqual(
      ["8x6", "8x6", "8x6", "3x9", "3x9", "3x9"], //
    );
  });

  test("PpmReader: counts a frame without a slot as lost, and yields the next frames whole", () => {
    const sink = new RecordingSink();
    sink.slots = 0;
    const reader = new PpmReader(sink);
    const stream = byFfmpeg(7, 4);
    const one = stream.length / 3;
    reader.feed(stream.subarray(0, one));
    sink.slots = 1;
    reader.feed(stream.subarray(one));
    expect(sink.lostFrames).toBe(1);
    expect(sink.frames.map(({ bytes }) => bytes)).toEqual(pictures(7, 4).slice(1));
  });

  test.each([
    ["grey pictures", "P5\n4 4\n255\n"],
    ["16 bits", "P6\n4 4\n65535\n"],
    ["a header without an end", `P6\n${" ".repeat(100)}`],
    ["no size", "P6\n0 4\n255\n"],
    ["a picture that is too large", "P6\n9000 4\n255\n"],
    ["a JPEG", "\u00ff\u00d8\u00ff"],
  ])("PpmReader: throws a SourceError for %s", (_, text) => {
    const reader = new PpmReader(new RecordingSink());
    const feed = () => reader.feed(Buffer.from(text.padEnd(80), "latin1"));
    expect(feed).toThrow(SourceError);
  });
});
