// Random picture formats and pixels for property tests: every pixel format, odd sizes, any tile width.

import fc from "fast-check";
import type { PictureFormat } from "../../src/codec/simd/encoder.ts";
import { mcusPerLine } from "../../src/codec/jpeg/tile-grid.ts";
import { randomSequence } from "./generated-pictures.ts";

/** The number of random pictures for each property. SLIPSTREAM_FUZZ_RUNS sets another number. */
export const runs = Number(process.env["SLIPSTREAM_FUZZ_RUNS"] ?? 150);

const formats = [
  ...(["rgba", "rgb24", "bgr24"] as const).flatMap((format) =>
    (["4:2:0", "4:4:4"] as const).map((sampling) => ({ format, sampling })),
  ),
  { format: "yuvj420p", sampling: "4:2:0" },
  { format: "yuv420p", sampling: "4:2:0" },
  { format: "nv12", sampling: "4:2:0" },
  { format: "yuyv422", sampling: "4:2:2" },
  { format: "yuyv422", sampling: "4:2:0" },
  { format: "gray", sampling: "gray" },
] as const;

/** A random picture format. Its restart interval divides the number of MCUs in a line. */
export const pictureFormats = (maximumSize: number): fc.Arbitrary<PictureFormat> =>
  fc
    .record({
      format: fc.constantFrom(...formats),
      width: fc.integer({ min: 1, max: maximumSize }),
      height: fc.integer({ min: 1, max: maximumSize }),
      quality: fc.integer({ min: 1, max: 100 }),
      divisor: fc.nat(),
    })
    .map(({ format, divisor, ...rest }) => {
      const mcus = mcusPerLine(rest.width, format.sampling);
      const divisors = Array.from({ length: mcus }, (_, n) => n + 1).filter((n) => mcus % n === 0);
      return { ...rest, ...format, restartIntervalMcus: divisors[divisor % divisors.length] ?? mcus };
    });

/** Pixels that are smooth in some places and noise in others, so that they reach all branches of the entropy coder. */
export function randomPixels(bytes: number, seed: number): Uint8Array {
  const random = randomSequence(seed);
  let level = 128;
  let spread = 4;
  return Uint8Array.from({ length: bytes }, (_, n) => {
    if (n % 509 === 0) spread = [0, 2, 16, 255][Math.floor(random() * 4)] ?? 0;
    level = Math.max(0, Math.min(255, level + (random() - 0.5) * spread));
    return level;
  });
}
