// Keeps the picture of an event of motion at its height: a small copy of the canvas.

import type { MotionPicture } from "../page-motion.ts";
import { type MotionNow, PICTURE_RISE } from "../../core/motion.ts";

/** The largest width of the copy, in pixels. */
const MOST_WIDTH = 640;
const QUALITY = 0.8;

export class EventPicture {
  readonly #canvas: OffscreenCanvas;
  readonly #copy = new OffscreenCanvas(1, 1);
  /** The number of the event, its height at the time of the copy, and the area that moves in the copy. */
  #number = 0;
  #height = 0;
  #area = 0;
  #isUnsent = false;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
  }

  /**
   * Takes what the server tells. `isLive` says whether the canvas shows the picture of now. Resolves with a JPEG and the area that moves in
   * it when the event has its first picture and when it ends, and with null if there is no new one.
   */
  async take(
    { number, phase, height, area, moving }: MotionNow,
    isLive: boolean,
  ): Promise<Pick<MotionPicture, "picture" | "area"> | null> {
    if (number !== this.#number) {
      this.forget();
      this.#number = number;
    }
    const isFirst = this.#height === 0;
    if (moving !== null && isLive && height.area > this.#height * PICTURE_RISE && this.#draw()) {
      this.#height = height.area;
      this.#area = area;
      this.#isUnsent = true;
    }
    if (!this.#isUnsent || (phase !== "end" && !isFirst)) return null;
    this.#isUnsent = false;
    const drawnArea = this.#area;
    return { picture: await this.#copy.convertToBlob({ type: "image/jpeg", quality: QUALITY }), area: drawnArea };
  }

  /** Forgets the event, because the next one may have the same number: the connection has ended. */
  forget(): void {
    this.#number = 0;
    this.#height = 0;
    this.#isUnsent = false;
  }

  #draw(): boolean {
    const { width, height } = this.#canvas;
    if (width === 0 || height === 0) return false;
    const scale = Math.min(1, MOST_WIDTH / width);
    this.#copy.width = Math.max(1, Math.round(width * scale));
    this.#copy.height = Math.max(1, Math.round(height * scale));
    const context = this.#copy.getContext("2d", { alpha: false });
    context?.drawImage(this.#canvas, 0, 0, this.#copy.width, this.#copy.height);
    return context !== null;
  }
}
