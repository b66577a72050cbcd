// From a device's buffer to a frame without padding, in the one copy that there is, levels changed on the way.

import type { PixelFormat, Size } from "../../core/pixel-format.ts";
import type { LevelChange } from "./colour.ts";

/** Lines of one plane: where they begin in the buffer and in the frame, and how long they are, in bytes. */
interface Plane {
  from: number;
  fromStride: number;
  to: number;
  lineBytes: number;
  lines: number;
  /** Samples at even places, and at odd ones. */
  even: Uint8Array | null;
  odd: Uint8Array | null;
}

/** Copies frames of one layout. */
export class FrameCopier {
  /** What a whole frame takes in the device's buffer; one with less in it is damaged. */
  readonly bufferBytes: number;
  readonly #planes: readonly Plane[];

  /**
   * `bytesPerLine` is v4l2_pix_format.bytesperline: of the first plane; that of the chroma planes of YU12 is half of it, that
   * of NV12's the same (Documentation/userspace-api/media/v4l/pixfmt-v4l2.rst).
   */
  constructor(format: PixelFormat, { width, height }: Size, bytesPerLine: number, levels: LevelChange) {
    const chromaWidth = (width + 1) >> 1;
    const chromaHeight = (height + 1) >> 1;
    const luma = levelTable(levels, 219);
    const chroma = levelTable(levels, 224);
    const planes: Plane[] = [];
    const add = (lineBytes: number, lines: number, stride: number, even: Uint8Array | null, odd: Uint8Array | null) => {
      const last = planes.at(-1);
      const from = last === undefined ? 0 : last.from + last.fromStride * last.lines;
      const to = last === undefined ? 0 : last.to + last.lineBytes * last.lines;
      planes.push({ from, fromStride: Math.max(stride, lineBytes), to, lineBytes, lines, even, odd });
    };
    switch (format) {
      case "rgba":
        add(width * 4, height, bytesPerLine, luma, luma);
        break;
      case "rgb24":
      case "bgr24":
        add(width * 3, height, bytesPerLine, luma, luma);
        break;
      case "gray":
        add(width, height, bytesPerLine, luma, luma);
        break;
      case "yuyv422":
        add(chromaWidth * 4, height, bytesPerLine, luma, chroma);
        break;
      case "nv12":
        add(width, height, bytesPerLine, luma, luma);
        add(chromaWidth * 2, chromaHeight, bytesPerLine, chroma, chroma);
        break;
      case "yuv420p":
      case "yuvj420p": {
        add(width, height, bytesPerLine, luma, luma);
        const chromaStride = bytesPerLine >> 1;
        add(chromaWidth, chromaHeight, chromaStride, chroma, chroma);
        add(chromaWidth, chromaHeight, chromaStride, chroma, chroma);
        break;
      }
    }
    this.#planes = planes;
    const last = planes.at(-1);
    this.bufferBytes = last === undefined ? 0 : last.from + last.fromStride * (last.lines - 1) + last.lineBytes;
  }

  copy(buffer: Uint8Array, frame: Uint8Array): void {
    for (const { from, fromStride, to, lineBytes, lines, even, odd } of this.#planes) {
      if (even === null || odd === null) {
        if (fromStride === lineBytes) {
          frame.set(buffer.subarray(from, from + lineBytes * lines), to);
          continue;
        }
        for (let line = 0; line < lines; line++) {
          const start = from + line * fromStride;
          frame.set(buffer.subarray(start, start + lineBytes), to + line * lineBytes);
        }
        continue;
      }
      for (let line = 0; line < lines; line++) {
        const start = from + line * fromStride;
        const target = to + line * lineBytes;
        for (let x = 0; x < lineBytes; x++) {
          const table = (x & 1) === 0 ? even : odd;
          frame[target + x] = table[buffer[start + x] as number] as number;
        }
      }
    }
  }
}

/**
 * BT.601's ranges: luma and RGB have 219 steps from 16 on, chroma has 224 around 128; full range has 255. Null where
 * nothing is to be changed.
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
