// All cameras of the server in a grid that fits the window. One of them can fill the page.

import type { CameraEntry } from "../../protocol/cameras.ts";
import { CameraCell, type CellOwner } from "./camera-cell.ts";
import { columnsFor } from "./layout.ts";
import { cameraOfAddress, hashOf } from "./page-address.ts";
import { tell } from "./status.ts";
import type { Workers } from "./workers.ts";

export class Grid implements CellOwner {
  readonly #element: HTMLElement;
  readonly #workers: Workers;
  #cells: CameraCell[] = [];
  #chosen: CameraCell | null = null;
  /** The camera in the address of the page, which fills the page as soon as it is known. */
  #wanted = cameraOfAddress();

  /** Opens the server's first camera. The server then names the others. */
  constructor(element: HTMLElement, workers: Workers) {
    this.#element = element;
    this.#workers = workers;
    this.#add("");
    this.#arrange();
    new ResizeObserver(() => this.#arrange()).observe(element);
    document.addEventListener("visibilitychange", () => this.#tellShown());
    window.addEventListener("online", () => this.#tellShown());
    window.addEventListener("hashchange", () => {
      this.#wanted = cameraOfAddress();
      this.#choose(this.#cells.find(({ name }) => name === this.#wanted) ?? null);
    });
  }

  get cells(): readonly CameraCell[] {
    return this.#cells;
  }

  /** The camera that fills the page, or the only camera. Null while the page shows several. */
  get single(): CameraCell | null {
    return this.#chosen ?? (this.#cells.length === 1 ? (this.#cells[0] ?? null) : null);
  }

  /** Lets the camera with this number fill the page. The first one has the number 1. If it does already, all are shown. */
  select(number: number): void {
    const cell = this.#cells[number - 1];
    if (cell === undefined || this.#cells.length === 1) return;
    this.#setAddress(cell === this.#chosen ? null : cell);
  }

  tapped(cell: CameraCell): void {
    if (this.#cells.length > 1) this.#setAddress(cell === this.#chosen ? null : cell);
    else cell.toggleFigures();
  }

  wantsGrid(): void {
    this.#setAddress(null);
  }

  wantsFullScreen(): void {
    const change =
      document.fullscreenElement === null ? document.documentElement.requestFullscreen() : document.exitFullscreen();
    change.catch(() => tell("The browser does not allow the full screen"));
  }

  camerasListed(cell: CameraCell, cameras: readonly CameraEntry[]): void {
    if (cell.asked !== "") return; // the first camera's connection tells the same
    // The first one is in the cell that was opened without a name.
    const listed = new Set(cameras.slice(1).map(({ name }) => name));
    for (const other of this.#cells.filter(({ asked }) => asked !== "" && !listed.has(asked))) {
      if (other === this.#chosen && other.asked === cameras[0]?.name) this.#chosen = cell;
      else if (other === this.#chosen) this.wantsGrid();
      other.close();
    }
    this.#cells = this.#cells.filter(({ asked }) => asked === "" || listed.has(asked));
    for (const { name } of cameras.slice(1)) {
      if (!this.#cells.some(({ asked }) => asked === name)) this.#add(name);
    }
    const order = new Map(cameras.map(({ name }, index) => [name, index]));
    this.#cells.sort((a, b) => (order.get(a.asked) ?? 0) - (order.get(b.asked) ?? 0));
    const wanted = cameras.findIndex(({ name }) => name === this.#wanted);
    if (wanted >= 0 && this.#cells.length > 1) this.#choose(this.#cells[wanted] ?? null);
    else this.#arrange();
  }

  sourceChanged(): void {
    this.#arrange();
  }

  #add(camera: string): void {
    const cell = new CameraCell(camera, this.#workers, this);
    this.#cells.push(cell);
    this.#element.append(cell.element);
  }

  /** The address of the page names the camera that fills it, so that the browser's button "back" shows all cameras again. */
  #setAddress(cell: CameraCell | null): void {
    const hash = hashOf(cell?.name ?? "");
    if (hash === location.hash) this.#choose(cell);
    else location.hash = hash;
  }

  #choose(cell: CameraCell | null): void {
    const focused = this.#element.contains(document.activeElement) ? document.activeElement : null;
    this.#chosen = cell;
    this.#arrange();
    // The camera with the focus may have disappeared, and then keys would start again at the top of the page.
    if (cell !== null && focused !== null && !cell.element.contains(focused)) cell.focus();
  }

  #arrange(): void {
    const chosen = this.#chosen;
    this.#element.classList.toggle("filled", chosen !== null);
    const { clientWidth: width, clientHeight: height } = this.#element;
    const source = this.#cells.find((cell) => cell.source !== null)?.source ?? null;
    const columns = chosen === null ? columnsFor(this.#cells.length, source, { width, height }) : 1;
    const rows = chosen === null ? Math.ceil(this.#cells.length / columns) : 1;
    this.#element.style.gridTemplate = `repeat(${rows}, minmax(0, 1fr)) / repeat(${columns}, minmax(0, 1fr))`;
    for (const cell of this.#cells) cell.setChosen(cell === chosen, this.#cells.length > 1);
    const name = this.single?.name ?? "";
    document.title = name === "" ? "Slipstream" : `${name} - Slipstream`;
    this.#tellShown();
  }

  #tellShown(): void {
    for (const cell of this.#cells) {
      cell.setShown(!document.hidden && (this.#chosen === null || cell === this.#chosen));
    }
  }
}
