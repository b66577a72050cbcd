// Quality, sampling and noise by the kind of source: cameras show the world, screens show text.

import type { Sampling } from "../../core/pixel-format.ts";
import { isScreen } from "../../capture/pipe/screen.ts";

/** Sensor noise up to this standard deviation is not sent; docs/latency.md has the measurement. */
export const DEFAULT_NOISE = 2;
/** From a quarter of a second on, a person who steers something by the picture feels the delay. */
export const DEFAULT_MAX_LATENCY_MS = 250;

/** The defaults with which the pictures of a source are encoded. */
export interface Preset {
  /** 1 to 100. */
  quality: number;
  sampling: Sampling;
  /** Levels by which a pixel may differ without being sent again. */
  noise: number;
}

/** For cameras, files and streams. */
export const CAMERA_PRESET: Preset = { quality: 75, sampling: "420", noise: DEFAULT_NOISE };

/**
 * For screens. Coloured text is unreadable with half the colour, and edges ring at quality 75. A screen has no sensor noise, so every
 * difference counts. Most of a screen does not change and is not sent, which pays for the higher quality.
 */
export const SCREEN_PRESET: Preset = { quality: 90, sampling: "444", noise: 0 };

/** The preset for a source as it is written after `--source`. */
export function presetFor(source: string): Preset {
  return isScreen(source) ? SCREEN_PRESET : CAMERA_PRESET;
}
