// The reader of clips gives the same pictures and times as ffmpeg, in whatever parts the file arrives, and refuses other bytes.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ClipPictures } from "../../../src/client/past/clip-pictures.ts";
import { PastPictures } from "../../../src/client/past/past-pictures.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import { ProtocolError } from "../../../src/core/errors.ts";
import { SegmentFile } from "../../../src/server/record/segment-file.ts";
import { greyJpegs, type RecordedPicture, readRecording } from "../../support/recorded-camera.ts";

const SIZE = { width: 64, height: 48 };
let folder = "";
let file: Buffer;
let expected: RecordedPicture[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipstream-test-"));
  const path = join(folder, "clip.mkv");
  writeFileSync(path, "");
  const start = nowMicros();
  const written = new SegmentFile(Promise.resolve(path), SIZE, start);
  // 40 pictures 3 s apart are in several clusters, because a cluster has a second at most.
  for (const [index, jpeg] of (await greyJpegs(40, SIZE)).entries()) written.add(jpeg, start + index * 3_033_000);
  expect(await written.end(start + 39 * 3_033_000)).toBeNull();
  file = readFileSync(path);
  expected = readRecording(path);
});
afterAll(() => rmSync(folder, { recursive: true }));

function read(parts: readonly Uint8Array[]): RecordedPicture[] {
  const pictures: RecordedPicture[] = [];
  const reader = new ClipPictures((milliseconds, jpeg) => pictures.push({ milliseconds, jpeg }));
  for (const part of parts) reader.feed(part);
  return pictures;
}

const digests = (pictures: readonly RecordedPicture[]) =>
  pictures.map(({ milliseconds, jpeg }) => `${milliseconds} ${Bun.hash(jpeg).toString(16)}`);

describe("ClipPictures", () => {
  test("ClipPictures: any split of a file gives its pictures with their times", () => {
    expect(expected).toHaveLength(40);
    fc.assert(
      fc.property(fc.array(fc.nat(file.length), { maxLength: 30 }), (cuts) => {
        const ends = [...cuts.toSorted((a, b) => a - b), file.length];
        expect(digests(read(ends.map((end, index) => file.subarray(ends[index - 1] ?? 0, end))))).toEqual(
          digests(expected),
        );
      }),
      { numRuns: 30 },
    );
  });

  test("ClipPictures: other bytes give a ProtocolError, and no damage gives another error", () => {
    expect(() => read([Buffer.from("RIFF....AVI LIST")])).toThrow(ProtocolError);
    fc.assert(
      fc.property(fc.nat(file.length - 1), fc.nat(255), (at, byte) => {
        const damaged = Buffer.from(file);
        damaged[at] = byte;
        try {
          read([damaged]);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
    );
  });
});

test("ClipPictures: a time that is no number of at most eight bytes gives a ProtocolError", () => {
  const ebml = [0x1a, 0x45, 0xdf, 0xa3, 0x80];
  const timeOf = (bytes: number) =>
    Buffer.from([...ebml, 0xe7, 0x40 | (bytes >> 8), bytes & 0xff, ...new Uint8Array(bytes).fill(255)]);
  expect(() => read([timeOf(8)])).not.toThrow();
  expect(() => read([timeOf(9)])).toThrow("a time in the clip has 9 bytes");
  expect(() => read([timeOf(500)])).toThrow(ProtocolError);
});

describe("PastPictures", () => {
  const jpeg = (bytes: number) => new Uint8Array(bytes);

  test("PastPictures: goes from the newest picture to the oldest that is kept, and back", () => {
    const pictures = new PastPictures(1000);
    for (let index = 0; index < 5; index++) pictures.add(index * 100, jpeg(300));
    const agoMs = () => (10_000_000 - (pictures.current(10_000_000)?.capturedAt ?? 0)) / 1000;
    expect(agoMs()).toBe(0);
    expect(pictures.step(1)).toBe(false);
    expect([pictures.step(-1), pictures.step(-1), pictures.step(-1)]).toEqual([true, true, false]); // 3 × 300 bytes are kept
    expect(agoMs()).toBe(200);
    expect(pictures.step(1)).toBe(true);
    expect(agoMs()).toBe(100);
  });

  test("PastPictures: keeps at most 7200 pictures, however small they are", () => {
    const pictures = new PastPictures(1_000_000);
    for (let index = 0; index < 7_300; index++) pictures.add(index, jpeg(1));
    let steps = 0;
    while (pictures.step(-1)) steps++;
    expect(steps).toBe(7_199);
    expect(10_000_000 - (pictures.current(10_000_000)?.capturedAt ?? 0)).toBe(7_199_000);
  });

  test("PastPictures: a picture that alone is larger than the limit is kept, and without one there is none", () => {
    const pictures = new PastPictures(1000);
    expect(pictures.current(0)).toBeNull();
    pictures.add(0, jpeg(2000));
    expect(pictures.current(0)?.jpeg.length).toBe(2000);
  });
});
