// The ladder: the levels of quality and size from the best down, for viewers with a slow link, and what each step saves.

import { halfSize, type Size } from "../../core/pixel-format.ts";

/** One way to send the picture: how often it is halved, and the JPEG quality. */
export interface Level {
  /** 0 full size, 1 half, 2 a quarter. */
  readonly halvings: number;
  /** 1 to 100. */
  readonly quality: number;
  /** Set for the source's own JPEGs, which are whole pictures and no rendition; `quality` is an estimate then. */
  readonly isPassedOn?: true;
}

export const MAX_HALVINGS = 2;

/** No halved picture is smaller than this. */
const MIN_HALVED: Size = { width: 160, height: 90 };

/** Qualities at each size, as shares of the requested quality. At a smaller size each pixel holds more detail. */
const QUALITY_STEPS = [1, 0.67, 0.47];
const HALVED_QUALITY_STEPS = [0.8, 0.5];

/** Bytes of a picture with half the width and height, as a share of the whole (measured on footage at equal quality). */
const HALVED_BYTES = 0.3;
/** Bytes grow with this power of the quantisation step (measured on footage between quality 20 and 95). */
const QUANTISATION_POWER = -0.62;

/**
 * The levels for one viewer, from the best down; never empty. `source` is the size of the source, and `top` the best level that
 * this viewer may have. With `keepsSize` all levels have the size of `top`. `passedOn` is the level of the source's own
 * JPEGs: when their size is that of `top` they come first, followed by lighter levels only.
 */
export function ladder(source: Size, top: Level, keepsSize = false, passedOn: Level | null = null): Level[] {
  const renditions = renditionLevels(source, top, keepsSize);
  if (passedOn === null || passedOn.halvings !== top.halvings) return renditions;
  return [passedOn, ...renditions.filter((level) => weight(level) < weight(passedOn))];
}

function renditionLevels(source: Size, top: Level, keepsSize: boolean): Level[] {
  const levels: Level[] = [];
  let size = source;
  for (let halvings = 0; halvings <= MAX_HALVINGS; halvings++) {
    if (halvings > top.halvings && (keepsSize || size.width < MIN_HALVED.width || size.height < MIN_HALVED.height))
      break;
    if (halvings >= top.halvings) {
      for (const step of halvings === top.halvings ? QUALITY_STEPS : HALVED_QUALITY_STEPS) {
        const quality = Math.max(1, Math.round(top.quality * step));
        const isLess = levels.at(-1)?.halvings !== halvings || levels.at(-1)?.quality !== quality;
        if (isLess) levels.push({ halvings, quality });
      }
    }
    size = halfSize(size);
  }
  return levels;
}

/** How often a picture may be halved without becoming smaller than the wished size (0 × 0: full size). */
export function halvingsFor(source: Size, wished: Size): number {
  if (wished.width === 0 || wished.height === 0) return 0;
  let size = source;
  for (let halvings = 0; halvings < MAX_HALVINGS; halvings++) {
    size = halfSize(size);
    if (size.width < wished.width || size.height < wished.height) return halvings;
  }
  return MAX_HALVINGS;
}

/** Relative size in bytes of a level's pictures; only the ratio of two weights means something. */
export function weight({ halvings, quality }: Level): number {
  // libjpeg's scaling of the tables of T.81 Annex K (jcparam.c, jpeg_quality_scaling).
  const step = quality < 50 ? 5000 / quality : Math.max(1, 200 - 2 * quality);
  return HALVED_BYTES ** halvings * step ** QUANTISATION_POWER;
}
