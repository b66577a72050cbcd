// drawOverlay: the text is visible, stays inside the picture, and afterwards every byte of the picture is restored.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { isInk } from "../../../src/client/screens/font.ts";
import { drawOverlay, NO_OVERLAY, type Overlay, type RgbaPicture } from "../../../src/client/screens/overlay.ts";
import { testPicture, toRgbaBytes } from "../../support/samples.ts";

function picture(width: number, height: number): RgbaPicture {
  return { width, height, pixels: toRgbaBytes(testPicture({ width, height })) };
}

/** A copy of the picture's pixels. */
const copyOf = ({ pixels }: RgbaPicture): Uint8Array => new Uint8Array(pixels);

/** The indices of the pixels in which two pictures of the same size differ. */
function changedPixels(before: Uint8Array, after: Uint8Array): number[] {
  const changed: number[] = [];
  for (let at = 0; at < before.length; at += 4) {
    if ([0, 1, 2, 3].some((c) => before[at + c] !== after[at + c])) changed.push(at / 4);
  }
  return changed;
}

/** The pixels of the picture while it has an overlay. */
function shown(to: RgbaPicture, overlay: Overlay): Uint8Array {
  const restore = drawOverlay(to, overlay);
  const copy = copyOf(to);
  restore();
  return copy;
}

const text = fc.oneof(
  fc.string({ maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constant("12.5 ms · ×"),
);
const share = fc.double({ min: -0.5, max: 2, noNaN: true });
const overlay: fc.Arbitrary<Overlay> = fc.record({
  lines: fc.array(text, { maxLength: 6 }),
  alarm: fc.option(text, { nil: null }),
  box: fc.option(fc.record({ x: share, y: share, width: share, height: share }), { nil: null }),
});

describe("drawOverlay: drawing and restoring", () => {
  test("drawOverlay: restores every byte for any text on any picture", () => {
    const side = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 200 }));
    fc.assert(
      fc.property(side, side, overlay, (width, height, each) => {
        const on = picture(width, height);
        const before = copyOf(on);
        drawOverlay(on, each)();
        expect(Buffer.from(on.pixels).equals(before)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("drawOverlay: restores a picture that is narrower than a letter", () => {
    for (const width of [1, 2, 3, 7, 9]) {
      const on = picture(width, 1300);
      const before = copyOf(on);
      drawOverlay(on, { lines: ["a line"], alarm: "an alarm" })();
      expect(Buffer.from(on.pixels).equals(before)).toBe(true);
    }
  });

  test("drawOverlay: changes no byte around the picture", () => {
    fc.assert(
      fc.property(overlay, (each) => {
        const memory = new Uint8Array(new SharedArrayBuffer(64 * 48 * 4 + 800)).fill(99);
        drawOverlay({ width: 64, height: 48, pixels: memory.subarray(400, 400 + 64 * 48 * 4) }, each);
        expect(memory.subarray(0, 400).every((byte) => byte === 99)).toBe(true);
        expect(memory.subarray(-400).every((byte) => byte === 99)).toBe(true);
      }),
    );
  });

  test("drawOverlay: changes no byte without text", () => {
    const on = picture(100, 80);
    expect(changedPixels(copyOf(on), shown(on, NO_OVERLAY))).toEqual([]);
  });

  test("drawOverlay: draws different texts differently", () => {
    const on = picture(320, 240);
    const looks = ["30.0 fps", "30.1 fps", "30.0 FPS!", ""].map((line) => shown(on, { lines: [line], alarm: null }));
    const alarms = ["paused", "passed"].map((alarm) => shown(on, { lines: [], alarm }));
    const all = [copyOf(on), ...looks, ...alarms].map((look) => Buffer.from(look).toString("base64"));
    expect(new Set(all).size).toBe(all.length);
  });

  test("drawOverlay: draws lines in the top left corner and an alarm on red in the middle", () => {
    const on = picture(320, 240);
    const before = copyOf(on);
    const lines = shown(on, { lines: ["AB"], alarm: null });
    for (const pixel of changedPixels(before, lines)) {
      expect(pixel % 320).toBeLessThan(40);
      expect(Math.floor(pixel / 320)).toBeLessThan(40);
    }
    const alarm = shown(on, { lines: [], alarm: "AB" });
    const changed = changedPixels(before, alarm);
    const columns = changed.map((pixel) => pixel % 320);
    const rows = changed.map((pixel) => Math.floor(pixel / 320));
    expect(Math.abs(Math.min(...columns) + Math.max(...columns) - 319)).toBeLessThanOrEqual(1);
    expect(Math.abs(Math.min(...rows) + Math.max(...rows) - 239)).toBeLessThanOrEqual(1);
    const red = changed.filter((pixel) => (alarm[pixel * 4] as number) > 150 && (alarm[pixel * 4 + 1] as number) < 80);
    expect(red.length).toBeGreaterThan(changed.length / 2);
  });

  test("drawOverlay: draws a box as a frame of two colours, and nothing inside and around it", () => {
    const on = picture(320, 240);
    const before = copyOf(on);
    const look = shown(on, { ...NO_OVERLAY, box: { x: 0.25, y: 0.5, width: 0.5, height: 0.25 } });
    const isFrame = (x: number, y: number) =>
      x >= 80 && x < 240 && y >= 120 && y < 180 && (x < 82 || x >= 238 || y < 122 || y >= 178);
    for (const pixel of changedPixels(before, look)) {
      expect(isFrame(pixel % 320, Math.floor(pixel / 320))).toBe(true);
    }
    const at = (x: number, y: number) => [...look.subarray(4 * (320 * y + x), 4 * (320 * y + x) + 3)];
    for (const [x, y] of [[80, 120], [239, 179], [160, 120], [80, 150]] as const) expect(at(x, y)).toEqual([0, 0, 0]); // prettier-ignore
    for (const [x, y] of [[81, 121], [238, 178], [160, 121], [81, 150]] as const) expect(at(x, y)).toEqual([255, 216, 0]); // prettier-ignore
  });

  test("drawOverlay: draws the shapes of the font's letters", () => {
    const on: RgbaPicture = { width: 64, height: 32, pixels: new Uint8Array(64 * 32 * 4) };
    const look = shown(on, { lines: ["K5"], alarm: null });
    const isWhite = (x: number, y: number) => look[(y * 64 + x) * 4] === 255;
    for (const [index, character] of ["K", "5"].entries()) {
      for (let row = 0; row < 7; row++) {
        for (let column = 0; column < 5; column++) {
          expect(isWhite(4 + 3 + index * 6 + column, 4 + 3 + row)).toBe(isInk(character, column, row));
        }
      }
    }
  });

  test("drawOverlay: cuts a long line at the edge of the picture", () => {
    const on = picture(100, 60);
    const long = shown(on, { lines: ["M".repeat(500)], alarm: null });
    const longer = shown(on, { lines: ["M".repeat(900)], alarm: null });
    expect(Buffer.from(long).equals(longer)).toBe(true);
    const rows = changedPixels(copyOf(on), long).map((pixel) => Math.floor(pixel / 100));
    expect(Math.max(...rows)).toBeLessThan(20); // the text does not continue in the next rows of pixels
  });

  test("drawOverlay: breaks a long alarm into lines between words", () => {
    const on = picture(320, 240);
    const height = (alarm: string) => {
      const rows = changedPixels(copyOf(on), shown(on, { lines: [], alarm })).map((pixel) => Math.floor(pixel / 320));
      return Math.max(...rows) - Math.min(...rows) + 1;
    };
    const one = height("no new picture");
    const two = height("no new picture for 7 s - the camera was unplugged; trying again");
    expect(two - one).toBe(10);
    expect(height("word ".repeat(500).trim())).toBe(240);
  });
});

describe("isInk: the font", () => {
  test("isInk: all characters look different, and unknown ones like a question mark", () => {
    const look = (character: string) =>
      Array.from({ length: 35 }, (_, i) => (isInk(character, i % 5, Math.floor(i / 5)) ? "1" : "0")).join("");
    for (const unknown of ["€", "漢", "\u0000", "constructor"]) expect(look(unknown)).toBe(look("?"));
    const different = [
      ..."ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;/-+=_%()<>'\"!?#@&*[]×·",
    ].map(look);
    expect(new Set(different).size).toBe(different.length);
    expect(look(" ")).toBe("0".repeat(35));
  });
});
