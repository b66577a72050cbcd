// The frame code shows a frame's number and its capture time as black and white cells in the picture.
//
// The pattern source draws it, and tests and benches read it back from decoded pixels. It is a grid of 32 × 4 square cells in the
// bottom left corner. A cell is a fortieth of the picture wide. The cells contain 128 bits, row by row from the top, with the
// most significant bit first: the frame number (32 bits), the capture time in microseconds since the Unix epoch (64 bits), and
// the CRC-32 of these 12 bytes (32 bits). Only the middle of a cell is read, so the code stays readable after JPEG at any
// quality, chroma subsampling, and scaling down to a width of 160 pixels.

import { crc32 } from "node:zlib";
import type { Micros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";

export interface FrameCode {
  frameNumber: number;
  bornAt: Micros;
}

const COLUMNS = 32;
const ROWS = 4;
const CELLS_ACROSS_PICTURE = 40;
const CODE_BYTES = 16;

/** The smallest picture for the code, with cells of 4 pixels. */
export const MIN_CODE_SIZE: Size = { width: 160, height: 16 };

/** Draws the code into RGBA pixels. The picture must be at least MIN_CODE_SIZE. */
export function drawFrameCode(rgba: Uint8Array, size: Size, code: FrameCode): void {
  const bytes = Buffer.alloc(CODE_BYTES);
  bytes.writeUInt32BE(code.frameNumber, 0);
  bytes.writeBigUInt64BE(BigInt(code.bornAt), 4);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, 12)), 12);
  const pixels = new Uint32Array(rgba.buffer, rgba.byteOffset, size.width * size.height);
  for (let row = 0; row < ROWS; row++) {
    const [top, bottom] = cellRows(size, row);
    for (let column = 0; column < COLUMNS; column++) {
      const bit = row * COLUMNS + column;
      const white = ((bytes[bit >> 3] as number) >> (7 - (bit & 7))) & 1;
      const colour = white ? 0xffebebeb : 0xff101010; // studio range, so that no conversion clips
      const left = cellEdge(size, column);
      const right = cellEdge(size, column + 1);
      pixels.fill(colour, top * size.width + left, top * size.width + right);
    }
    const first = top * size.width;
    const cells = pixels.subarray(first, first + cellEdge(size, COLUMNS));
    for (let y = top + 1; y < bottom; y++) pixels.set(cells, y * size.width);
  }
}

/**
 * Reads the code from RGBA pixels, in lines of `lineBytes` bytes. Returns null when there is no code or it is damaged. Only the green
 * bytes are read, so BGRA will do as well.
 */
export function readFrameCode(rgba: Uint8Array, size: Size, lineBytes = 4 * size.width): FrameCode | null {
  const bytes = Buffer.alloc(CODE_BYTES);
  for (let row = 0; row < ROWS; row++) {
    const [top, bottom] = cellRows(size, row);
    const y = (top + bottom) >> 1;
    for (let column = 0; column < COLUMNS; column++) {
      const x = (cellEdge(size, column) + cellEdge(size, column + 1)) >> 1;
      const green = rgba[y * lineBytes + 4 * x + 1] ?? 0;
      const bit = row * COLUMNS + column;
      if (green > 127) bytes[bit >> 3] = (bytes[bit >> 3] as number) | (0x80 >> (bit & 7));
    }
  }
  if (crc32(bytes.subarray(0, 12)) !== bytes.readUInt32BE(12)) return null;
  return { frameNumber: bytes.readUInt32BE(0), bornAt: Number(bytes.readBigUInt64BE(4)) };
}

function cellEdge(size: Size, index: number): number {
  return Math.floor((index * size.width) / CELLS_ACROSS_PICTURE);
}

function cellRows(size: Size, row: number): [number, number] {
  const top = size.height - cellEdge(size, ROWS);
  return [top + cellEdge(size, row), top + cellEdge(size, row + 1)];
}
