// The judge of a soak run: it finds pictures that are not the server's, and those that are not what their own JPEG decodes to, in
// colour or grey.

import { describe, expect, test } from "bun:test";
import type { FrameFinding } from "../../../bench/soak/findings.ts";
import { Judge } from "../../../bench/soak/judge.ts";
import { areEqual, areGreyOf } from "../../../bench/soak/shown-pixels.ts";
import { greyOut } from "../../../src/codec/grey.ts";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { testPicture, toRgbaBytes } from "../../support/samples.ts";

const frame: FrameFinding = { kind: "frame", frameNumber: 7, width: 64, height: 48, crc: 1, isEqual: true };

describe("Judge: pictures of viewers and of the server", () => {
  test("Judge: accepts the server's frames, in colour and grey, even if the server's report comes later", () => {
    const judge = new Judge();
    judge.shown("thin", frame);
    judge.stored(frame);
    judge.shown("thin", { ...frame, isGrey: true });
    judge.conclude();
    expect(judge.wrong).toEqual([]);
    expect([judge.checked, judge.checkedGrey]).toEqual([2, 1]);
  });

  test("Judge: names a frame that is not the server's, and pixels that are not those of its JPEG or of the grey of it", () => {
    const judge = new Judge();
    judge.stored(frame);
    judge.shown("a", { ...frame, crc: 2 });
    judge.shown("b", { ...frame, isEqual: false });
    judge.shown("c", { ...frame, isEqual: false, isGrey: true });
    judge.conclude();
    expect(judge.wrong).toEqual([
      "b: frame 7 does not equal its own JPEG",
      "c: frame 7 does not equal the grey of its own JPEG",
      "a: frame 7, 64x48, is not the server's frame",
    ]);
  });
});

describe("shown pixels: a picture or its grey copy", () => {
  const size = { width: 33, height: 17 };
  const picture = toRgbaBytes(testPicture(size));
  const pixels = size.width * size.height;

  /** The copy that a viewer makes. */
  function greyCopy(): Uint8Array {
    const arena = Arena.create();
    const [address, target] = [arena.take(4 * pixels), arena.take(4 * pixels)];
    arena.bytes(address, 4 * pixels).set(picture);
    greyOut(arena, { kind: "grey", address, target, pixels });
    return arena.bytes(target, 4 * pixels);
  }

  test("areGreyOf: accepts the viewer's copy, and neither the picture itself nor the copy of a similar one", () => {
    const grey = greyCopy();
    expect(areGreyOf(grey, picture)).toBe(true);
    expect(areEqual(picture, picture.slice())).toBe(true);
    expect(areEqual(grey, picture)).toBe(false);
    expect(areGreyOf(picture, picture)).toBe(false);
    for (let at = 0; at < 4; at++) {
      const wrong = grey.slice();
      wrong[4 * 100 + at] = ((wrong[4 * 100 + at] as number) + 6) & 255;
      expect(areGreyOf(wrong, picture)).toBe(false);
    }
    expect(areGreyOf(grey.subarray(4), picture)).toBe(false);
  });
});
