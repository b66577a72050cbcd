// Scales the lines of frames to another width, for devices whose pixels are not square.

import { type LineWeights, lineWeights, WEIGHT_BITS, WEIGHT_ONE } from "../../core/line-weights.ts";
import { type PixelFormat, planesOf, type Size } from "../../core/pixel-format.ts";

/**
 * The places of the samples of one kind in a line of a plane: the offset of the first sample, the step to the next, and their
 * count.
 */
interface Samples {
  offset: number;
  step: number;
  count: number;
}

interface ScaledPlane {
  from: number;
  fromRowBytes: number;
  to: number;
  toRowBytes: number;
  rows: number;
  samples: readonly (Samples & { scaledCount: number; weights: LineWeights })[];
}

export class FrameScaler {
  readonly #planes: readonly ScaledPlane[];

  /** Scales frames without padding to `width`. Their height stays the same. */
  constructor(format: PixelFormat, size: Size, width: number) {
    const scaled = planesOf(format, { width, height: size.height });
    this.#planes = planesOf(format, size).map(({ address, rowBytes, rows }, plane) => ({
      from: address,
      fromRowBytes: rowBytes,
      to: scaled[plane]?.address ?? 0,
      toRowBytes: scaled[plane]?.rowBytes ?? 0,
      rows,
      samples: samplesOf(format, plane, size.width).map((samples, index) => {
        const scaledCount = samplesOf(format, plane, width)[index]?.count ?? 0;
        return { ...samples, scaledCount, weights: lineWeights(samples.count, scaledCount) };
      }),
    }));
  }

  scale(frame: Uint8Array, scaled: Uint8Array): void {
    for (const { from, fromRowBytes, to, toRowBytes, rows, samples } of this.#planes) {
      for (const { offset, step, scaledCount, weights: table } of samples) {
        const { taps, places, weights } = table;
        for (let row = 0; row < rows; row++) {
          const line = from + row * fromRowBytes + offset;
          let target = to + row * toRowBytes + offset;
          for (let x = 0, at = 0; x < scaledCount; x++, target += step) {
            let sum = WEIGHT_ONE >> 1;
            for (let tap = 0; tap < taps; tap++, at++) {
              sum += (weights[at] as number) * (frame[line + step * (places[at] as number)] as number);
            }
            scaled[target] = sum >> WEIGHT_BITS;
          }
        }
      }
    }
  }
}

function samplesOf(format: PixelFormat, plane: number, width: number): Samples[] {
  const half = (width + 1) >> 1;
  const each = (step: number, count: number) => Array.from({ length: step }, (_, offset) => ({ offset, step, count }));
  switch (format) {
    case "rgba":
      return each(4, width);
    case "rgb24":
    case "bgr24":
      return each(3, width);
    case "gray":
      return each(1, width);
    case "yuv420p":
    case "yuvj420p":
      return each(1, plane === 0 ? width : half);
    case "nv12":
      return plane === 0 ? each(1, width) : each(2, half);
    case "yuyv422":
      return [
        { offset: 0, step: 2, count: 2 * half },
        { offset: 1, step: 4, count: half },
        { offset: 3, step: 4, count: half },
      ];
  }
}
