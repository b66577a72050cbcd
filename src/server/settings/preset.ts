// The default quality, chroma sampling and noise bound for each kind of source. Cameras and screens need different ones, because
// screens show text.

import type { Sampling } from "../../core/pixel-format.ts";
import { isScreen } from "../../capture/pipe/screen.ts";

/** Changes up to this standard deviation count as sensor noise, and are not sent. docs/latency.md has the measurement. */
export const DEFAULT_NOISE = 2;
/**
 * The default of the largest age of a viewer's picture. Somebody who steers a machine by the picture notices a delay of more than
 * a quarter of a second.
 */
export const DEFAULT_MAX_LATENCY_MS = 250;

/** The defaults with which the pictures of a source are encoded. */
export interface Preset {
  /** 1 to 100. */
  quality: number;
  sampling: Sampling;
  /** The largest change that is not sent (see `CameraOptions.noise`). */
  noise: number;
}

/** The preset for cameras, files and streams. */
export const CAMERA_PRESET: Preset = { quality: 75, sampling: "420", noise: DEFAULT_NOISE };

/**
 * The preset for screens. With 4:2:0 coloured text is hard to read, and at quality 75 edges show ringing. A screen has no sensor
 * noise, so every change is sent. Most of a screen does not change, so the higher quality costs few bytes.
 */
export const SCREEN_PRESET: Preset = { quality: 90, sampling: "444", noise: 0 };

/** Returns the preset for a source, which is given as the text after `--source`. */
export function presetFor(source: string): Preset {
  return isScreen(source) ? SCREEN_PRESET : CAMERA_PRESET;
}
