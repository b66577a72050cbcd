// The frame code: it can be read after real JPEG compression and scaling, and a damaged code is never misread.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { Size } from "../../../src/core/pixel-format.ts";
import {
  drawFrameCode,
  type FrameCode,
  MIN_CODE_SIZE,
  readFrameCode,
} from "../../../src/capture/pattern/frame-code.ts";
import { TestCard } from "../../../src/capture/pattern/test-card.ts";
import { cjpeg, djpeg, ffmpeg } from "../../support/jpeg-tools.ts";
import { toRgbaBytes } from "../../support/samples.ts";

const CODE: FrameCode = { frameNumber: 0xdeadbeef, bornAt: 1_763_800_000_123_456 };
const SIZE: Size = { width: 640, height: 360 };

/** The test card with a frame code, as the pattern source draws it. */
function coded(size: Size, code: FrameCode = CODE): Uint8Array<ArrayBuffer> {
  const rgba = new Uint8Array(size.width * size.height * 4);
  new TestCard(size).draw(rgba, 1.3);
  drawFrameCode(rgba, size, code);
  return rgba;
}

function throughJpeg(rgba: Uint8Array, size: Size, ...args: string[]): Uint8Array {
  const pixels = rgba.filter((_, index) => index % 4 !== 3) as Uint8Array<ArrayBuffer>;
  return toRgbaBytes(djpeg(cjpeg({ ...size, channels: 3, pixels }, ...args)));
}

const code = fc.record({
  frameNumber: fc.integer({ min: 0, max: 0xffff_ffff }),
  bornAt: fc.oneof(fc.nat(), fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER })),
});

describe("readFrameCode: valid codes", () => {
  test("readFrameCode: returns every number and time that was drawn, at every size", () => {
    const size = fc.record({ width: fc.integer({ min: 160, max: 400 }), height: fc.integer({ min: 16, max: 60 }) });
    const fits = size.map(({ width, height }) => ({ width, height: Math.max(height, Math.ceil(width / 10)) }));
    fc.assert(
      fc.property(code, fits, (each, { width, height }) => {
        const rgba = new Uint8Array(width * height * 4).fill(77);
        drawFrameCode(rgba, { width, height }, each);
        expect(readFrameCode(rgba, { width, height })).toEqual(each);
      }),
    );
  });

  test.each([5, 10, 25, 50, 75, 95])("frame code: survives cjpeg at quality %d with 4:2:0", (quality) => {
    for (const size of [SIZE, MIN_CODE_SIZE, { width: 1280, height: 720 }]) {
      const picture = throughJpeg(coded(size), size, "-quality", String(quality), "-sample", "2x2");
      expect(readFrameCode(picture, size)).toEqual(CODE);
    }
  });

  test("frame code: survives two compressions and scaling by ffmpeg to half its size", () => {
    const half = { width: 320, height: 180 };
    const once = throughJpeg(coded(SIZE), SIZE, "-quality", "40");
    const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "640x360", "-i", "-"];
    const scaled = ffmpeg([...input, "-vf", "scale=320:180", "-f", "rawvideo", "-pix_fmt", "rgba", "-"], once).bytes;
    expect(readFrameCode(scaled, half)).toEqual(CODE);
    expect(readFrameCode(throughJpeg(scaled, half, "-quality", "25"), half)).toEqual(CODE);
  });

  test("frame code: survives a video codec that uses limited range", () => {
    const input = ["-f", "rawvideo", "-pix_fmt", "rgba", "-s", "640x360", "-i", "-"];
    const coder = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-pix_fmt", "yuv420p", "-f", "mpegts", "-"];
    const video = ffmpeg([...input, ...coder], coded(SIZE)).bytes;
    const decoded = ffmpeg(["-f", "mpegts", "-i", "-", "-f", "rawvideo", "-pix_fmt", "rgba", "-"], video).bytes;
    expect(readFrameCode(decoded, SIZE)).toEqual(CODE);
  });
});

describe("drawFrameCode: pixels", () => {
  test("drawFrameCode: changes nothing outside the bottom left corner", () => {
    const rgba = new Uint8Array(640 * 360 * 4).fill(77);
    drawFrameCode(rgba, SIZE, CODE);
    for (let y = 0; y < 360; y++) {
      for (let x = 0; x < 640; x++) {
        const isCode = x < 512 && y >= 360 - 64;
        const red = rgba[(y * 640 + x) * 4] as number;
        if ((red === 77) === isCode) throw new Error(`pixel ${x},${y} is ${red}`);
      }
    }
    expect(new Set(rgba)).toEqual(new Set([77, 0xeb, 0x10, 0xff]));
  });

  test("drawFrameCode: leaves the picture opaque, even in shared memory and at an offset", () => {
    const shared = new Uint8Array(new SharedArrayBuffer(160 * 16 * 4 + 64)).subarray(64);
    drawFrameCode(shared, MIN_CODE_SIZE, CODE);
    expect(readFrameCode(shared, MIN_CODE_SIZE)).toEqual(CODE);
    expect(shared[(15 * 160 + 5) * 4 + 3]).toBe(255);
  });
});

describe("readFrameCode: damaged codes", () => {
  test("readFrameCode: reads only the middle of each cell", () => {
    const rgba = coded(SIZE);
    for (let y = 360 - 64; y < 360; y++) {
      for (let x = 0; x < 512; x++) {
        const isMiddle = Math.abs((x % 16) - 8) < 4 && Math.abs(((y - 296) % 16) - 8) < 4;
        const at = (y * 640 + x) * 4;
        if (!isMiddle) rgba.set([0, 0, 0].fill((x + y) % 2 === 0 ? 255 : 0), at);
      }
    }
    expect(readFrameCode(rgba, SIZE)).toEqual(CODE);
  });

  test("readFrameCode: returns null for a picture without a code", () => {
    const rgba = new Uint8Array(640 * 360 * 4);
    expect(readFrameCode(rgba, SIZE)).toBeNull();
    expect(readFrameCode(rgba.fill(255), SIZE)).toBeNull();
    new TestCard(SIZE).draw(rgba, 0);
    expect(readFrameCode(rgba, SIZE)).toBeNull();
    expect(readFrameCode(new Uint8Array(), SIZE)).toBeNull();
  });

  test("readFrameCode: returns null when one to three cells are inverted", () => {
    const cells = fc.uniqueArray(fc.nat(127), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(code, cells, (each, wrong) => {
        const rgba = new Uint8Array(160 * 16 * 4);
        drawFrameCode(rgba, MIN_CODE_SIZE, each);
        for (const cell of wrong) {
          const [left, top] = [(cell % 32) * 4, Math.floor(cell / 32) * 4];
          for (let y = top; y < top + 4; y++) {
            for (let at = (y * 160 + left) * 4; at < (y * 160 + left + 4) * 4; at++)
              rgba[at] = 255 - (rgba[at] as number);
          }
        }
        expect(readFrameCode(rgba, MIN_CODE_SIZE)).toBeNull();
      }),
    );
  });

  test("readFrameCode: returns null for the halves of two frames, one above the other", () => {
    const upper = coded(SIZE, { frameNumber: 1, bornAt: 1_000_000 });
    const lower = coded(SIZE, { frameNumber: 2, bornAt: 1_033_333 });
    upper.set(lower.subarray(328 * 640 * 4), 328 * 640 * 4);
    expect(readFrameCode(upper, SIZE)).toBeNull();
  });
});
