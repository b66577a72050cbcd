// JPEG headers of real files from cjpeg and ffmpeg, with all segments that may come before the frame header.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  estimateQuality,
  hasEnd,
  headerSegments,
  readJpegHeader,
  readJpegSize,
} from "../../../src/codec/jpeg/header.ts";
import { CodecError } from "../../../src/core/errors.ts";
import type { Size } from "../../../src/core/pixel-format.ts";
import { cjpeg, djpeg, ffmpeg, toPnm } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";

const SIZE: Size = { width: 67, height: 41 };
const JPEG = cjpeg(testPicture(SIZE));

/** Inserts bytes after SOI. */
function withBehindSoi(jpeg: Uint8Array, ...inserted: Uint8Array[]): Uint8Array {
  return Buffer.concat([jpeg.subarray(0, 2), ...inserted, jpeg.subarray(2)]);
}

function segment(marker: number, payload: Uint8Array): Uint8Array {
  const length = payload.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 255]), payload]);
}

/** The offset of the last byte of the size in the frame header, found by its marker. cjpeg writes no thumbnail, which could contain a second one. */
function endOfSize(jpeg: Uint8Array): number {
  const sof = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));
  expect(sof).toBeGreaterThan(0);
  return sof + 9;
}

describe("readJpegSize: valid JPEGs", () => {
  test.each([
    ["baseline", []],
    ["progressive", ["-progressive"]],
    ["optimized", ["-optimize"]],
    ["grey", ["-grayscale"]],
    ["arithmetic", ["-arithmetic"]],
    ["with restart markers", ["-restart", "1"]],
    ["without subsampling", ["-sample", "1x1"]],
    ["in RGB", ["-rgb"]],
  ])("readJpegSize reads the size of a JPEG from cjpeg (%s)", (_, args) => {
    for (const size of [{ width: 1, height: 1 }, SIZE, { width: 300, height: 257 }]) {
      expect(readJpegSize(cjpeg(testPicture(size), ...args))).toEqual(size);
    }
  });

  test("readJpegSize reads the size of a JPEG from ffmpeg", () => {
    const jpeg = ffmpeg(
      ["-f", "image2pipe", "-c:v", "ppm", "-i", "-", "-pix_fmt", "yuvj422p", "-f", "mjpeg", "-"],
      toPnm(testPicture(SIZE)),
    ).bytes;
    expect(readJpegSize(jpeg)).toEqual(SIZE);
  });

  test("readJpegSize skips comments, application data, fill bytes and markers without a segment", () => {
    const thumbnail = segment(
      0xe1,
      Buffer.concat([Buffer.from("Exif\0\0"), cjpeg(testPicture({ width: 8, height: 8 }))]),
    );
    const comment = segment(0xfe, Buffer.from("a comment with \xff\xc0\xff\xd9 in it", "latin1"));
    const longest = segment(0xee, new Uint8Array(65533).fill(0xff));
    const fill = new Uint8Array([0xff, 0xff, 0xff]);
    const lone = new Uint8Array([0xff, 0x01]);
    const jpeg = withBehindSoi(JPEG, fill, thumbnail, comment, lone, longest, fill);
    expect(readJpegSize(jpeg)).toEqual(SIZE);
    const decoded = djpeg(withBehindSoi(JPEG, fill, thumbnail, comment, longest, fill));
    expect({ width: decoded.width, height: decoded.height }).toEqual(SIZE);
  });

  test("readJpegSize reads a JPEG that is a view into a larger buffer", () => {
    const around = Buffer.concat([Buffer.from([1, 2, 3]), JPEG]);
    expect(readJpegSize(around.subarray(3))).toEqual(SIZE);
  });
});

describe("readJpegSize: damaged JPEGs", () => {
  test("readJpegSize throws for a JPEG that is cut off before the last byte of its size, but not after it", () => {
    for (const size of [SIZE, { width: 300, height: 257 }]) {
      const jpeg = cjpeg(testPicture(size));
      const end = endOfSize(jpeg);
      for (let length = 0; length < jpeg.length; length++) {
        const part = jpeg.subarray(0, length);
        if (length < end) expect(() => readJpegSize(part)).toThrow(CodecError);
        else expect(readJpegSize(part)).toEqual(size);
      }
    }
  });

  test.each([
    ["0x0", [0, 0, 0, 0]],
    ["no height (it would follow in a DNL)", [0, 0, 0, 67]],
    ["no width", [0, 41, 0, 0]],
    ["8193 wide", [0, 41, 0x20, 0x01]],
    ["65535x65535", [255, 255, 255, 255]],
  ])("readJpegSize throws for a header with %s", (_, sizeBytes) => {
    const jpeg = new Uint8Array(JPEG);
    jpeg.set(sizeBytes, endOfSize(jpeg) - 4);
    expect(() => readJpegSize(jpeg)).toThrow(CodecError);
  });

  test.each([
    ["nothing", ""],
    ["SOI alone", "ffd8"],
    ["a PNG", "89504e470d0a1a0a0000000d49484452"],
    ["no marker behind SOI", "ffd800000000"],
    ["a scan before the frame header", "ffd8ffda0008010100003f00aabbccffd9"],
    ["an end before the frame header", "ffd8ffd90000"],
    ["only tables", "ffd8ffdb0003ffffc40003ff"],
    ["a segment length of 0", "ffd8ffe00000ffe00000"],
    ["only fill bytes", `ffd8${"ff".repeat(1000)}`],
  ])("readJpegSize throws for %s", (_, hex) => {
    expect(() => readJpegSize(Buffer.from(hex, "hex"))).toThrow(CodecError);
  });

  test("readJpegSize returns a usable size or throws a CodecError for random bytes", () => {
    const start = fc.constantFrom([], [0xff, 0xd8], [0xff, 0xd8, 0xff], [0xff, 0xd8, 0xff, 0xe0, 0, 0]);
    const byte = fc.oneof(fc.constantFrom(0, 1, 0xff, 0xc0, 0xd8, 0xe0), fc.nat(255));
    fc.assert(
      fc.property(start, fc.array(byte, { maxLength: 400 }), (head, rest) => {
        try {
          const { width, height } = readJpegSize(new Uint8Array([...head, ...rest]));
          expect(Math.min(width, height)).toBeGreaterThanOrEqual(1);
          expect(Math.max(width, height)).toBeLessThanOrEqual(8192);
        } catch (error) {
          expect(error).toBeInstanceOf(CodecError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("readJpegSize throws nothing but CodecError for a JPEG with changed bytes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(JPEG.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        (changes) => {
          const jpeg = new Uint8Array(JPEG);
          for (const [at, value] of changes) jpeg[at] = value;
          try {
            expect(readJpegSize(jpeg)).toBeObject();
          } catch (error) {
            expect(error).toBeInstanceOf(CodecError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe("readJpegHeader: valid and cut JPEGs", () => {
  const mcusPerLine = Math.ceil(SIZE.width / 16);
  test.each([
    ["baseline", [], { isSequential: true, restartIntervalMcus: 0 }],
    ["a restart marker each line", ["-restart", "1"], { isSequential: true, restartIntervalMcus: mcusPerLine }],
    ["one every three MCUs", ["-restart", "3B"], { isSequential: true, restartIntervalMcus: 3 }],
    ["progressive", ["-progressive"], { isSequential: false, restartIntervalMcus: 0 }],
    ["arithmetic", ["-arithmetic"], { isSequential: false, restartIntervalMcus: 0 }],
  ])("readJpegHeader reads the header of a JPEG from cjpeg (%s)", (_, args, expected) => {
    expect(readJpegHeader(cjpeg(testPicture(SIZE), ...args))).toMatchObject({ ...SIZE, ...expected });
  });

  test("readJpegHeader throws for a JPEG that is cut off before its scan, but not after it", () => {
    const { dataAt, scanAt } = readJpegHeader(JPEG);
    expect([JPEG[scanAt], JPEG[scanAt + 1]]).toEqual([0xff, 0xda]);
    for (let length = 0; length < JPEG.length; length++) {
      const part = JPEG.subarray(0, length);
      if (length <= dataAt) expect(() => readJpegHeader(part)).toThrow(CodecError);
      else expect(readJpegHeader(part).dataAt).toBe(dataAt);
    }
  });

  test("hasEnd finds an EOI whatever bytes follow it, and finds none in a JPEG without EOI", () => {
    const thumbnail = segment(0xe1, cjpeg(testPicture({ width: 8, height: 8 })));
    const whole = withBehindSoi(JPEG, thumbnail);
    const ends = (jpeg: Uint8Array) => hasEnd(jpeg, readJpegHeader(jpeg));
    expect(ends(whole)).toBe(true);
    expect(ends(Buffer.concat([whole, new Uint8Array(3000)]))).toBe(true);
    expect(ends(Buffer.concat([whole, Buffer.from([0xd9, 0, 0xd9])]))).toBe(true);
    for (let cut = 1; cut < 200; cut++) expect(ends(whole.subarray(0, whole.length - cut))).toBe(false);
  });
});

describe("estimateQuality: quality from tables", () => {
  test("estimateQuality returns the quality that cjpeg was given", () => {
    for (const quality of [25, 50, 75, 85, 90, 95]) {
      const jpeg = cjpeg(testPicture(SIZE), "-quality", String(quality), "-baseline");
      expect(Math.abs((estimateQuality(jpeg) ?? 0) - quality)).toBeLessThanOrEqual(1);
    }
  });

  test("estimateQuality reads tables of 16 bits, and the table of the first component wherever it is", () => {
    for (const quality of [10, 50, 85, 95]) {
      const jpeg = cjpeg(testPicture(SIZE), "-quality", String(quality), "-baseline");
      const expected = estimateQuality(jpeg);
      expect(estimateQuality(withDqt(jpeg, (tables) => tables.map(widened)))).toBe(expected);
      expect(estimateQuality(withDqt(jpeg, (tables) => [Buffer.concat(tables.map(widened))]))).toBe(expected);
      expect(estimateQuality(withDqt(jpeg, (tables) => tables.toReversed()))).toBe(expected);
    }
    const coarse = cjpeg(testPicture(SIZE), "-quality", "3"); // cjpeg writes a 16-bit table for this quality
    expect(estimateQuality(coarse)).toBeWithin(1, 6);
  });

  test("estimateQuality returns lower values for larger quantisers of ffmpeg", () => {
    const qualities = ["2", "5", "10", "20", "31"].map((q) => {
      const args = ["-q:v", q, "-qmin", "1", "-pix_fmt", "yuvj422p", "-f", "mjpeg", "-"];
      const input = ["-f", "image2pipe", "-c:v", "ppm", "-i", "-"];
      return estimateQuality(ffmpeg([...input, ...args], toPnm(testPicture(SIZE))).bytes) ?? 0;
    });
    expect(qualities).toEqual(qualities.toSorted((a, b) => b - a));
    expect(qualities[0]).toBeGreaterThan(80);
    expect(qualities.at(-1)).toBeLessThan(30);
  });
});

/** Replaces the DQT segments. cjpeg writes one segment for each table. */
function withDqt(jpeg: Uint8Array, change: (tables: Buffer[]) => Buffer[]): Uint8Array {
  const segments = [...headerSegments(jpeg)].filter(({ marker }) => marker === 0xdb);
  const tables = segments.map(({ at, end }) => Buffer.from(jpeg.subarray(at + 4, end)));
  const written = change(tables).map((table) => {
    const length = 2 + table.length;
    return Buffer.concat([Buffer.from([0xff, 0xdb, length >> 8, length & 255]), table]);
  });
  const [first, last] = [segments.at(0), segments.at(-1)];
  return Buffer.concat([jpeg.subarray(0, first?.at), ...written, jpeg.subarray(last?.end)]);
}

/** A table of 8-bit values, written with 16 bits. */
function widened(table: Buffer): Buffer {
  const wide = Buffer.alloc(1 + 2 * 64);
  wide[0] = (table[0] as number) | 0x10;
  for (let at = 1; at <= 64; at++) wide.writeUInt16BE(table[at] as number, 2 * at - 1);
  return wide;
}
