// The frame code in Python (bench/peers) equals the one in TypeScript.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { DEBIAN_PYTHON } from "../../scripts/setup/package-table.ts";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import { footageFile } from "../../bench/footage-file.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { drawFrameCode, MIN_CODE_SIZE, readFrameCode } from "../../src/capture/pattern/frame-code.ts";
import { run } from "../support/jpeg-tools.ts";

const FOLDER = fileURLToPath(new URL("../../bench/peers/", import.meta.url));
const CODE = { frameNumber: 0xdeadbeef, bornAt: 1_763_800_000_123_456 };
/** Sizes at which a cell is a whole number of pixels, and sizes at which it is not. */
const SIZES: Size[] = [
  { width: 1280, height: 720 },
  { width: 1918, height: 1079 },
  { width: 333, height: 77 },
  MIN_CODE_SIZE,
];

/** Grey RGBA pixels with a frame code. */
function picture({ width, height }: Size): Uint8Array {
  const pixels = new Uint8Array(width * height * 4).fill(77);
  drawFrameCode(pixels, { width, height }, CODE);
  return pixels;
}

/** The code that frame_code.py reads from a picture. */
function readByPython({ width, height }: Size, channels: number, pixels: Uint8Array): unknown {
  const sides = [width, height, channels].map(String);
  const { bytes } = run([DEBIAN_PYTHON, "-B", `${FOLDER}frame_code.py`, ...sides], pixels);
  return JSON.parse(Buffer.from(bytes).toString());
}

const isThere = isInstalled("numpy");
describe.skipIf(!isThere)(`frame_code.py${isThere ? "" : " (skipped: no python3-numpy)"}`, () => {
  test.each(SIZES)("frame_code.py: reads the code of TypeScript from RGBA and RGB, $width by $height", (size) => {
    const rgba = picture(size);
    const code = [CODE.frameNumber, CODE.bornAt];
    expect(readByPython(size, 4, rgba)).toEqual(code);
    const rgb = rgba.filter((_, index) => index % 4 !== 3);
    expect(readByPython(size, 3, rgb)).toEqual(code);
  });

  test("frame_code.py: returns no code if the code is damaged", () => {
    const rgba = picture(MIN_CODE_SIZE);
    for (let y = 0; y < 4; y++) rgba.fill(255 - (rgba[y * 640] as number), y * 640, y * 640 + 16); // damages the first cell
    expect(readByPython(MIN_CODE_SIZE, 4, rgba)).toBeNull();
  });

  test("camera.py: delivers frames of the footage with the same code as TypeScript", () => {
    const size = { width: 1918, height: 1078 };
    const path = footageFile("frozen", size);
    const script = `
import sys; sys.path.insert(0, sys.argv[1])
from camera import Camera
camera = Camera(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), False)
frame = camera.new_buffer()
for _ in range(3): camera.capture(frame)
sys.stdout.buffer.write(frame.tobytes())`;
    const before = Date.now() * 1000;
    const sides = [size.width, size.height].map(String);
    const rgba = run([DEBIAN_PYTHON, "-B", "-c", script, FOLDER, path, ...sides]).bytes;
    const code = readFrameCode(rgba, size);
    expect(code?.frameNumber).toBe(3);
    expect(code?.bornAt).toBeGreaterThanOrEqual(before);
    expect(code?.bornAt).toBeLessThanOrEqual((Date.now() + 1) * 1000);
    // TypeScript draws the same code into the same footage, which gives the same picture.
    const ours = new Uint8Array(readFileSync(path));
    if (code !== null) drawFrameCode(ours, size, code);
    expect(Buffer.from(rgba).equals(ours)).toBe(true);
  });
});
