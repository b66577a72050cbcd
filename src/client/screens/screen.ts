// What a screen is: where decoded pictures go, and where the user's keys come from.

import type { Size } from "../../core/pixel-format.ts";
import type { Overlay, RgbaPicture } from "./overlay.ts";
import type { DecodedPicture } from "../picture.ts";

/** A picture to be shown: one that was received, or the blank one that stands in before the first. */
export type ShownPicture = RgbaPicture & Partial<Pick<DecodedPicture, "received" | "jpeg">>;

export interface Screen {
  /**
   * Shows a picture with text over it. Returns, or resolves, when it is on the screen; the pixels are the caller's again
   * then, unchanged. One call at a time.
   */
  show(picture: ShownPicture, overlay: Overlay): void | Promise<void>;
  /** The title of a window, where there is one. */
  setTitle(title: string): void;
  /** The size of the source's pictures. What is shown may be smaller for a while, which is no reason to change a window. */
  setSource(size: Size): void;
  close(): void;
}

/** What the user can ask for at a screen. */
export interface ScreenEvents {
  onQuit(): void;
  onSnapshot(): void;
  onPause(): void;
  onOverlay(): void;
  /** What is shown must be shown again, e.g. since the window has another size. */
  onExposed(): void;
  /** One of several pictures, by the key of its number, from 1. */
  onNumber?(number: number): void;
  /** At a pixel of the window. */
  onClick?(x: number, y: number): void;
}

export const DISPLAYS = ["sdl", "none"] as const;
export type Display = (typeof DISPLAYS)[number];

/** How a window draws; `auto` asks the GPU where there is one, since without one software is several times faster. */
export const RENDERERS = ["auto", "gpu", "software"] as const;
export type Renderer = (typeof RENDERERS)[number];
