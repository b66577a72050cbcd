// The encoder with every pixel format and with sizes that end in the middle of blocks: colours, range and edges are right.

import { beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { ColourRange } from "../../../src/codec/simd/encoder.ts";
import type { ChromaSampling } from "../../../src/codec/jpeg/sampling.ts";
import { frameBytes, type PixelFormat } from "../../../src/core/pixel-format.ts";
import { EncoderFixture } from "../../support/encoder-kernel.ts";
import {
  cjpeg,
  djpeg,
  ffmpegComplaints,
  fromRawPixels,
  psnr,
  type RawPicture,
  toRawPixels,
} from "../../support/libjpeg-turbo.ts";
import { photoLike, type RgbPicture, randomSequence } from "../../support/generated-pictures.ts";

/** The number of random pictures. SLIPSTREAM_FUZZ_RUNS sets another number. Each picture starts six programs, and five share two. */
const runs = Number(process.env["SLIPSTREAM_FUZZ_RUNS"] ?? 20);
const variants = ["relaxed", "plain"] as const;
const cases: { format: PixelFormat; sampling: ChromaSampling; cjpegSampling: string }[] = [
  { format: "rgba", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "rgba", sampling: "4:4:4", cjpegSampling: "1x1" },
  { format: "rgb24", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "rgb24", sampling: "4:4:4", cjpegSampling: "1x1" },
  { format: "bgr24", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "bgr24", sampling: "4:4:4", cjpegSampling: "1x1" },
  { format: "yuvj420p", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "yuv420p", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "nv12", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "yuyv422", sampling: "4:2:2", cjpegSampling: "2x1" },
  { format: "yuyv422", sampling: "4:2:0", cjpegSampling: "2x2" },
  { format: "gray", sampling: "gray", cjpegSampling: "1x1" },
];

function channelMeans(picture: RgbPicture): number[] {
  const sums = [0, 0, 0];
  for (let n = 0; n < picture.rgb.length; n++) sums[n % 3] = (sums[n % 3] ?? 0) + (picture.rgb[n] ?? 0);
  return sums.map((sum) => (3 * sum) / picture.rgb.length);
}

/** The mean absolute difference in levels. */
function meanError(a: RgbPicture, b: RgbPicture): number {
  return a.rgb.reduce((sum, level, n) => sum + Math.abs(level - (b.rgb[n] ?? 0)), 0) / a.rgb.length;
}

// One size has complete MCUs, the other is odd and ends in the middle of an MCU.
const photos = [photoLike(320, 240), photoLike(131, 67)];
/** The photos in each format, and the RGB pixels that are left. */
const sources = new Map<PixelFormat, { raw: RawPicture; meant: RgbPicture }[]>();

beforeAll(() => {
  const formats = [...new Set(cases.map(({ format }) => format))];
  const raws = toRawPixels(formats.flatMap((format) => photos.map((picture) => ({ picture, format }))));
  const meants = fromRawPixels(raws);
  const all = raws.map((raw, index) => ({ raw, meant: meants[index] as RgbPicture }));
  for (const format of formats)
    sources.set(
      format,
      all.filter(({ raw }) => raw.format === format),
    );
});

for (const variant of variants) {
  describe(`${variant} build`, () => {
    /** The JPEGs of all formats by their size and sampling. */
    const made = new Map<string, Uint8Array[]>();

    test.each(cases)(
      "$format encoded as $sampling decodes to its pixels",
      async ({ format, sampling, cjpegSampling }) => {
        const fixture = await EncoderFixture.create(variant);
        expect(sources.get(format)).toHaveLength(photos.length);
        for (const { raw, meant } of sources.get(format) ?? []) {
          const { pixels, width, height } = raw;
          const { jpeg, picture } = fixture.encode({ width, height, format, sampling, quality: 90 }, pixels);
          const decoded = await djpeg(jpeg);
          const reference = await djpeg(await cjpeg(meant, 90, cjpegSampling, picture.restartIntervalMcus));
          expect([decoded.width, decoded.height]).toEqual([width, height]);
          // ffmpeg and djpeg place the chroma of an odd-sized picture differently, which increases the difference.
          const odd = (width | height) & 1;
          expect(psnr(meant, decoded)).toBeGreaterThan(psnr(meant, reference) - (odd === 1 ? 0.45 : 0.1));
          const [ours, theirs] = [channelMeans(decoded), channelMeans(meant)];
          for (const [channel, mean] of ours.entries())
            expect(Math.abs(mean - (theirs[channel] ?? 0))).toBeLessThan(0.5);
          const key = `${width}x${height} ${sampling}`;
          made.set(key, [...(made.get(key) ?? []), jpeg]);
        }
      },
    );

    test("ffmpeg decodes the JPEGs of all formats without a complaint", async () => {
      expect(made.size).toBe(8); // two sizes and four samplings
      expect(await ffmpegComplaints(made.values())).toBe("");
    });

    test.each(["yuv420p", "nv12", "yuyv422", "gray"] as const)(
      "%s of limited range reaches black and white, and is clamped",
      async (format) => {
        const fixture = await EncoderFixture.create(variant);
        const colourRange: ColourRange = "limited";
        for (const [level, expected] of [
          [0, 0],
          [16, 0],
          [17, 1],
          [126, 128],
          [235, 255],
          [255, 255],
        ] as const) {
          const picture = { width: 32, height: 32, format, colourRange, quality: 100 };
          const pixels = new Uint8Array(frameBytes(format, picture.width, picture.height)).fill(128);
          if (format === "yuyv422") for (let n = 0; n < pixels.length; n += 2) pixels[n] = level;
          else pixels.fill(level, 0, 32 * 32);
          const { rgb } = await djpeg(fixture.encode(picture, pixels).jpeg);
          for (const value of rgb) expect(Math.abs(value - expected)).toBeLessThanOrEqual(1);
        }
      },
    );
  });
}

test(
  "a picture of any size, format and content decodes as close to the original as one from cjpeg, in both builds",
  async () => {
    const fixtures = await Promise.all(variants.map((variant) => EncoderFixture.create(variant)));
    const side = fc.integer({ min: 1, max: 90 });
    const recipe = fc.record({
      ...{ width: side, height: side, layout: fc.constantFrom(...cases) },
      ...{ quality: fc.integer({ min: 30, max: 100 }), seed: fc.nat(), noisy: fc.boolean() },
    });
    // Some pictures are converted together, because a start of ffmpeg takes longer.
    const together = 5;
    const recipes = fc.array(recipe, { minLength: together, maxLength: together });
    await fc.assert(
      fc.asyncProperty(recipes, async (chosen) => {
        const drawn = toRawPixels(
          chosen.map(({ width, height, seed, layout: { format } }) => {
            return { picture: photoLike(width, height, seed % 97), format };
          }),
        );
        const raws = drawn.map((raw, index) => {
          const { format, width, height } = raw;
          const { noisy, seed, layout } = chosen[index] as (typeof chosen)[number];
          // Noise in subsampled chroma has no equivalent in RGB, so a comparison would mean nothing.
          if (!noisy || (layout.format !== "rgba" && layout.format !== "gray")) return raw;
          const random = randomSequence(seed);
          const pixels = Uint8Array.from({ length: frameBytes(layout.format, width, height) }, () => random() * 256);
          return { format, width, height, pixels };
        });
        const meants = fromRawPixels(raws);
        for (const [index, { width, height, layout, quality }] of chosen.entries()) {
          const { format, sampling, cjpegSampling } = layout;
          const meant = meants[index] as RgbPicture;
          for (const fixture of fixtures) {
            const pixels = raws[index]?.pixels ?? new Uint8Array();
            const { jpeg, picture } = fixture.encode({ width, height, format, sampling, quality }, pixels);
            const decoded = await djpeg(jpeg);
            expect([decoded.width, decoded.height]).toEqual([width, height]);
            const reference = await djpeg(await cjpeg(meant, quality, cjpegSampling, picture.restartIntervalMcus));
            // In tiny pictures one rounding costs several dB, so the limit is generous. A wrong edge or colour costs far more.
            expect(meanError(meant, decoded)).toBeLessThan(1.3 * meanError(meant, reference) + 1.5);
          }
        }
      }),
      { numRuns: Math.ceil(runs / together) },
    );
  },
  20_000 + runs * 2_000,
);
