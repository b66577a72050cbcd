// A screen that draws pictures on a canvas. The overlay goes to the page, which shows it as HTML.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { Overlay } from "../../client/screens/overlay.ts";
import type { Screen, ShownPicture } from "../../client/screens/screen.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Rectangle } from "../../core/rectangle.ts";
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
  /** The slot of the picture on the canvas. Null before the first one, and for a grey copy. */
  let shown: FrameSlot | null = null;
  return {
    show(picture: ShownPicture, overlay: Overlay): void {
      events.onOverlay(overlay);
      const { width, height, pixels } = picture;
      // Before the first picture the canvas stays black. The pixels that stand for it are transparent.
      if (picture.received === undefined) return;
      let parts = shown === null ? null : (picture.changedSince?.(shown) ?? null);
      shown = picture.slot ?? null;
      if (image === null || image.width !== width || image.height !== height) {
        canvas.width = width;
        canvas.height = height;
        image = new ImageData(width, height);
        parts = null;
      }
      for (const part of parts ?? [{ x: 0, y: 0, width, height }]) {
        // The browser copies and composes only what may have changed. That takes longer than to find it.
        const { first, end } = changedRows(image.data, pixels, width, part);
        if (first === end) continue;
        const changed = { ...part, y: first, height: end - first };
        // Browsers refuse an ImageData on shared memory (https://github.com/whatwg/html/issues/5175), so the pixels are copied.
        copyPart(image.data, pixels, width, changed);
        context.putImageData(image, 0, 0, part.x, first, part.width, end - first);
      }
    },
    setTitle: () => undefined,
    setSource: (size) => events.onSource(size),
    close: () => undefined,
  };
}

/** Copies a part between pictures of the same size, in rows of `width` pixels. */
function copyPart(to: Uint8ClampedArray, from: Uint8Array, width: number, part: Rectangle): void {
  const rows = part.width === width ? 1 : part.height;
  const bytes = (4 * part.width * part.height) / rows;
  for (let row = 0; row < rows; row++) {
    const start = 4 * (width * (part.y + row) + part.x);
    to.set(from.subarray(start, start + bytes), start);
  }
}
