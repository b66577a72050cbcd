// Taps, double taps, pinches and the wheel on a picture. A pinch zooms, and a finger or a mouse moves a zoomed picture.

import type { Size } from "../../core/pixel-format.ts";

export interface GestureEvents {
  onTap(): void;
  /** The picture is shown `zoom` times as large as it fits. */
  onZoom(zoom: number): void;
}

const MOST_ZOOM = 8;
/** The zoom of a double tap. */
const DOUBLE_TAP_ZOOM = 2.5;
const DOUBLE_TAP_MS = 300;
/** A finger that moves less than this many pixels taps. */
const TAP_PIXELS = 10;
const WHEEL_STEP = 0.0015;

interface Point {
  x: number;
  y: number;
}

export class Gestures {
  readonly #area: HTMLElement;
  readonly #pictures: readonly (HTMLElement | SVGElement)[];
  readonly #events: GestureEvents;
  readonly #pointers = new Map<number, Point>();
  #zoom = 1;
  #offset: Point = { x: 0, y: 0 };
  #moved = 0;
  #hadTwo = false;
  #waitingTap: ReturnType<typeof setTimeout> | null = null;
  #pinch: { distance: number; middle: Point } | null = null;

  /** `area` gets the gestures, and the pictures in it are zoomed together. */
  constructor(area: HTMLElement, pictures: readonly (HTMLElement | SVGElement)[], events: GestureEvents) {
    this.#area = area;
    this.#pictures = pictures;
    this.#events = events;
    area.addEventListener("pointerdown", (event) => this.#down(event));
    area.addEventListener("pointermove", (event) => this.#move(event));
    area.addEventListener("pointerup", (event) => this.#up(event, true));
    area.addEventListener("pointercancel", (event) => this.#up(event, false));
    area.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    // Keys and screen readers click without a pointer.
    area.addEventListener("click", (event) => {
      if (event.detail === 0) events.onTap();
    });
  }

  /** Shows the whole picture again. */
  reset(): void {
    this.#setZoom(1, { x: 0, y: 0 });
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0) return;
    this.#area.setPointerCapture(event.pointerId);
    if (this.#pointers.size === 0) {
      this.#moved = 0;
      this.#hadTwo = false;
    }
    this.#pointers.set(event.pointerId, at(event));
    this.#pinch = this.#pinchNow();
    this.#hadTwo ||= this.#pinch !== null;
  }

  #move(event: PointerEvent): void {
    const before = this.#pointers.get(event.pointerId);
    if (before === undefined) return;
    const now = at(event);
    this.#pointers.set(event.pointerId, now);
    this.#moved += Math.hypot(now.x - before.x, now.y - before.y);
    const pinch = this.#pinchNow();
    if (pinch !== null && this.#pinch !== null) {
      this.#zoomAt(this.#zoom * (pinch.distance / this.#pinch.distance), pinch.middle, this.#pinch.middle);
      this.#pinch = pinch;
    } else if (this.#zoom > 1 && this.#moved > TAP_PIXELS) {
      const { x, y } = this.#offset;
      this.#setZoom(this.#zoom, { x: x + now.x - before.x, y: y + now.y - before.y });
    }
  }

  #up(event: PointerEvent, isDone: boolean): void {
    if (!this.#pointers.delete(event.pointerId)) return;
    this.#pinch = this.#pinchNow();
    if (isDone && this.#pointers.size === 0 && !this.#hadTwo && this.#moved < TAP_PIXELS) this.#tap(at(event));
  }

  /** A tap counts when no second one follows, so that a double tap does not change the view twice. */
  #tap(point: Point): void {
    if (this.#waitingTap !== null) {
      clearTimeout(this.#waitingTap);
      this.#waitingTap = null;
      if (this.#zoom > 1) this.reset();
      else this.#zoomAt(DOUBLE_TAP_ZOOM, point, point);
      return;
    }
    this.#waitingTap = setTimeout(() => {
      this.#waitingTap = null;
      this.#events.onTap();
    }, DOUBLE_TAP_MS);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    this.#zoomAt(this.#zoom * Math.exp(-event.deltaY * WHEEL_STEP), at(event), at(event));
  }

  /** Zooms so that the part of the picture that was at `from` is at `to`. */
  #zoomAt(zoom: number, to: Point, from: Point): void {
    const next = Math.min(MOST_ZOOM, Math.max(1, zoom));
    const { left, top, width, height } = this.#area.getBoundingClientRect();
    const middle = { x: left + width / 2, y: top + height / 2 };
    const ratio = next / this.#zoom;
    this.#setZoom(next, {
      x: to.x - middle.x - (from.x - middle.x - this.#offset.x) * ratio,
      y: to.y - middle.y - (from.y - middle.y - this.#offset.y) * ratio,
    });
  }

  #setZoom(zoom: number, offset: Point): void {
    const { width, height }: Size = this.#area.getBoundingClientRect();
    const within = (value: number, side: number) => {
      const most = ((zoom - 1) * side) / 2;
      return Math.min(most, Math.max(-most, value));
    };
    this.#zoom = zoom;
    this.#offset = { x: within(offset.x, width), y: within(offset.y, height) };
    const { x, y } = this.#offset;
    const transform = zoom === 1 ? "" : `translate(${x}px, ${y}px) scale(${zoom})`;
    for (const { style } of this.#pictures) style.transform = transform;
    this.#events.onZoom(zoom);
  }

  #pinchNow(): { distance: number; middle: Point } | null {
    const [a, b] = [...this.#pointers.values()];
    if (a === undefined || b === undefined) return null;
    return {
      distance: Math.max(1, Math.hypot(a.x - b.x, a.y - b.y)),
      middle: { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 },
    };
  }
}

function at({ clientX, clientY }: MouseEvent): Point {
  return { x: clientX, y: clientY };
}
