// The condition of a camera: whether it delivers pictures, and what is wrong if it does not.

import type { Micros } from "../../core/clock.ts";

/**
 * - `delivering`: the camera delivers pictures;
 * - `resting`: the camera is released because nobody watches, and the next viewer starts it;
 * - `starting`: the camera has not delivered a picture yet;
 * - `trouble`: something is wrong with the camera or its pictures;
 * - `ended`: the camera delivers no more pictures.
 */
export type CameraState = "delivering" | "resting" | "starting" | "trouble" | "ended";

export interface CameraCondition {
  state: CameraState;
  /** The time since which the camera has been in this state. */
  since: Micros;
  /** What is wrong, in one line for people. Null while nothing is wrong. */
  trouble: string | null;
}

/** Whether a viewer that comes now gets pictures. */
export function isWell({ state }: CameraCondition): boolean {
  return state === "delivering" || state === "resting";
}
