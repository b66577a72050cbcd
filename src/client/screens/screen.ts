// What a screen is: it shows decoded pictures, and reports the user's keys.

import type { Size } from "../../core/pixel-format.ts";
import type { Overlay, RgbaPicture } from "./overlay.ts";
import type { DecodedPicture } from "../picture.ts";

/** A picture to show: a received one, or the blank one before the first. */
export type ShownPicture = RgbaPicture & Partial<Pick<DecodedPicture, "received" | "jpeg">>;

export interface Screen {
  /**
   * Shows a picture with text over it. Returns, or resolves, when it is on the screen. Then the pixels are unchanged, and the caller may
   * use them again. One call at a time.
   */
  show(picture: ShownPicture, overlay: Overlay): void | Promise<void>;
  /** Sets the title of the window, if there is one. */
  setTitle(title: string): void;
  /** Sets the size of the source's pictures. A window keeps its size when the pictures shown are smaller for a while. */
  setSource(size: Size): void;
  close(): void;
}

/** What the user asks for at a screen. */
export interface ScreenEvents {
  onQuit(): void;
  onSnapshot(): void;
  onPause(): void;
  onOverlay(): void;
  /** The picture must be shown again, for example because the window has another size. */
  onExposed(): void;
  /** No part of the screen can be seen any more, or a part of it can be seen again. */
  onHidden?(isHidden: boolean): void;
  /** The size in pixels in which pictures are seen has changed. Larger pictures are of no use. */
  onSized?(size: Size): void;
  /** The user has pressed a number key: the camera of that number, from 1. */
  onNumber?(number: number): void;
  /** The user has clicked at a pixel of the window. */
  onClick?(x: number, y: number): void;
}

export const DISPLAYS = ["sdl", "none"] as const;
export type Display = (typeof DISPLAYS)[number];

/** How a window draws. `auto` uses the GPU if there is one; without a GPU, software is several times faster. */
export const RENDERERS = ["auto", "gpu", "software"] as const;
export type Renderer = (typeof RENDERERS)[number];
