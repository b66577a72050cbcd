// JpegReader: real streams by ffmpeg and cjpeg, cut at any place, with other bytes between and within the pictures.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SourceError } from "../../../src/core/errors.ts";
import { JpegReader, type JpegSink } from "../../../src/capture/jpeg/jpeg-reader.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";

const SIZE = { width: 64, height: 48 };

function mjpegByFfmpeg(frames: number): Uint8Array {
  const input = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10", "-frames:v", String(frames)];
  return ffmpeg([...input, "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-"]).bytes;
}

/** A picture whose application data holds a whole small JPEG, as in pictures of cameras. */
function withThumbnail(jpeg: Uint8Array): Uint8Array {
  const payload = Buffer.concat([Buffer.from("Exif\0\0"), cjpeg(testPicture({ width: 16, height: 16 }))]);
  const length = payload.length + 2;
  const app1 = Buffer.concat([Buffer.from([0xff, 0xe1, length >> 8, length & 255]), payload]);
  return Buffer.concat([jpeg.subarray(0, 2), app1, jpeg.subarray(2)]);
}

const noisy = testPicture(SIZE);
for (let at = 0; at < noisy.pixels.length; at++) noisy.pixels[at] = (at * at * 31) & 255;

const PICTURES: readonly Uint8Array[] = [
  cjpeg(testPicture(SIZE)),
  cjpeg(testPicture(SIZE, 9), "-restart", "1"),
  cjpeg(testPicture(SIZE, 5), "-progressive"),
  withThumbnail(cjpeg(testPicture(SIZE, 11))),
  cjpeg(noisy, "-quality", "100"),
  cjpeg(testPicture({ width: 8, height: 8 }), "-grayscale"),
];

const RUN = { hasBorders: false };

function sinkOf(picture: (jpeg: Uint8Array) => void): JpegSink {
  return { picture, damaged: () => undefined };
}

interface Fed {
  pictures: Uint8Array[];
  reader: JpegReader;
}

/** Feeds a stream in chunks whose ends lie at the given places. */
function feed(stream: Uint8Array, places: readonly number[]): Fed {
  const pictures: Uint8Array[] = [];
  const reader = new JpegReader(
    sinkOf((jpeg) => pictures.push(jpeg.slice())),
    RUN,
  );
  const edges = [0, ...places.map((place) => place % (stream.length + 1)).toSorted((a, b) => a - b), stream.length];
  for (const [index, edge] of edges.entries()) reader.write(stream.slice(edges[index - 1] ?? 0, edge));
  return { pictures, reader };
}

function expectSame(pictures: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(pictures.map((picture) => picture.length)).toEqual(expected.map((picture) => picture.length));
  for (const [index, picture] of pictures.entries()) {
    expect(Buffer.from(picture).equals(expected[index] as Uint8Array)).toBe(true);
  }
}

const places = fc.array(fc.nat(1_000_000), { maxLength: 30 });

describe("JpegReader", () => {
  test("JpegReader: yields the same pictures for every chunking, of every kind of JPEG", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PICTURES), { maxLength: 6 }), places, (pictures, cuts) => {
        const fed = feed(Buffer.concat(pictures), cuts);
        expectSame(fed.pictures, pictures);
        expect(fed.reader.pendingBytes).toBe(0);
      }),
    );
  });

  test("JpegReader: yields each picture with its last byte, when fed byte by byte", () => {
    const [first, second] = [PICTURES[1] as Uint8Array, PICTURES[3] as Uint8Array];
    const endings: number[] = [];
    let at = 0;
    const reader = new JpegReader(
      sinkOf(() => endings.push(at)),
      RUN,
    );
    for (const byte of Buffer.concat([first, second])) {
      at++;
      reader.write(new Uint8Array([byte]));
    }
    expect(endings).toEqual([first.length, first.length + second.length]);
  });

  test("JpegReader: cuts ffmpeg's MJPEG into pictures that djpeg reads without a warning", () => {
    const { pictures, reader } = feed(mjpegByFfmpeg(12), [100, 5000, 5001, 9000]);
    expect(pictures.length).toBe(12);
    expect(reader.pendingBytes).toBe(0);
    for (const picture of pictures) expect(djpeg(picture)).toMatchObject(SIZE);
  });

  test("JpegReader: yields a picture with a thumbnail whole, and not the thumbnail", () => {
    const outer = PICTURES[3] as Uint8Array;
    expect(Buffer.from(outer).indexOf(Buffer.from([0xff, 0xd9]))).toBeLessThan(outer.length - 2);
    expectSame(feed(Buffer.concat([outer, outer]), []).pictures, [outer, outer]);
    expect(djpeg(feed(outer, [7]).pictures[0] as Uint8Array)).toMatchObject(SIZE);
  });

  test("JpegReader: drops bytes between pictures", () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => bytes.map((byte) => (byte === 0xff ? 0 : byte))),
      fc.constantFrom(
        Buffer.from("--boundary\r\nContent-Type: image/jpeg\r\n\r\n"),
        Buffer.from([0xff]),
        Buffer.from([0xff, 0xd9, 0xff]),
      ),
      fc.constantFrom(
        Buffer.from([0xff, 0xd8, 0x00]),
        Buffer.from([0xff, 0xd8, 0xff, 0x00]),
        Buffer.from([0xff, 0xff]),
      ),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(garbage, fc.constantFrom(...PICTURES)), { maxLength: 5 }),
        places,
        (parts, cuts) => {
          const fed = feed(Buffer.concat(parts.flat()), cuts);
          expectSame(
            fed.pictures,
            parts.map(([, picture]) => picture),
          );
        },
      ),
    );
  });

  test("JpegReader: keeps fill bytes before markers", () => {
    const jpeg = PICTURES[0] as Uint8Array;
    const filled = Buffer.concat([
      jpeg.subarray(0, 2),
      Buffer.from([0xff, 0xff]),
      jpeg.subarray(2, -2),
      Buffer.from([0xff]),
      jpeg.subarray(-2),
    ]);
    expectSame(feed(Buffer.concat([filled, jpeg]), [3, 30]).pictures, [filled, jpeg]);
  });

  test("JpegReader: copies of two pictures do not share memory", () => {
    const fed = feed(Buffer.concat([PICTURES[0] as Uint8Array, PICTURES[4] as Uint8Array]), []);
    expect(fed.pictures[0]?.buffer).not.toBe(fed.pictures[1]?.buffer);
    expectSame(fed.pictures, [PICTURES[0] as Uint8Array, PICTURES[4] as Uint8Array]);
  });

  test("JpegReader: pendingBytes is the length of an unfinished picture", () => {
    const jpeg = PICTURES[0] as Uint8Array;
    for (const length of [2, 3, 100, jpeg.length - 1]) {
      const { pictures, reader } = feed(jpeg.subarray(0, length), []);
      expect(pictures).toEqual([]);
      expect(reader.pendingBytes).toBe(length);
    }
    expect(feed(Buffer.from("no picture"), []).reader.pendingBytes).toBe(0);
  });
});

describe("JpegReader, other streams", () => {
  test("JpegReader: random bytes never hang and never throw", () => {
    const byte = fc.oneof(fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0xe0, 0xc0, 0, 2), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 600 }), places, (bytes, cuts) => {
        const { pictures } = feed(new Uint8Array(bytes), cuts);
        for (const picture of pictures) {
          expect([...picture.subarray(0, 2), ...picture.subarray(-2)]).toEqual([0xff, 0xd8, 0xff, 0xd9]);
        }
        expect(pictures.reduce((sum, picture) => sum + picture.length, 0)).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  test("JpegReader: throws at 64 MiB of a picture without an end, not of garbage", () => {
    const megabyte = new Uint8Array(1 << 20);
    const reader = new JpegReader(
      sinkOf(() => undefined),
      RUN,
    );
    for (let i = 0; i < 80; i++) reader.write(megabyte);
    expect(reader.pendingBytes).toBe(0);
    reader.write(new Uint8Array([0xff, 0xd8, 0xff, 0xda, 0, 2]));
    let fedMegabytes = 0;
    expect(() => {
      for (; fedMegabytes < 80; fedMegabytes++) reader.write(megabyte);
    }).toThrow(SourceError);
    expect(fedMegabytes).toBe(63);
  });
});
