// Copies a device's buffer into a frame without padding, and converts the levels (16–235 or 0–255) at the same time. The server
// makes no other copy of the frame.

import { type PixelFormat, planesOf, type Size } from "../../core/pixel-format.ts";
import type { LevelChange } from "./colour.ts";

/** The rows of one plane: their start in the buffer and in the frame, and their length in bytes. */
interface CopiedPlane {
  from: number;
  fromStride: number;
  to: number;
  rowBytes: number;
  rows: number;
  /** The tables that convert the bytes at even and at odd indexes. Null means that the bytes are copied unchanged. */
  even: Uint8Array | null;
  odd: Uint8Array | null;
}

/** Copies frames of one layout. */
export class FrameCopier {
  /** The length of a complete frame in the device's buffer. A shorter frame is damaged. */
  readonly bufferBytes: number;
  readonly #planes: readonly CopiedPlane[];

  /**
   * `bytesPerLine` is v4l2_pix_format.bytesperline, which belongs to the first plane. The chroma planes of YU12 have half of it,
   * and the chroma plane of NV12 has the same (Documentation/userspace-api/media/v4l/pixfmt-v4l2.rst).
   */
  constructor(format: PixelFormat, size: Size, bytesPerLine: number, levels: LevelChange) {
    const luma = levelTable(levels, 219);
    const chroma = levelTable(levels, 224);
    const chromaStride = format === "nv12" ? bytesPerLine : bytesPerLine >> 1;
    const planes: CopiedPlane[] = [];
    let from = 0;
    for (const { address, rowBytes, rows } of planesOf(format, size)) {
      const isChroma = planes.length > 0;
      const fromStride = Math.max(isChroma ? chromaStride : bytesPerLine, rowBytes);
      const odd = isChroma || format === "yuyv422" ? chroma : luma;
      planes.push({ from, fromStride, to: address, rowBytes, rows, even: isChroma ? chroma : luma, odd });
      from += fromStride * rows;
    }
    this.#planes = planes;
    const last = planes.at(-1);
    this.bufferBytes = last === undefined ? 0 : last.from + last.fromStride * (last.rows - 1) + last.rowBytes;
  }

  copy(buffer: Uint8Array, frame: Uint8Array): void {
    for (const { from, fromStride, to, rowBytes, rows, even, odd } of this.#planes) {
      if (even === null || odd === null) {
        if (fromStride === rowBytes) {
          frame.set(buffer.subarray(from, from + rowBytes * rows), to);
          continue;
        }
        for (let row = 0; row < rows; row++) {
          const start = from + row * fromStride;
          frame.set(buffer.subarray(start, start + rowBytes), to + row * rowBytes);
        }
        continue;
      }
      for (let row = 0; row < rows; row++) {
        const start = from + row * fromStride;
        const target = to + row * rowBytes;
        for (let x = 0; x < rowBytes; x++) {
          const table = (x & 1) === 0 ? even : odd;
          frame[target + x] = table[buffer[start + x] as number] as number;
        }
      }
    }
  }
}

/**
 * Returns the table that converts the levels, or null if the levels stay. In BT.601's studio range luma and RGB have 219 steps
 * from 16 on, and chroma has 224 steps around 128. Full range has 255 steps.
 */
function levelTable(levels: LevelChange, steps: 219 | 224): Uint8Array | null {
  if (levels === "none") return null;
  const zero = steps === 219 ? { studio: 16, full: 0 } : { studio: 128, full: 128 };
  const table = new Uint8ClampedArray(256);
  for (let level = 0; level < 256; level++) {
    table[level] =
      levels === "studio-to-full"
        ? ((level - zero.studio) * 255) / steps + zero.full
        : ((level - zero.full) * steps) / 255 + zero.studio;
  }
  return new Uint8Array(table.buffer);
}
