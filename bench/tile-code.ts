// A frame code that changes only two tiles of 128 × 16 pixels: the capture time and the frame number as black and white blocks of
// 8 × 8 samples. The code of the product (capture/pattern/frame-code.ts) changes about forty tiles of a picture.
//
// Each tile has 32 blocks in two rows. The first tile has the low 32 bits of the time in microseconds since the Unix epoch. The
// second one has the low 16 bits of the frame number, and 16 bits of the CRC-32 of the other six bytes.

import { crc32 } from "node:zlib";
import { type Micros, nowMicros } from "../src/core/clock.ts";
import type { Size } from "../src/core/pixel-format.ts";
import type { FrameCode } from "../src/capture/pattern/frame-code.ts";

const BLOCK = 8;
const BLOCKS_PER_ROW = 16;
const TILE_ROWS = 2;
const TILES = 2;
const CODE_BYTES = 8;
const WRAP = 2 ** 32;
const [BLACK, WHITE] = [16, 235];

/** The lines of the first and the second tile, in lines of 16 pixels from the top. They are apart, like small changes in a scene. */
const LINES = [3, 20] as const;
const COLUMN_PIXELS = 256;

/** The smallest picture for the code. */
export const MIN_TILE_CODE_SIZE: Size = { width: COLUMN_PIXELS + 128, height: 21 * 16 };

/** Draws the code into the luma plane of a picture. */
export function drawTileCode(luma: Uint8Array, { width }: Size, { frameNumber, bornAt }: FrameCode): void {
  const bytes = Buffer.alloc(CODE_BYTES);
  bytes.writeUInt32BE(bornAt % WRAP, 0);
  bytes.writeUInt16BE(frameNumber % 2 ** 16, 4);
  bytes.writeUInt16BE(crc32(bytes.subarray(0, 6)) & 0xffff, 6);
  eachBlock((bit, x, y) => {
    const level = isSet(bytes, bit) ? WHITE : BLACK;
    for (let row = y; row < y + BLOCK; row++) luma.fill(level, row * width + x, row * width + x + BLOCK);
  });
}

/** Reads the code from RGBA pixels. Returns null if there is none. The frame number counts from 0 to 65 535 and begins again. */
export function readTileCode(rgba: Uint8Array, size: Size): FrameCode | null {
  const { width, height } = MIN_TILE_CODE_SIZE;
  if (size.width < width || size.height < height) return null;
  const bytes = Buffer.alloc(CODE_BYTES);
  eachBlock((bit, x, y) => {
    const green = rgba[((y + BLOCK / 2) * size.width + x + BLOCK / 2) * 4 + 1] ?? 0;
    if (green > 127) bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
  });
  if ((crc32(bytes.subarray(0, 6)) & 0xffff) !== bytes.readUInt16BE(6)) return null;
  const now = nowMicros();
  const age = (now - bytes.readUInt32BE(0)) % WRAP;
  const bornAt: Micros = now - (age > WRAP / 2 ? age - WRAP : age);
  return { frameNumber: bytes.readUInt16BE(4), bornAt };
}

function eachBlock(act: (bit: number, x: number, y: number) => void): void {
  for (let bit = 0; bit < TILES * TILE_ROWS * BLOCKS_PER_ROW; bit++) {
    const tile = Math.floor(bit / (TILE_ROWS * BLOCKS_PER_ROW));
    const row = Math.floor(bit / BLOCKS_PER_ROW) % TILE_ROWS;
    const line = LINES[tile] ?? 0;
    act(bit, COLUMN_PIXELS + (bit % BLOCKS_PER_ROW) * BLOCK, line * 16 + row * BLOCK);
  }
}

function isSet(bytes: Uint8Array, bit: number): boolean {
  return (((bytes[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1) === 1;
}
