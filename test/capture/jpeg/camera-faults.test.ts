// JpegReader on streams with faults that cameras have, compared with djpeg.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { readStream } from "../../support/jpeg-streams.ts";
import { djpeg } from "../../support/jpeg-tools.ts";
import type { Samples } from "../../support/samples.ts";

const fixture = (name: string) => readFileSync(new URL(`../../fixtures/jpeg-streams/${name}`, import.meta.url));
const RIGHT = [0, 1, 2, 3].map((number) => djpeg(fixture(`right-${number}.jpg`)));

describe("JpegReader: faults of cameras", () => {
  test.each(["no-eoi", "lost-ff", "length-too-short", "zeros-between", "junk-after-eoi"])(
    "JpegReader: all pictures of %s are read, whatever its chunks",
    (name) => {
      const stream = fixture(`${name}.mjpeg`);
      for (const chunkBytes of [stream.length, 1000, 7]) {
        const cuts = Array.from({ length: Math.floor(stream.length / chunkBytes) }, (_, n) => n * chunkBytes);
        const { pictures, reasons } = readStream(stream, cuts);
        expect(reasons).toEqual([]);
        expect(pictures.map(({ jpeg }) => djpeg(withEoi(jpeg)))).toEqual(RIGHT);
      }
    },
  );

  test("JpegReader: a picture that is cut and has a thumbnail does not damage others, and its thumbnail is not shown", () => {
    const { pictures, reasons } = readStream(fixture("cut-thumbnail.mjpeg"));
    expect(reasons).toEqual([]);
    expect(pictures.map(({ jpeg }) => jpeg.at(-1) === 0xd9)).toEqual([true, false, true, true]);
    for (const index of [0, 2, 3]) expect(djpeg(pictures[index]?.jpeg as Uint8Array)).toEqual(RIGHT[index] as Samples);
  });
});

/** djpeg reports a JPEG without EOI as damaged. */
function withEoi(jpeg: Uint8Array): Uint8Array {
  return jpeg.at(-1) === 0xd9 ? jpeg : Buffer.concat([jpeg, Buffer.from([0xff, 0xd9])]);
}
