// The interface of a screen. A screen shows decoded pictures, and reports keys and clicks of the user.

import type { Size } from "../../core/pixel-format.ts";
import type { Overlay, RgbaPicture } from "./overlay.ts";
import type { DecodedPicture } from "../picture.ts";

/** A picture to show. It is a received picture or its grey copy, or a blank one before the first received picture. */
export interface ShownPicture
  extends RgbaPicture, Partial<Pick<DecodedPicture, "received" | "jpeg" | "slot" | "changedSince">> {
  /** True for a grey copy, which is shown during trouble. Its `jpeg` has the colours. */
  isGrey?: true;
}

export interface Screen {
  /**
   * Shows a picture with text over it. Returns or resolves when the picture is on the screen. The pixels are then unchanged, and
   * the caller may reuse them. The next call must wait until then.
   */
  show(picture: ShownPicture, overlay: Overlay): void | Promise<void>;
  /** Sets the title of the window, if there is one. */
  setTitle(title: string): void;
  /**
   * Sets the size of the source's pictures. The size of a window depends on it, so that the window keeps its size when the server
   * sends smaller pictures for a while.
   */
  setSource(size: Size): void;
  close(): void;
}

/** The events of a screen, which its owner handles. */
export interface ScreenEvents {
  onQuit(): void;
  onSnapshot(): void;
  /** The user wants the last seconds as a file. */
  onClip(): void;
  /** The user wants to see the picture before, the one after, or what the camera sees now. */
  onBack?(): void;
  onForward?(): void;
  onNow?(): void;
  onPause(): void;
  onOverlay(): void;
  /** The screen calls this when the picture must be shown again, for example because the window has another size. */
  onExposed(): void;
  /** The screen calls this when it has become completely hidden, or can be seen again. */
  onHidden?(isHidden: boolean): void;
  /** The screen calls this with the new size when the size of the shown picture changes. Larger pictures would be scaled down. */
  onSized?(size: Size): void;
  /** The user has pressed a number key, which stands for a camera. The first camera is 1. */
  onNumber?(number: number): void;
  /** The user has clicked at a pixel of the window. */
  onClick?(x: number, y: number): void;
}

export const DISPLAYS = ["sdl", "none"] as const;
export type Display = (typeof DISPLAYS)[number];

/**
 * The ways in which a window can draw. `auto` uses the GPU if there is one. Otherwise it uses `software`, because without a GPU
 * the mode `gpu` is several times slower.
 */
export const RENDERERS = ["auto", "gpu", "software"] as const;
export type Renderer = (typeof RENDERERS)[number];
