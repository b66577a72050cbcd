// JpegReader: real streams of ffmpeg and cjpeg in any chunks, with other bytes between and within the pictures.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { JpegReader } from "../../../src/capture/jpeg/jpeg-reader.ts";
import { PICTURES, readStream, segment, SIZE, THUMBNAIL, withBytes } from "../../support/jpeg-streams.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

function mjpegByFfmpeg(frames: number): Uint8Array {
  const input = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=10", "-frames:v", String(frames)];
  return ffmpeg([...input, "-pix_fmt", "yuvj420p", "-f", "mjpeg", "-"]).bytes;
}

const [PLAIN, WITH_RESTARTS, PROGRESSIVE, WITH_THUMBNAIL] = PICTURES as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
  Uint8Array,
];

function withoutEoi(jpeg: Uint8Array): Uint8Array {
  return jpeg.subarray(0, -2);
}

/** Reads a stream in chunks that end at `cuts`. */
function picturesIn(parts: Uint8Array | readonly Uint8Array[], cuts: readonly number[] = []): Uint8Array[] {
  const stream = parts instanceof Uint8Array ? parts : Buffer.concat(parts);
  return readStream(stream, cuts).pictures.map(({ jpeg }) => jpeg);
}

/** Reads parts. A border follows each part. */
function readParts(parts: readonly Uint8Array[]): { pictures: Uint8Array[]; reasons: string[] } {
  const pictures: Uint8Array[] = [];
  const reasons: string[] = [];
  const sink = {
    picture: (jpeg: Uint8Array) => void pictures.push(jpeg.slice()),
    damaged: (reason: string) => void reasons.push(reason),
  };
  const reader = new JpegReader(sink, { hasBorders: true });
  for (const part of parts) {
    reader.write(part);
    reader.border();
  }
  return { pictures, reasons };
}

function expectSame(pictures: readonly Uint8Array[], expected: readonly Uint8Array[]): void {
  expect(pictures.map((picture) => picture.length)).toEqual(expected.map((picture) => picture.length));
  for (const [index, picture] of pictures.entries()) {
    expect(Buffer.from(picture).equals(expected[index] as Uint8Array)).toBe(true);
  }
}

const places = fc.array(fc.nat(1_000_000), { maxLength: 30 });

describe("JpegReader: whole pictures", () => {
  test("JpegReader: yields the same pictures for any chunks and any kind of JPEG", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...PICTURES), { maxLength: 6 }), places, (pictures, cuts) => {
        const { reader, reasons } = readStream(Buffer.concat(pictures), cuts, false);
        expectSame(picturesIn(pictures, cuts), pictures);
        expect(reasons).toEqual([]);
        expect(reader.pendingBytes).toBe(0);
      }),
    );
  });

  test("JpegReader: yields each picture with its last byte, when fed byte by byte", () => {
    const stream = Buffer.concat([WITH_RESTARTS, WITH_THUMBNAIL]);
    const read = readStream(stream, [...stream.keys()]);
    expect(read.pictures.map(({ after }) => after)).toEqual([WITH_RESTARTS.length, stream.length]);
  });

  test("JpegReader: cuts ffmpeg's MJPEG into pictures that djpeg reads without a warning", () => {
    const pictures = picturesIn(mjpegByFfmpeg(12), [100, 5000, 5001, 9000]);
    expect(pictures.length).toBe(12);
    for (const picture of pictures) expect(djpeg(picture)).toMatchObject(SIZE);
  });

  test("JpegReader: yields a picture with its thumbnail inside, and not the thumbnail alone", () => {
    expect(Buffer.from(WITH_THUMBNAIL).indexOf(Buffer.from([0xff, 0xd9]))).toBeLessThan(WITH_THUMBNAIL.length - 2);
    expectSame(picturesIn([WITH_THUMBNAIL, WITH_THUMBNAIL]), [WITH_THUMBNAIL, WITH_THUMBNAIL]);
    expect(djpeg(picturesIn(WITH_THUMBNAIL, [7])[0] as Uint8Array)).toMatchObject(SIZE);
  });

  test("JpegReader: drops bytes between pictures", () => {
    const garbage = fc.oneof(
      fc.uint8Array({ maxLength: 50 }).map((bytes) => bytes.map((byte) => (byte === 0xff ? 0 : byte))),
      fc.constantFrom(
        Buffer.from("--boundary\r\nContent-Type: image/jpeg\r\n\r\n"),
        Buffer.from([0xff]),
        Buffer.from([0xff, 0xd9, 0xff]),
        PLAIN.subarray(-100), // bytes with an EOI among them
        Buffer.alloc(5000),
      ),
      fc.constantFrom(
        Buffer.from([0xff, 0xd8, 0x00]),
        Buffer.from([0xff, 0xd8, 0xff, 0x00]),
        Buffer.from([0xff, 0xff]),
      ),
    );
    const parts = fc.array(fc.tuple(garbage, fc.constantFrom(...PICTURES)), { maxLength: 5 });
    fc.assert(
      fc.property(parts, places, (pairs, cuts) => {
        expectSame(
          picturesIn(pairs.flat(), cuts),
          pairs.map(([, picture]) => picture),
        );
      }),
    );
  });

  test("JpegReader: keeps fill bytes before markers", () => {
    const filled = Buffer.concat([
      PLAIN.subarray(0, 2),
      Buffer.from([0xff, 0xff]),
      PLAIN.subarray(2, -2),
      Buffer.from([0xff]),
      PLAIN.subarray(-2),
    ]);
    expectSame(picturesIn([filled, PLAIN], [3, 30]), [filled, PLAIN]);
  });

  test("JpegReader: pendingBytes is the length of an unfinished picture", () => {
    const stream = Buffer.concat([PLAIN, PLAIN]);
    for (const length of [100, PLAIN.length - 1]) {
      const { reader } = readStream(stream.subarray(0, PLAIN.length + length), [], false);
      expect(reader.pendingBytes).toBe(length);
    }
    expect(readStream(Buffer.from("no picture"), [], false).reader.pendingBytes).toBe(0);
    expect(readStream(withoutEoi(PLAIN), [], false).reader.pendingBytes).toBe(0); // a camera may never write EOI
  });
});

describe("JpegReader: pictures that are not whole", () => {
  test("JpegReader: shows the pictures of a camera that never writes EOI, each when the next one begins", () => {
    const pictures = PICTURES.map(withoutEoi);
    const stream = Buffer.concat(pictures);
    const read = readStream(stream, [...stream.keys()]);
    expectSame(
      read.pictures.map(({ jpeg }) => jpeg),
      pictures,
    );
    let end = 0;
    for (const [n, { after }] of read.pictures.entries()) {
      end += (pictures[n] as Uint8Array).length;
      expect(after).toBeLessThanOrEqual(end + 4); // SOI and the next marker
    }
    expect(read.reasons).toEqual([]);
  });

  test("JpegReader: a picture that is cut in its scan is delivered as far as it came, and does not damage others", () => {
    for (const cut of [WITH_RESTARTS.subarray(0, -100), WITH_THUMBNAIL.subarray(0, -30)]) {
      expectSame(picturesIn([WITH_THUMBNAIL, cut, WITH_THUMBNAIL, PLAIN]), [
        WITH_THUMBNAIL,
        cut,
        WITH_THUMBNAIL,
        PLAIN,
      ]);
    }
  });

  test("JpegReader: a picture that is cut anywhere before its scan is counted, and its thumbnail is not shown", () => {
    const scanAt = Buffer.from(WITH_THUMBNAIL).lastIndexOf(Buffer.from([0xff, 0xda]));
    for (let length = 4; length <= scanAt; length++) {
      if (length === 678) continue; // this APP1 segment ends by chance where the next thumbnail begins, so the next picture's scan is used
      const cut = WITH_THUMBNAIL.subarray(0, length);
      const { pictures, reasons } = readStream(Buffer.concat([WITH_THUMBNAIL, cut, WITH_THUMBNAIL, PLAIN, PLAIN]));
      const shown = pictures.map(({ jpeg }) => jpeg);
      expectSame(shown, [WITH_THUMBNAIL, WITH_THUMBNAIL, PLAIN, PLAIN]);
      expect(reasons.length).toBe(1);
    }
  });

  test("JpegReader: extra bytes between segments are left out, and djpeg reads the rest without a warning", () => {
    const stray = [
      Buffer.from([0, 0]),
      Buffer.from([0, 0xe1, 0, 40, ...Buffer.alloc(38, 120)]),
      Buffer.from([0xff, 0x00]),
    ];
    for (const bytes of stray) {
      const damaged = withBytes(PLAIN, bytes, 20); // after APP0
      expectSame(picturesIn([damaged, damaged, damaged]), [PLAIN, PLAIN, PLAIN]);
    }
    for (const picture of picturesIn([withBytes(PLAIN, stray[1] as Uint8Array, 20)])) {
      expect(djpeg(picture)).toMatchObject(SIZE);
    }
  });

  test("JpegReader: zeros after each table are left out", () => {
    const tables = [...PLAIN.keys()].filter(
      (at) => PLAIN[at] === 0xff && [0xdb, 0xc4].includes(PLAIN[at + 1] as number),
    );
    let damaged: Uint8Array = PLAIN;
    for (const at of tables.toReversed()) {
      const length = ((PLAIN[at + 2] as number) << 8) | (PLAIN[at + 3] as number);
      damaged = withBytes(damaged, Buffer.alloc(3), at + 2 + length);
    }
    expect(damaged.length).toBe(PLAIN.length + 3 * tables.length);
    expectSame(picturesIn([damaged, damaged, damaged]), [PLAIN, PLAIN, PLAIN]);
  });

  test("JpegReader: a segment that is longer than its length says loses no picture, even if it contains a thumbnail", () => {
    for (const payload of [Buffer.alloc(60), Buffer.concat([Buffer.alloc(99), THUMBNAIL, Buffer.alloc(40)])]) {
      const app1 = Buffer.from(segment(0xe1, payload));
      app1.writeUInt16BE(payload.length, 2); // the length does not count its own two bytes
      const damaged = withBytes(PLAIN, app1);
      const shown = picturesIn([damaged, damaged, damaged]);
      expect(shown.length).toBe(3);
      for (const picture of shown) expect(djpeg(picture)).toMatchObject(SIZE);
    }
  });

  test("JpegReader: a marker without its FF loses no picture, even if a thumbnail follows it", () => {
    const damaged = Buffer.from(WITH_THUMBNAIL);
    damaged[2] = 0;
    expectSame(picturesIn([PLAIN, damaged, damaged, PLAIN]), [
      PLAIN,
      cjpeg(testPicture(SIZE, 11)),
      cjpeg(testPicture(SIZE, 11)),
      PLAIN,
    ]);
  });

  test("JpegReader: a wrong length of 64 KiB delays good pictures by at most one", () => {
    const damaged = Buffer.from(WITH_THUMBNAIL);
    damaged.writeUInt16BE(0xffff, 4);
    const good = Array.from({ length: 8 }, () => WITH_THUMBNAIL);
    const stream = Buffer.concat([PLAIN, damaged, ...good]);
    const read = readStream(stream, [...stream.keys()]);
    expectSame(
      read.pictures.map(({ jpeg }) => jpeg),
      [PLAIN, ...good],
    );
    const firstEnd = PLAIN.length + 2 * damaged.length;
    expect(read.pictures[1]?.after).toBeLessThan(firstEnd + WITH_THUMBNAIL.length);
    expect(read.pictures[2]?.after).toBe(firstEnd + WITH_THUMBNAIL.length);
  });
});

describe("JpegReader: parts of a container", () => {
  test("JpegReader: reads one picture between two borders, and skips the bytes around it", () => {
    const junk = [Buffer.from("junk"), PLAIN.subarray(-60), PLAIN, Buffer.alloc(300)];
    const parts = PICTURES.flatMap((picture) => junk.map((bytes) => Buffer.concat([picture, bytes])));
    const { pictures, reasons } = readParts(parts);
    expectSame(
      pictures,
      PICTURES.flatMap((picture) => junk.map(() => picture)),
    );
    expect(reasons).toEqual([]);
    expectSame(readParts([Buffer.concat([Buffer.from("\r\n\r\n"), PLAIN])]).pictures, [PLAIN]);
  });

  test("JpegReader: delivers a picture at its EOI, before the border", () => {
    let pictures = 0;
    const reader = new JpegReader({ picture: () => pictures++, damaged: () => undefined }, { hasBorders: true });
    reader.write(PLAIN.subarray(0, -1));
    expect(pictures).toBe(0);
    reader.write(PLAIN.subarray(-1));
    expect(pictures).toBe(1);
  });

  test("JpegReader: delivers a picture without EOI at the border, as far as it came, and counts a picture without a scan", () => {
    const { pictures, reasons } = readParts([
      withoutEoi(PLAIN),
      new Uint8Array(),
      PLAIN.subarray(0, 300),
      PROGRESSIVE,
      WITH_THUMBNAIL.subarray(0, 780), // the thumbnail is whole
      PLAIN,
    ]);
    expectSame(pictures, [withoutEoi(PLAIN), PROGRESSIVE, PLAIN]);
    expect(reasons.length).toBe(2);
  });

  test("JpegReader: a length that extends beyond the border loses no picture", () => {
    const damaged = Buffer.from(WITH_THUMBNAIL);
    damaged.writeUInt16BE(0xffff, 4);
    const { pictures } = readParts([PLAIN, damaged, PLAIN]);
    expect(pictures.length).toBe(3);
    for (const picture of pictures) expect(djpeg(picture)).toMatchObject(SIZE);
  });
});

describe("JpegReader: other streams", () => {
  test("JpegReader: random bytes cause neither a hang nor an exception", () => {
    const byte = fc.oneof(fc.constantFrom(0xff, 0xd8, 0xd9, 0xda, 0xe0, 0xc0, 0, 2), fc.nat(255));
    fc.assert(
      fc.property(fc.array(byte, { maxLength: 600 }), places, (bytes, cuts) => {
        const pictures = picturesIn(new Uint8Array(bytes), cuts);
        for (const picture of pictures) expect([...picture.subarray(0, 2)]).toEqual([0xff, 0xd8]);
        expect(pictures.reduce((sum, picture) => sum + picture.length, 0)).toBeLessThanOrEqual(bytes.length);
      }),
      { numRuns: 500 },
    );
  });

  test("JpegReader: gives up a picture without an end after 64 MiB, and reads the next one", () => {
    const megabyte = new Uint8Array(1 << 20);
    const pictures: number[] = [];
    const reasons: string[] = [];
    const sink = {
      picture: ({ length }: Uint8Array) => void pictures.push(length),
      damaged: (reason: string) => void reasons.push(reason),
    };
    const reader = new JpegReader(sink, { hasBorders: false });
    for (let i = 0; i < 80; i++) reader.write(megabyte);
    expect(reader.pendingBytes).toBe(0);
    expect(reasons).toEqual([]);
    reader.write(PLAIN.subarray(0, -10));
    for (let i = 0; i < 80; i++) reader.write(megabyte);
    expect(reasons.length).toBe(1);
    reader.write(PLAIN);
    reader.passOn();
    expect(pictures).toEqual([PLAIN.length]);
  });

  test("JpegReader: the time for bytes that look like nested pictures is proportional to their number", () => {
    const patterns = [
      [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff],
      [0xff, 0xd8, 0xff, 0xe1, 0xff, 0xff, 0xff, 0xd9],
    ];
    for (const pattern of patterns) {
      const bytes = (length: number) => Buffer.alloc(length, Buffer.from(pattern));
      const cpuMs = (stream: Uint8Array) => {
        const before = process.cpuUsage();
        readStream(stream);
        return process.cpuUsage(before).user / 1000;
      };
      readStream(bytes(60_000));
      const few = Math.max(cpuMs(bytes(60_000)), cpuMs(bytes(60_000)), 5);
      expect(cpuMs(bytes(16 * 60_000))).toBeLessThan(100 * few); // if the time were quadratic, the ratio would be 256
      const { pictures } = readStream(Buffer.concat([PLAIN, bytes(120_000), PLAIN, PLAIN]));
      expect(pictures.length).toBeGreaterThanOrEqual(2);
    }
  });
});

describe("JpegReader: the first picture of a stream, whose size is not known yet", () => {
  const twice = PICTURES[5] as Uint8Array; // with two thumbnails of the same size

  test("JpegReader: shows neither thumbnail of a first picture that has lost its beginning", () => {
    for (const lost of [2, 20, 40]) {
      const stream = Buffer.concat([twice.subarray(lost), PLAIN, WITH_RESTARTS]);
      for (const cuts of [[], [...stream.keys()]]) {
        const { pictures } = readStream(stream, cuts);
        expectSame(
          pictures.map(({ jpeg }) => jpeg),
          [PLAIN, WITH_RESTARTS],
        );
      }
    }
  });

  test("JpegReader: a length that covers the next pictures holds back the second picture until the third one has its header", () => {
    const wrong = withBytes(PLAIN, Buffer.from([0xff, 0xe2, 0xff, 0xff]));
    const stream = Buffer.concat([wrong, PLAIN, WITH_RESTARTS, PLAIN]);
    const { pictures } = readStream(stream, [...stream.keys()]);
    expectSame(
      pictures.map(({ jpeg }) => jpeg),
      [wrong, PLAIN, WITH_RESTARTS, PLAIN].slice(-pictures.length),
    );
    expect(pictures.length).toBeGreaterThanOrEqual(3);
    const [second] = pictures.slice(-3);
    expect(second?.after).toBeLessThan(wrong.length + PLAIN.length + WITH_RESTARTS.length);
  });

  test("JpegReader: a first picture behind other bytes is held until the next one begins or nothing follows", () => {
    const stream = Buffer.concat([Buffer.from("camera 1\r\n"), PLAIN]);
    const { reader, pictures } = readStream(stream, [], false);
    expect([pictures.length, reader.mayBeWhole]).toEqual([0, true]);
    reader.passOn(); // QuietEnd calls this when nothing has followed for 20 ms
    expect(pictures.length).toBe(1);
    reader.write(WITH_RESTARTS);
    expect(pictures.length).toBe(2);
  });
});
