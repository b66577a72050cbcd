// Places a picture in a window of another shape.

import type { Size } from "../../core/pixel-format.ts";
import type { Rectangle } from "../../core/rectangle.ts";

/**
 * Returns the largest rectangle with the picture's aspect ratio, in the middle of the window. Each side has at least one pixel.
 */
export function letterbox(picture: Size, window: Size): Rectangle {
  const scale = Math.min(window.width / picture.width, window.height / picture.height);
  const width = Math.max(1, Math.round(picture.width * scale));
  const height = Math.max(1, Math.round(picture.height * scale));
  return { x: Math.floor((window.width - width) / 2), y: Math.floor((window.height - height) / 2), width, height };
}

/** Returns the size of the source's pictures in the proportions of `picture`, which may be smaller or turned. */
export function sourceSize(picture: Size, source: Size): Size {
  const side = Math.max(source.width, source.height);
  const { width, height } = letterbox(picture, { width: side, height: side });
  return { width, height };
}

/**
 * Returns the first size of a window: the size of the picture, reduced if it does not fit into nine tenths of the screen's space.
 */
export function firstWindowSize(picture: Size, space: Size): Size {
  const fits = letterbox(picture, { width: Math.floor(space.width * 0.9), height: Math.floor(space.height * 0.9) });
  return fits.width < picture.width || fits.height < picture.height
    ? { width: fits.width, height: fits.height }
    : picture;
}
