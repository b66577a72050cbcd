// The box around what moves, over the picture of a camera.

import type { ShareBox } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";

export class MotionBox {
  readonly #svg: SVGSVGElement;
  #size: Size = { width: 16, height: 9 };

  /** `svg` covers the canvas, and has two rectangles of different colours: one of them is seen on any picture. */
  constructor(svg: SVGSVGElement) {
    this.#svg = svg;
  }

  /** Sets the size of the camera's pictures. The drawing then lies over the picture as the canvas does (object-fit: contain). */
  setSource(size: Size): void {
    this.#size = size;
    this.#svg.setAttribute("viewBox", `0 0 ${size.width} ${size.height}`);
  }

  /** Shows the box, or none. */
  show(box: ShareBox | null): void {
    this.#svg.classList.toggle("on", box !== null);
    if (box === null) return;
    const { width, height } = this.#size;
    const sides = { x: box.x * width, y: box.y * height, width: box.width * width, height: box.height * height };
    for (const rectangle of this.#svg.querySelectorAll("rect")) {
      for (const [name, value] of Object.entries(sides)) rectangle.setAttribute(name, value.toFixed(1));
    }
  }
}
