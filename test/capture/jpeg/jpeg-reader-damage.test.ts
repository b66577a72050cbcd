// JpegReader on damaged streams: an edit of up to 64 bytes anywhere loses few pictures, and never causes an exception or large memory.

import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  edited,
  editedAnywhere,
  type EditedStream,
  editedInFirstHeader,
  editedInHeader,
  readStream,
  THUMBNAIL,
} from "../../support/jpeg-streams.ts";
import { runs } from "../../support/random-pictures.ts";
import { TEST_TIMEOUT_MS } from "../../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const cuts = fc.array(fc.nat(1_000_000), { maxLength: 30 });

interface Placed {
  jpeg: Uint8Array;
  start: number;
  end: number;
}

function place(pictures: readonly Uint8Array[]): Placed[] {
  let at = 0;
  return pictures.map((jpeg) => {
    const start = at;
    at += jpeg.length;
    return { jpeg, start, end: at };
  });
}

/** Reads the edited stream in chunks of 500 bytes and checks which pictures the edit loses. */
function checkCost({ pictures, edit }: EditedStream): void {
  const placed = place(pictures);
  const stream = edited(Buffer.concat(pictures), edit);
  const shift = edit.inserted.length - edit.removed;
  const places = Array.from({ length: Math.ceil(stream.length / 500) }, (_, n) => n * 500);
  const read = readStream(stream, places);
  // An insertion between two pictures counts as damage of the first one, because it may look like a part of it.
  const isTouched = ({ start, end }: Placed) => start < edit.at + Math.max(edit.removed, 1) && end >= edit.at;
  const lastTouched = placed.findLastIndex(isTouched);
  const expected = placed.filter((picture, n) => !isTouched(picture) && n !== lastTouched + 1);
  let from = 0;
  for (const { jpeg, end } of expected) {
    const found = read.pictures.findIndex((picture, n) => n >= from && Buffer.from(picture.jpeg).equals(jpeg));
    expect(found).toBeGreaterThanOrEqual(from);
    from = found + 1;
    // A bad byte delays a good picture by at most one interval.
    const next = placed.find(({ start }) => start >= end);
    const mayWaitUntil = (next?.end ?? stream.length) + (end > edit.at ? shift : 0) + 500;
    expect(read.pictures[found]?.after).toBeLessThanOrEqual(mayWaitUntil);
  }
  for (const { jpeg } of read.pictures) expect(Buffer.from(jpeg).equals(THUMBNAIL)).toBe(false);
  expect(read.pictures.length + read.reasons.length).toBeLessThanOrEqual(pictures.length + 2);
}

describe("JpegReader: damaged streams", () => {
  test("JpegReader: an edit anywhere loses at most the pictures that it touches and the next one", () => {
    fc.assert(fc.property(editedAnywhere, checkCost), { numRuns: 2 * runs });
  });

  test("JpegReader: an edit of a length or a marker loses at most the pictures that it touches and the next one", () => {
    fc.assert(fc.property(editedInHeader, checkCost), { numRuns: 4 * runs });
    fc.assert(fc.property(editedInFirstHeader, checkCost), { numRuns: 2 * runs });
  });

  test("JpegReader: an input of the fuzzer that gave other pictures for other chunks gives the same ones", () => {
    const stream = readFileSync(new URL("../../fixtures/jpeg-streams/eoi-across-walks.bin", import.meta.url));
    const whole = readStream(stream);
    for (const chunkBytes of [1999, 7, 1]) {
      const places = Array.from({ length: Math.ceil(stream.length / chunkBytes) }, (_, n) => n * chunkBytes);
      const cut = readStream(stream, places);
      expect(cut.reasons).toEqual(whole.reasons);
      expect(cut.pictures.map(({ jpeg }) => Bun.hash(jpeg))).toEqual(whole.pictures.map(({ jpeg }) => Bun.hash(jpeg)));
    }
  });

  test("JpegReader: the pictures of damaged streams do not depend on their chunks", () => {
    fc.assert(
      fc.property(fc.oneof(editedAnywhere, editedInHeader, editedInFirstHeader), cuts, ({ pictures, edit }, places) => {
        const stream = edited(Buffer.concat(pictures), edit);
        const [whole, cut] = [readStream(stream), readStream(stream, places)];
        expect(cut.reasons).toEqual(whole.reasons);
        expect(cut.pictures.map(({ jpeg }) => Bun.hash(jpeg))).toEqual(
          whole.pictures.map(({ jpeg }) => Bun.hash(jpeg)),
        );
      }),
      { numRuns: 4 * runs },
    );
  });
});
