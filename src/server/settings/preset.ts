// What suits a source where the user does not say otherwise: cameras show the world, screens show text.

import type { Sampling } from "../../core/pixel-format.ts";
import { isScreen } from "../../capture/pipe/screen.ts";

/** Sensor noise up to this standard deviation is not sent; docs/latency.md has the measurement. */
export const DEFAULT_NOISE = 2;
/** From a quarter of a second on, a person who steers something by the picture feels the delay. */
export const DEFAULT_MAX_LATENCY_MS = 250;

/** What a source's pictures are encoded with. */
export interface Preset {
  /** 1 to 100. */
  quality: number;
  sampling: Sampling;
  /** Levels by which pixels may be off without being sent again. */
  noise: number;
}

/** The world, in front of a camera. */
export const CAMERA_PRESET: Preset = { quality: 75, sampling: "420", noise: DEFAULT_NOISE };

/**
 * Coloured text is unreadable at half the colour, and edges ring at quality 75. There is no sensor, so every difference
 * counts; what has not changed is not sent, which pays for all that.
 */
export const SCREEN_PRESET: Preset = { quality: 90, sampling: "444", noise: 0 };

/** For what the user wrote after `--source`. */
export function presetFor(source: string): Preset {
  return isScreen(source) ? SCREEN_PRESET : CAMERA_PRESET;
}
