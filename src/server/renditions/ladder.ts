// The ladder: the levels of size and quality for viewers with a slow link, from the best down, and the relative bytes of each
// level.

import { halfSize, type Size } from "../../core/pixel-format.ts";

/** A level: the number of halvings of the picture, and the JPEG quality. */
export interface Level {
  /** 0 is full size, 1 is half of it, 2 is a quarter. */
  readonly halvings: number;
  /** 1 to 100. */
  readonly quality: number;
  /**
   * Set for what the source sends itself and viewers get unchanged: whole JPEGs, or the tiles of another server, of which only the
   * changed ones are sent. Then `quality` may be an estimate.
   */
  readonly passedOn?: "pictures" | "tiles";
}

export const MAX_HALVINGS = 2;

/** No halved picture is smaller than this. */
const MIN_HALVED: Size = { width: 160, height: 90 };

/**
 * The qualities at a viewer's best size, and those at smaller sizes, as shares of the requested quality. They differ, because at
 * a smaller size each pixel has more detail.
 */
const QUALITY_STEPS = [1, 0.67, 0.47];
const HALVED_QUALITY_STEPS = [0.8, 0.5];

/**
 * The largest number of renditions that a camera can have at the same time. Each size can be the best size of some viewers, with
 * the qualities of QUALITY_STEPS. Each halved size can also be a lower step of other viewers, with those of HALVED_QUALITY_STEPS.
 */
export const MAX_RENDITIONS = (MAX_HALVINGS + 1) * QUALITY_STEPS.length + MAX_HALVINGS * HALVED_QUALITY_STEPS.length;

/** The bytes of a halved picture as a share of the full picture's bytes, measured on camera footage at equal quality. */
const HALVED_BYTES = 0.3;
/**
 * The size in bytes is proportional to this power of the quantisation step. The exponent was measured on camera footage between
 * quality 20 and 95.
 */
const QUANTISATION_POWER = -0.62;

/**
 * Returns the levels for one viewer, from the best down. The list is never empty. `source` is the size of the source, and `top`
 * the best level for this viewer. With `keepsSize` all levels have the size of `top`. `passedOn` is the level of the source's own
 * JPEGs. When they have the size of `top`, they come first, and only levels with fewer bytes follow.
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

/** Returns how often a picture may be halved without becoming smaller than the wanted size. 0 × 0 means full size. */
export function halvingsFor(source: Size, wished: Size): number {
  if (wished.width === 0 || wished.height === 0) return 0;
  let size = source;
  for (let halvings = 0; halvings < MAX_HALVINGS; halvings++) {
    size = halfSize(size);
    if (size.width < wished.width || size.height < wished.height) return halvings;
  }
  return MAX_HALVINGS;
}

/** Returns the relative size in bytes of a level's pictures. Only the ratio of two weights has a meaning. */
export function weight({ halvings, quality }: Level): number {
  // libjpeg's scaling of the tables of T.81 Annex K (jcparam.c, jpeg_quality_scaling).
  const step = quality < 50 ? 5000 / quality : Math.max(1, 200 - 2 * quality);
  return HALVED_BYTES ** halvings * step ** QUANTISATION_POWER;
}
