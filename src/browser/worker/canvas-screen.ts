// A screen that draws pictures on a canvas. The overlay goes to the page, which shows it as HTML.

import type { Overlay } from "../../client/screens/overlay.ts";
import type { Screen, ShownPicture } from "../../client/screens/screen.ts";
import type { Size } from "../../core/pixel-format.ts";
import { changedRows } from "./changed-rows.ts";

export interface CanvasScreenEvents {
  onOverlay(overlay: Overlay): void;
  onSource(size: Size): void;
}

/** Throws if the browser has no memory for the canvas. */
export function createCanvasScreen(canvas: OffscreenCanvas, events: CanvasScreenEvents): Screen {
  const context = canvas.getContext("2d", { alpha: false, desynchronized: true });
  if (context === null) throw new Error("the browser cannot draw on a canvas");
  /** The pixels on the canvas. */
  let image: ImageData | null = null;
  return {
    show({ width, height, pixels, received }: ShownPicture, overlay: Overlay): void {
      events.onOverlay(overlay);
      // Before the first picture the canvas stays black. The pixels that stand for it are transparent.
      if (received === undefined) return;
      if (image === null || image.width !== width || image.height !== height) {
        canvas.width = width;
        canvas.height = height;
        image = new ImageData(width, height);
      }
      // The browser copies and composes only rows that may have changed. That takes longer than to find them.
      const { first, end } = changedRows(image.data, pixels, width);
      if (first === end) return;
      // Browsers refuse an ImageData on shared memory (https://github.com/whatwg/html/issues/5175), so the pixels are copied.
      image.data.set(pixels.subarray(4 * width * first, 4 * width * end), 4 * width * first);
      context.putImageData(image, 0, 0, 0, first, width, end - first);
    },
    setTitle: () => undefined,
    setSource: (size) => events.onSource(size),
    close: () => undefined,
  };
}
