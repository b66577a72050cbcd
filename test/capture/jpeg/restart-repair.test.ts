// JpegReader on restart markers that are misnumbered, not announced, or announced and missing. The expected pictures are those of
// cjpeg before they were changed, decoded by djpeg.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import fc from "fast-check";
import { readStream, segment, SIZE, withBytes } from "../../support/jpeg-streams.ts";
import { cjpeg, djpeg } from "../../support/jpeg-tools.ts";
import { testPicture } from "../../support/samples.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** Pictures with restart markers: after each line of MCUs, after some MCUs, with and without subsampling, grey. */
const PICTURES = [
  cjpeg(testPicture(SIZE), "-restart", "1"),
  cjpeg(testPicture(SIZE, 3), "-restart", "1B"),
  cjpeg(testPicture(SIZE, 5), "-restart", "3B", "-sample", "1x1"),
  cjpeg(testPicture({ width: 75, height: 61 }, 7), "-restart", "2", "-sample", "2x1"),
  cjpeg(testPicture(SIZE, 9), "-restart", "1", "-grayscale"),
  cjpeg(testPicture(SIZE, 11), "-restart", "1", "-arithmetic"),
];

/** Returns the JPEG with other numbers in its restart markers. */
function renumbered(jpeg: Uint8Array, number: (count: number) => number): Uint8Array {
  const changed = new Uint8Array(jpeg);
  let count = 0;
  for (const at of restartsOf(jpeg)) changed[at + 1] = 0xd0 + (number(count++) & 7);
  return changed;
}

function restartsOf(jpeg: Uint8Array): number[] {
  const scanAt = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xda]));
  return [...jpeg.keys()].filter((at) => at > scanAt && jpeg[at] === 0xff && ((jpeg[at + 1] ?? 0) & 0xf8) === 0xd0);
}

function withoutInterval(jpeg: Uint8Array): Uint8Array {
  const at = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xdd, 0, 4]));
  return Buffer.concat([jpeg.subarray(0, at), jpeg.subarray(at + 6)]);
}

/** Reads a stream that has the picture twice, and returns the second one. */
function read(jpeg: Uint8Array, cuts: readonly number[] = []): Uint8Array {
  const { pictures, reasons } = readStream(Buffer.concat([jpeg, jpeg]), cuts);
  expect([pictures.length, reasons]).toEqual([2, []]);
  expect(Buffer.from(pictures[0]?.jpeg as Uint8Array).equals(pictures[1]?.jpeg as Uint8Array)).toBe(true);
  return pictures[1]?.jpeg as Uint8Array;
}

describe("JpegReader: restart markers", () => {
  test("JpegReader: misnumbered markers get their numbers, whatever the numbers and chunks were", () => {
    const numbers = fc.array(fc.nat(7), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(fc.constantFrom(...PICTURES), numbers, fc.array(fc.nat(1_000_000)), (jpeg, wrong, cuts) => {
        const changed = renumbered(jpeg, (count) => wrong[count % wrong.length] as number);
        expect(Buffer.from(read(changed, cuts)).equals(jpeg)).toBe(true);
      }),
    );
  });

  test("JpegReader: markers that are not announced get a segment DRI", () => {
    for (const jpeg of PICTURES) {
      const mended = read(withoutInterval(renumbered(jpeg, (count) => count + 3)));
      expect(djpeg(mended)).toEqual(djpeg(jpeg));
    }
  });

  test("JpegReader: an interval that no marker follows becomes 0", () => {
    const whole = cjpeg(testPicture(SIZE));
    const mended = read(withBytes(whole, segment(0xdd, Buffer.from([0, 2]))));
    expect(djpeg(mended)).toEqual(djpeg(whole));
  });

  test("JpegReader: a picture whose number of markers does not fit its size is unchanged", () => {
    for (const jpeg of PICTURES) {
      const [, second = 0] = restartsOf(jpeg);
      const missing = Buffer.concat([jpeg.subarray(0, second), jpeg.subarray(second + 2)]);
      expect(Buffer.from(read(missing)).equals(missing)).toBe(true);
    }
  });
});
