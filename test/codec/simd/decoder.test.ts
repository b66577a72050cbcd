// The decoder kernel compared with djpeg: a matrix of JPEGs, odd JPEGs of cameras and of the web, and kinds that it refuses.

import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KernelError } from "../../../src/codec/simd/kernel-status.ts";
import {
  BUILDS,
  cjpeg,
  compare,
  type Content,
  djpeg,
  missingPrograms,
  type Pixels,
  picture,
  psnr,
  DecoderFixture,
  testImages,
} from "../../support/decoder-kernel.ts";

const missing = missingPrograms();
const withPrograms = describe.skipIf(missing !== "");
if (missing)
  console.warn(`decoder tests against libjpeg-turbo are skipped: ${missing} not installed (libjpeg-turbo-progs)`);

const SAMPLINGS = ["1x1", "2x1", "2x2", "1x2", "4x1", "grey"] as const;
const SIZES: readonly [number, number][] = [
  [1, 1],
  [2, 3],
  [3, 5],
  [7, 9],
  [8, 8],
  [16, 16],
  [17, 33],
  [31, 15],
  [40, 5],
  [65, 64],
  [150, 97],
];
const QUALITIES = [5, 30, 50, 75, 90, 95, 100];
const VARIANTS: readonly string[][] = [[], ["-restart", "1B"], ["-optimize", "-restart", "3B"], ["-restart", "1"]];

function jpegOf(image: Uint8Array, sampling: string, quality: number, ...options: string[]): Uint8Array {
  const how = sampling === "grey" ? ["-grayscale"] : ["-sample", sampling];
  return cjpeg(image, "-quality", String(quality), ...how, ...options);
}

const scanScripts = mkdtempSync(join(tmpdir(), "slipstream-scans-"));
afterAll(() => rmSync(scanScripts, { recursive: true }));

for (const build of BUILDS) {
  withPrograms(`decoder, ${build} SIMD`, () => {
    for (const sampling of SAMPLINGS) {
      test(`${sampling} decodes within 3 levels (box) and 4 (fancy) of djpeg, at 53 dB or more`, async () => {
        const fixture = await DecoderFixture.create(build);
        // In a picture of a few pixels, one level in one chroma sample gives 53 dB. So the test takes pictures below 1,024 pixels together.
        let tinySquares = 0;
        let tinySamples = 0;
        const contents: Content[] = ["photo", "noise", "text", "gradient"];
        let turn = 0;
        for (const [width, height] of SIZES) {
          for (const quality of QUALITIES) {
            const content = contents[turn % contents.length] ?? "photo";
            const options = VARIANTS[turn % VARIANTS.length] ?? [];
            turn += 1 + (turn % 3);
            const jpeg = jpegOf(picture(content, width, height, turn), sampling, quality, ...options);
            for (const box of [false, true]) {
              const ours = fixture.decode(jpeg, box);
              const { max, squares, samples } = compare(ours, djpeg(jpeg, box));
              const where = `${content} ${width}×${height} q${quality} ${options.join(" ")} ${box ? "box" : "fancy"}`;
              expect(max, where).toBeLessThanOrEqual(box ? 3 : 4);
              if (width * height >= 1024) expect(psnr(squares, samples), where).toBeGreaterThanOrEqual(53);
              else {
                tinySquares += squares;
                tinySamples += samples;
              }
              expect(ours.report).toEqual({ damagedTiles: 0, isTruncated: false });
            }
          }
        }
        expect(psnr(tinySquares, tinySamples)).toBeGreaterThanOrEqual(53);
      }, 120_000);
    }

    test("checkerboards, stripes and black-and-white noise do not overflow at any quality", async () => {
      const fixture = await DecoderFixture.create(build);
      const patterns: ((x: number, y: number, c: number) => boolean)[] = [
        (x, y) => (x + y) % 2 === 0,
        (x) => x % 2 === 0,
        (x, y, c) => (Math.imul(x * 73 + y * 131 + c * 7 + 1, 2654435761) >>> 16) % 2 === 0,
        (x, y) => (Math.imul(x * 31 + y * 17 + 5, 2246822519) >>> 15) % 2 === 0,
      ];
      for (const pattern of patterns) {
        const width = 96;
        const height = 64;
        const rgb = new Uint8Array(width * height * 3);
        rgb.forEach((_, i) => {
          const x = Math.floor(i / 3) % width;
          const y = Math.floor(i / 3 / width);
          rgb[i] = pattern(x, y, i % 3) ? 255 : 0;
        });
        const head = new TextEncoder().encode(`P6\n${width} ${height}\n255\n`);
        const image = new Uint8Array([...head, ...rgb]);
        for (const quality of [1, 5, 25, 50, 90, 100]) {
          for (const sampling of ["1x1", "2x2"]) {
            const jpeg = jpegOf(image, sampling, quality, "-baseline");
            const { max } = compare(fixture.decode(jpeg), djpeg(jpeg));
            expect(max, `q${quality} ${sampling}`).toBeLessThanOrEqual(4);
          }
        }
      }
    }, 60_000);

    test("a JPEG with a scan for each component, or one for both chromas, is decoded as djpeg does", async () => {
      const fixture = await DecoderFixture.create(build);
      const image = picture("photo", 117, 75);
      for (const script of ["0;1;2;", "2;0;1;", "0;1 2;", "1 2;0;"]) {
        const file = join(scanScripts, `${script.replace(/\W/g, "_")}.txt`);
        await Bun.write(file, script);
        for (const sampling of ["1x1", "2x1", "2x2", "1x2"]) {
          for (const restart of [[], ["-restart", "5B"]]) {
            const jpeg = cjpeg(image, "-quality", "80", "-sample", sampling, "-scans", file, ...restart);
            for (const box of [false, true]) {
              const { max, squares, samples } = compare(fixture.decode(jpeg, box), djpeg(jpeg, box));
              expect(max, `${script} ${sampling}`).toBeLessThanOrEqual(box ? 3 : 4);
              expect(psnr(squares, samples)).toBeGreaterThanOrEqual(53);
            }
          }
        }
      }
    }, 60_000);

    test("a JPEG with 16-bit quantisation tables (extended sequential) is decoded as djpeg does", async () => {
      const fixture = await DecoderFixture.create(build);
      for (const quality of [1, 3, 8]) {
        const jpeg = cjpeg(picture("photo", 64, 48), "-quality", String(quality));
        expect(segment(jpeg, 0xc1)).toBeGreaterThan(0);
        expect(compare(fixture.decode(jpeg), djpeg(jpeg)).max).toBeLessThanOrEqual(4);
      }
    });

    test("the decoder accepts missing Huffman tables, comments, APPn, fill bytes and garbage", async () => {
      const fixture = await DecoderFixture.create(build);
      const plain = cjpeg(picture("photo", 90, 50), "-quality", "75", "-restart", "1");
      const expected = fixture.decode(plain).data;
      const withoutDht = withoutSegments(plain, 0xc4);
      expect(withoutDht.length).toBeLessThan(plain.length - 400);
      expect(fixture.decode(withoutDht).data).toEqual(expected);
      const comment = [0xff, 0xfe, 0x00, 0x06, 0xff, 0xd8, 0xff, 0xda];
      const app = [0xff, 0xff, 0xff, 0xe7, 0x00, 0x05, 1, 2, 3];
      const dressed = new Uint8Array([
        ...[0x12, 0xff, 0x00, 0xff, 0xd9, 0x99],
        ...plain.subarray(0, 2),
        ...comment,
        ...app,
        ...plain.subarray(2),
        ...[0xff, 0xd9, 0x77, 0xff, 0xd0, 0xff, 0xda],
      ]);
      const decoded = fixture.decode(dressed);
      expect(decoded.data).toEqual(expected);
      expect(decoded.report).toEqual({ damagedTiles: 0, isTruncated: false });
    });

    test("the decoder recognises RGB by Adobe's marker or by the component identifiers", async () => {
      const fixture = await DecoderFixture.create(build);
      const jpeg = cjpeg(picture("photo", 61, 43), "-quality", "85", "-rgb");
      expect(segment(jpeg, 0xee)).toBeGreaterThan(0);
      expect(compare(fixture.decode(jpeg), djpeg(jpeg)).max).toBeLessThanOrEqual(3);
      const named = withoutSegments(jpeg, 0xee);
      expect(compare(fixture.decode(named), djpeg(named)).max).toBeLessThanOrEqual(3);
      // With transform 1 the same samples are another picture, for djpeg too.
      const transformed = jpeg.slice();
      transformed[segment(jpeg, 0xee) + 15] = 1;
      const ours = fixture.decode(transformed);
      expect(compare(ours, djpeg(transformed)).max).toBeLessThanOrEqual(3);
      expect(compare(ours, fixture.decode(jpeg)).max).toBeGreaterThan(50);
    });

    test("the intact part of a truncated JPEG is decoded, the rest is grey, and the damage is reported", async () => {
      const fixture = await DecoderFixture.create(build);
      for (const options of [
        ["-sample", "1x1"],
        ["-sample", "1x1", "-restart", "1"],
      ]) {
        const whole = cjpeg(picture("photo", 128, 128), "-quality", "75", ...options);
        const complete = fixture.decode(whole);
        for (const part of [0.4, 0.6, 0.85]) {
          const cut = whole.subarray(0, Math.floor(whole.length * part));
          const ours = fixture.decode(cut);
          expect(ours.report.isTruncated).toBe(true);
          expect(ours.report.damagedTiles).toBeGreaterThan(0);
          // Some MCUs are complete, and the rest is grey.
          let isGrey = false;
          let greyMcus = 0;
          for (let mcu = 0; mcu < 256; mcu++) {
            const same = sameMcu(ours, complete, mcu);
            if (!same) isGrey = true;
            if (isGrey) {
              greyMcus++;
              expect(isGreyMcu(ours, mcu), `MCU ${mcu} of ${part}`).toBe(true);
            }
          }
          expect(greyMcus).toBeGreaterThan(20);
          expect(greyMcus).toBeLessThan(230);
        }
      }
    });

    test("a lost restart interval damages only its own tile", async () => {
      const fixture = await DecoderFixture.create(build);
      const whole = cjpeg(picture("photo", 128, 128), "-quality", "75", "-sample", "1x1", "-restart", "4B");
      const complete = fixture.decode(whole);
      const markers = restartMarkers(whole);
      expect(markers.length).toBe(63);
      const lost = new Uint8Array([...whole.subarray(0, markers[20]), ...whole.subarray(markers[21])]);
      const ours = fixture.decode(lost);
      expect(ours.report).toEqual({ damagedTiles: 1, isTruncated: true });
      for (let mcu = 0; mcu < 256; mcu++) {
        if (Math.floor(mcu / 4) === 21) expect(isGreyMcu(ours, mcu)).toBe(true);
        else expect(sameMcu(ours, complete, mcu), `MCU ${mcu}`).toBe(true);
      }
    });

    test("the decoder refuses each other kind of JPEG with its own status, and still works", async () => {
      const fixture = await DecoderFixture.create(build);
      const good = cjpeg(picture("photo", 40, 40), "-quality", "75");
      const frame = segment(good, 0xc0);
      const withFrame = (change: (bytes: Uint8Array) => void): Uint8Array => {
        const bytes = good.slice();
        change(bytes);
        return bytes;
      };
      const cases: [string, Uint8Array, number, boolean][] = [
        ["progressive", cjpeg(picture("photo", 40, 40), "-progressive"), -56, true],
        ["arithmetic", withFrame((b) => b.fill(0xc9, frame + 1, frame + 2)), -57, true],
        ["lossless", withFrame((b) => b.fill(0xc3, frame + 1, frame + 2)), -58, true],
        ["12 bit", withFrame((b) => b.fill(12, frame + 4, frame + 5)), -59, true],
        ["four components", withFrame((b) => b.fill(4, frame + 9, frame + 10)), -60, true],
        [
          "odd sampling",
          withFrame((b) => b.fill(0x31, frame + 11, frame + 12).fill(0x21, frame + 14, frame + 15)),
          -61,
          true,
        ],
        ["no height", withFrame((b) => b.fill(0, frame + 5, frame + 7)), -55, true],
        ["no SOI", good.subarray(2), -50, false],
        ["nothing", new Uint8Array(0), -50, false],
        ["half a header", good.subarray(0, 100), -51, false],
        ["a table too full", withFrame((b) => b.fill(9, segment(good, 0xc4) + 5, segment(good, 0xc4) + 6)), -53, false],
        ["no quantisation table", withoutSegments(good, 0xdb), -67, false],
        ["larger than allowed", withFrame((b) => b.fill(0xff, frame + 5, frame + 9)), -62, false],
      ];
      for (const [name, jpeg, status, isForAnotherCodec] of cases) {
        let error: unknown;
        try {
          fixture.decode(jpeg);
        } catch (caught) {
          error = caught;
        }
        expect(error, name).toBeInstanceOf(KernelError);
        expect({ name, status: (error as KernelError).status }).toEqual({ name, status });
        expect((error as KernelError).isForAnotherCodec, name).toBe(isForAnotherCodec);
        expect((error as KernelError).message.length, name).toBeGreaterThan(20);
      }
      expect(compare(fixture.decode(good), djpeg(good)).max).toBeLessThanOrEqual(4);
    });

    const folder = testImages();
    test.skipIf(!folder)("libjpeg-turbo's own test images (SLIPSTREAM_TESTIMAGES names their folder)", async () => {
      const fixture = await DecoderFixture.create(build);
      let compared = 0;
      for (const name of readdirSync(folder ?? ".").filter((file) => file.endsWith(".jpg"))) {
        const jpeg = new Uint8Array(readFileSync(join(folder ?? ".", name)));
        if (name.includes("ari") || name.includes("12") || name.includes("prog")) {
          expect(() => fixture.decode(jpeg), name).toThrow(KernelError);
          continue;
        }
        for (const box of [false, true]) {
          const { max, squares, samples } = compare(fixture.decode(jpeg, box), djpeg(jpeg, box));
          expect(max, name).toBeLessThanOrEqual(box ? 3 : 4);
          expect(psnr(squares, samples), name).toBeGreaterThanOrEqual(53);
          compared++;
        }
      }
      expect(compared).toBeGreaterThan(1);
    });
  });
}

/** The offset of the FF of the first marker of a kind, or -1. */
function segment(jpeg: Uint8Array, marker: number): number {
  let at = 2;
  while (at + 4 <= jpeg.length && jpeg[at] === 0xff && jpeg[at + 1] !== 0xda) {
    if (jpeg[at + 1] === marker) return at;
    at += 2 + (jpeg[at + 2] ?? 0) * 256 + (jpeg[at + 3] ?? 0);
  }
  return -1;
}

function withoutSegments(jpeg: Uint8Array, marker: number): Uint8Array {
  let bytes = jpeg;
  for (let at = segment(bytes, marker); at >= 0; at = segment(bytes, marker)) {
    const length = 2 + (bytes[at + 2] ?? 0) * 256 + (bytes[at + 3] ?? 0);
    bytes = new Uint8Array([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
  }
  return bytes;
}

function restartMarkers(jpeg: Uint8Array): number[] {
  const found: number[] = [];
  for (let i = 0; i + 1 < jpeg.length; i++) {
    if (jpeg[i] === 0xff && ((jpeg[i + 1] ?? 0) & 0xf8) === 0xd0) found.push(i);
  }
  return found;
}

/** Whether 8 × 8 pixels are the same in both pictures. The pictures are sixteen MCUs wide. */
function sameMcu(a: Pixels, b: Pixels, mcu: number): boolean {
  return everyByte(a, mcu, (i) => a.data[i] === b.data[i]);
}

function isGreyMcu(a: Pixels, mcu: number): boolean {
  return everyByte(a, mcu, (i) => a.data[i] === (i % 4 === 3 ? 255 : 128));
}

function everyByte(a: Pixels, mcu: number, holds: (index: number) => boolean): boolean {
  const x = (mcu % 16) * 8;
  const y = Math.floor(mcu / 16) * 8;
  for (let line = y; line < y + 8; line++) {
    for (let i = (line * a.width + x) * 4; i < (line * a.width + x + 8) * 4; i++) {
      if (!holds(i)) return false;
    }
  }
  return true;
}
