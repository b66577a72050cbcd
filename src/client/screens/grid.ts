// Several cameras in one window. Each camera has its own screen (a cell), whose pictures are drawn into the picture of the
// window.

import type { ShareBox } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Rectangle } from "../../core/rectangle.ts";
import { drawOverlay, NO_OVERLAY, type Overlay, type RgbaPicture } from "./overlay.ts";
import { drawFitted, drawScaled } from "./draw-scaled.ts";
import { letterbox } from "./letterbox.ts";
import type { Screen, ShownPicture } from "./screen.ts";

/** The window that shows a grid. */
export interface GridWindow extends Screen {
  /** The size of the window's content in pixels. */
  readonly pixelSize: Size;
}

/** The shortest time between two drawings of the window. There is a limit, because each drawing draws all of its pixels. */
const LEAST_PAUSE_MS = 16;

/** One camera's part of the window. */
export interface Cell extends Screen {
  /**
   * The size of the picture on the screen, or null while it is not visible: another camera fills the window, or the window is
   * hidden.
   */
  readonly visible: Size | null;
}

export interface GridOptions {
  window: GridWindow;
  cells: number;
  /** Returns the text in the corner of a cell: the camera's name and the age of its picture. */
  label: (index: number) => string;
  /**
   * The grid calls this when the sizes of cells have changed. The owner then requests pictures of these sizes, and shows all
   * pictures again.
   */
  onArranged: () => void;
  /** The grid calls this when the window has failed. */
  onBroken: (reason: unknown) => void;
}

export class Grid {
  readonly cells: Cell[];
  readonly #options: GridOptions;
  readonly #places: (Rectangle | null)[] = [];
  readonly #sources: Size[] = [];
  /** The picture of each cell, in the size of the cell. The memory is reused. */
  readonly #pictures: RgbaPicture[] = [];
  #picture: RgbaPicture = { width: 0, height: 0, pixels: new Uint8Array() };
  /** The index of the cell that fills the window, or null while all cells are shown. */
  selected: number | null = null;
  /** True while no part of the window can be seen. */
  #isHidden = false;
  #drawn: (() => void)[] = [];
  #drawing: ReturnType<typeof setTimeout> | null = null;
  #drawnAt = 0;

  constructor(options: GridOptions) {
    this.#options = options;
    this.cells = Array.from({ length: options.cells }, (_, index) => this.#createCell(index));
    this.#arrange();
  }

  /** Draws the window again, for example after a change of its size. */
  expose(): void {
    const { width, height } = this.#options.window.pixelSize;
    if (width !== this.#picture.width || height !== this.#picture.height) this.#arrange();
    else void this.#draw();
  }

  /** Sets whether the window, and so each cell, is completely hidden. */
  setHidden(isHidden: boolean): void {
    this.#isHidden = isHidden;
    this.#options.onArranged();
  }

  /** Computes the place of each cell. */
  #arrange(): void {
    const { width, height } = this.#options.window.pixelSize;
    if (width < 1 || height < 1) return; // a window without pixels has no place for cells
    this.#picture = { width, height, pixels: new Uint8Array(width * height * 4) };
    const { length } = this.cells;
    const columns = Math.ceil(Math.sqrt(length));
    const rows = Math.ceil(length / columns);
    for (let index = 0; index < length; index++) {
      const [column, row] = [index % columns, Math.floor(index / columns)];
      const [left, top] = [Math.floor((column * width) / columns), Math.floor((row * height) / rows)];
      const right = Math.floor(((column + 1) * width) / columns);
      const bottom = Math.floor(((row + 1) * height) / rows);
      const own = { x: left, y: top, width: right - left, height: bottom - top };
      if (this.selected !== null) {
        this.#places[index] = this.selected === index ? { x: 0, y: 0, width, height } : null;
      } else {
        this.#places[index] = own.width > 0 && own.height > 0 ? own : null;
      }
    }
    this.#options.onArranged();
    void this.#draw(); // this makes pixels that no cell covers black
  }

  /** Fills the window with a cell. Selecting the same cell again shows all cells. */
  select(index: number): void {
    if (index >= this.cells.length) return;
    this.selected = this.selected === index ? null : index;
    this.#arrange();
  }

  /** Returns the index of the cell at a pixel of the window, or null if there is none. */
  cellAt(x: number, y: number): number | null {
    const index = this.#places.findIndex(
      (place) =>
        place !== null && x >= place.x && x < place.x + place.width && y >= place.y && y < place.y + place.height,
    );
    return index < 0 ? null : index;
  }

  close(): void {
    if (this.#drawing !== null) clearTimeout(this.#drawing);
    this.#drawing = null;
  }

  #createCell(index: number): Cell {
    const places = this.#places;
    const sources = this.#sources;
    const isHidden = () => this.#isHidden;
    return {
      show: (picture, overlay) => this.#show(index, picture, overlay),
      setTitle: () => undefined,
      setSource: (size) => {
        sources[index] = size;
        this.#options.onArranged();
      },
      close: () => undefined,
      get visible() {
        const place = isHidden() ? null : places[index];
        return place ? letterbox(sources[index] ?? place, place) : null;
      },
    };
  }

  #show(index: number, picture: ShownPicture, overlay: Overlay): void | Promise<void> {
    const place = this.#places[index];
    if (!place) return;
    // The main thread draws these pixels, because SDL takes only one picture for the whole window. The picture is first scaled to
    // the size of the cell and gets its text, which stays readable in this way. Then it is copied into the window's picture.
    const cell = drawFitted(picture, place, this.#pictures[index] ?? null);
    this.#pictures[index] = cell;
    const { lines, box } = overlay;
    drawOverlay(cell, {
      ...overlay,
      lines: lines.length > 0 ? lines : [this.#options.label(index)],
      box: box ? inCell(box, letterbox(picture, cell), cell) : null,
    });
    drawScaled(cell, this.#picture, place);
    return this.#draw();
  }

  /** Shows the window's picture soon, so that other cells can draw into it before. Resolves when it is shown. */
  #draw(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#drawn.push(resolve);
    const waitMs = Math.max(0, this.#drawnAt + LEAST_PAUSE_MS - performance.now());
    this.#drawing ??= setTimeout(() => this.#drawNow(), waitMs);
    return promise;
  }

  #drawNow(): void {
    this.#drawing = null;
    this.#drawnAt = performance.now();
    const drawn = this.#drawn;
    this.#drawn = [];
    try {
      void this.#options.window.show(this.#picture, NO_OVERLAY);
    } catch (error) {
      this.#options.onBroken(error);
    }
    for (const done of drawn) done();
  }
}

/** Converts shares of a picture to shares of its cell, where `place` is the picture without its black bars. */
function inCell({ x, y, width, height }: ShareBox, place: Rectangle, cell: Size): ShareBox {
  return {
    x: (place.x + x * place.width) / cell.width,
    y: (place.y + y * place.height) / cell.height,
    width: (width * place.width) / cell.width,
    height: (height * place.height) / cell.height,
  };
}
