// Y4mReader: ffmpeg's real output at odd sizes and rates in any chunks, and other streams.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SourceError } from "../../../src/core/errors.ts";
import { parseY4mHeader, Y4mReader } from "../../../src/capture/pipe/y4m.ts";
import { ffmpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const FRAMES = 3;

/** Frames as YUV4MPEG2 and as raw planes, which ffmpeg makes from the same pictures. */
function byFfmpeg(width: number, height: number, rate: string, format: "yuv4mpegpipe" | "rawvideo"): Uint8Array {
  const pictures = Array.from({ length: FRAMES }, (_, index) => testPicture({ width, height }, 20 * index).pixels);
  const input = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${width}x${height}`, "-r", rate, "-i", "-"];
  return ffmpeg([...input, "-pix_fmt", "yuvj420p", "-f", format, "-"], Buffer.concat(pictures)).bytes;
}

interface Read {
  sink: RecordingSink;
  rates: number[];
  reader: Y4mReader;
}

function read(stream: Uint8Array, places: readonly number[] = []): Read {
  const sink = new RecordingSink();
  const rates: number[] = [];
  const reader = new Y4mReader(sink, (rate) => rates.push(rate));
  const edges = [...places.map((place) => place % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  for (const [index, edge] of edges.entries()) reader.feed(stream.subarray(edges[index - 1] ?? 0, edge));
  return { sink, rates, reader };
}

describe("Y4mReader: valid streams", () => {
  test.each([
    [64, 48, "30", 30],
    [33, 21, "30000/1001", 30000 / 1001],
    [1, 1, "10", 10],
    [7, 2, "25/2", 12.5],
  ])("Y4mReader: reads %d×%d at %s frames per second as ffmpeg wrote it", (width, height, rate, framesPerSecond) => {
    const { sink, rates } = read(byFfmpeg(width, height, rate, "yuv4mpegpipe"));
    expect(rates).toEqual([framesPerSecond]);
    expect(sink.frames.length).toBe(FRAMES);
    for (const frame of sink.frames) expect(frame).toMatchObject({ width, height, format: "yuvj420p" });
    const planes = Buffer.concat(sink.frames.map(({ bytes }) => bytes));
    expect(planes.equals(byFfmpeg(width, height, rate, "rawvideo"))).toBe(true);
  });

  test("Y4mReader: yields the same frames for any chunks", () => {
    const stream = byFfmpeg(5, 3, "10", "yuv4mpegpipe");
    const expected = read(stream).sink.frames.map(({ bytes }) => bytes);
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 40 }), (places) => {
        const { sink } = read(stream, places);
        expect(sink.frames.map(({ bytes }) => bytes)).toEqual(expected);
        expect(sink.held).toBe(0);
      }),
    );
  });

  test("Y4mReader: accepts parameters in frame headers", () => {
    const planes = new Uint8Array([1, 2, 3]);
    const { sink } = read(
      Buffer.concat([Buffer.from("YUV4MPEG2 W1 H1 C420jpeg\nFRAME Ip\n"), planes, Buffer.from("FRAME\n"), planes]),
    );
    expect(sink.frames.map(({ bytes }) => [...bytes])).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  test("Y4mReader: counts a frame without a slot as lost, and yields the next one", () => {
    const sink = new RecordingSink();
    const reader = new Y4mReader(sink, () => undefined);
    reader.feed(Buffer.from("YUV4MPEG2 W1 H1 F5:1 C420jpeg\n"));
    sink.slots = 0;
    reader.feed(Buffer.concat([Buffer.from("FRAME\n"), new Uint8Array(3)]));
    sink.slots = 1;
    reader.feed(Buffer.concat([Buffer.from("FRAME\n"), new Uint8Array([7, 8, 9])]));
    expect(sink.lostFrames).toBe(1);
    expect(sink.frames.map(({ bytes }) => [...bytes])).toEqual([[7, 8, 9]]);
  });

  test("Y4mReader: abandon releases the slot of an unfinished frame", () => {
    const stream = byFfmpeg(64, 48, "30", "yuv4mpegpipe");
    const { sink, reader } = read(stream.subarray(0, stream.length - 10));
    expect(sink.held).toBe(1);
    reader.abandon();
    expect(sink.held).toBe(0);
    expect(sink.frames.length).toBe(FRAMES - 1);
    new Y4mReader(sink, () => undefined).abandon();
    expect(sink.held).toBe(0);
  });
});

describe("Y4mReader: other streams", () => {
  test.each([
    ["a text", "hello\n"],
    ["no size", "YUV4MPEG2 F30:1 C420jpeg\n"],
    ["a width of 0", "YUV4MPEG2 W0 H2 F30:1 C420jpeg\n"],
    ["more than 8192 lines", "YUV4MPEG2 W2 H8193 F30:1 C420jpeg\n"],
    ["no number", "YUV4MPEG2 Wx H2 F30:1 C420jpeg\n"],
    ["4:4:4", "YUV4MPEG2 W2 H2 F30:1 C444\n"],
    ["studio range", "YUV4MPEG2 W2 H2 F30:1 C420mpeg2\n"],
    ["another magic", "YUV4MPEG3 W2 H2 F30:1 C420jpeg\n"],
    ["a line without end", "Y".repeat(2000)],
  ])("Y4mReader: refuses %s", (_, text) => {
    expect(() => read(Buffer.from(text))).toThrow(SourceError);
  });

  test("Y4mReader: a line that is not FRAME gives a SourceError with `retry`", () => {
    const stream = Buffer.from("YUV4MPEG2 W1 H1 C420jpeg\nFRAME\nabcNOFRAME\n");
    expect(() => read(stream)).toThrow(expect.objectContaining({ name: "SourceError", retry: "soon" }));
  });

  test("Y4mReader: random bytes give a SourceError or no frame", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 3000 }), (bytes) => {
        try {
          expect(read(bytes).sink.frames).toEqual([]);
        } catch (error) {
          expect(error).toBeInstanceOf(SourceError);
        }
      }),
    );
  });
});

test("parseY4mHeader: returns the rate 0 if the rate is missing or unknown", () => {
  for (const rate of ["", " F0:0", " F0:1", " F30:0"]) {
    expect(parseY4mHeader(`YUV4MPEG2 W4 H2${rate} C420jpeg`)).toEqual({ width: 4, height: 2, framesPerSecond: 0 });
  }
});
