// Finds out whether an SDL window can be seen, or is minimised, on another workspace or covered. It also finds the size in which
// pictures appear in the window.

import type { Sdl } from "@kmamal/sdl";
import type { Size } from "../../core/pixel-format.ts";
import { letterbox } from "./letterbox.ts";
import type { ScreenEvents } from "./screen.ts";
import { X11Cover } from "./x11-cover.ts";

/** The interval of checks of the X server's events. A window that appears is noticed at once, because SDL reports that. */
const COVER_CHECK_MS = 100;

/** Calls `onHidden` and `onSized` when a window changes. The owner closes it. */
export class SeenWindow {
  readonly #window: Sdl.Video.Window;
  readonly #events: ScreenEvents;
  readonly #cover: X11Cover | null;
  readonly #checking: ReturnType<typeof setInterval> | null;
  /** False while the window is minimised or on a workspace that is not shown. */
  #isMapped = true;
  #isCovered = false;
  #wasHidden = false;
  #source: Size | null = null;
  #seen: Size = { width: 0, height: 0 };

  /** Call this before the window is shown, so that no event is missed. */
  constructor(window: Sdl.Video.Window, events: ScreenEvents) {
    this.#window = window;
    this.#events = events;
    window.on("hide", () => this.#setMapped(false));
    window.on("minimize", () => this.#setMapped(false));
    window.on("show", () => this.#setMapped(true));
    window.on("restore", () => this.#setMapped(true));
    window.on("maximize", () => this.#setMapped(true));
    // This event means that a part of the window must be drawn, so the window can be seen.
    window.on("expose", () => {
      this.#isCovered = false;
      this.#setMapped(true);
    });
    window.on("resize", () => this.#tellSize());
    this.#cover = X11Cover.open(window.native.handle);
    this.#checking = this.#cover === null ? null : setInterval(() => this.#checkCover(), COVER_CHECK_MS);
  }

  /** Sets the size of the source's pictures. Before that, `onSized` is not called. */
  setSource(source: Size): void {
    this.#source = source;
    this.#tellSize();
  }

  close(): void {
    if (this.#checking !== null) clearInterval(this.#checking);
    this.#cover?.close();
  }

  #setMapped(isMapped: boolean): void {
    this.#isMapped = isMapped;
    this.#tellHidden();
  }

  #checkCover(): void {
    this.#isCovered = this.#cover?.isCovered ?? false;
    this.#tellHidden();
  }

  #tellHidden(): void {
    const isHidden = !this.#isMapped || this.#isCovered;
    if (isHidden === this.#wasHidden) return;
    this.#wasHidden = isHidden;
    this.#events.onHidden?.(isHidden);
  }

  #tellSize(): void {
    const { pixelWidth, pixelHeight } = this.#window;
    if (this.#source === null || pixelWidth < 1 || pixelHeight < 1) return;
    const { width, height } = letterbox(this.#source, { width: pixelWidth, height: pixelHeight });
    if (width === this.#seen.width && height === this.#seen.height) return;
    this.#seen = { width, height };
    this.#events.onSized?.(this.#seen);
  }
}
