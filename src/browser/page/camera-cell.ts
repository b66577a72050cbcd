// One camera on the page: its picture, its age, what is wrong with it, and its tools.

import type { Size } from "../../core/pixel-format.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import type { ViewEvent } from "../messages.ts";
import { type CameraParts, partsOf } from "./camera-parts.ts";
import { fillPanel, showOutcome } from "./controls-panel.ts";
import { find } from "./elements.ts";
import { Gestures } from "./gestures.ts";
import { fit } from "./layout.ts";
import { MotionPanel } from "./motion-panel.ts";
import { canFloat, float } from "./picture-in-picture.ts";
import { saveClip, saveJpeg } from "./downloads.ts";
import { StateDisplay } from "./state-display.ts";
import { tell } from "./status.ts";
import type { RemoteView, Workers } from "./workers.ts";

/** The events of a cell, which the grid handles. */
export interface CellOwner {
  /** The user has tapped the picture. */
  tapped(cell: CameraCell): void;
  /** The user wants to see all cameras. */
  wantsGrid(): void;
  /** The user wants to see the page on the full screen, or as before. */
  wantsFullScreen(): void;
  camerasListed(cell: CameraCell, cameras: readonly CameraEntry[]): void;
  /** The size of the camera's pictures has changed. */
  sourceChanged(): void;
}

export class CameraCell {
  readonly element: HTMLElement;
  readonly #owner: CellOwner;
  readonly #remote: RemoteView;
  readonly #gestures: Gestures;
  readonly #parts: CameraParts;
  /** The name that the cell was opened with. It is empty for the server's first camera. */
  readonly asked: string;
  #name = "";
  #source: Size | null = null;
  #zoom = 1;
  readonly #state: StateDisplay;
  readonly #motion: MotionPanel;
  #isSaving = false;
  #isFloating = false;
  #isOneOfSeveral = false;
  #isShown = true;

  constructor(camera: string, workers: Workers, owner: CellOwner) {
    this.asked = camera;
    this.#owner = owner;
    const template = find(document, "#camera", HTMLTemplateElement);
    this.element = find(document.importNode(template.content, true), "section", HTMLElement);
    this.#parts = partsOf(this.element);
    this.#state = new StateDisplay(this.element, this.#parts, this.#tool("pause"));
    this.#motion = new MotionPanel(this.#parts, this.#tool("events"));
    const { picture, canvas, motion, age, tools, controls } = this.#parts;
    this.#gestures = new Gestures(picture, [canvas, motion], {
      onTap: () => owner.tapped(this),
      onZoom: (zoom) => {
        this.#zoom = zoom;
        this.tellSeen();
      },
    });
    this.#rename(camera);
    this.#remote = workers.open((event) => this.#hear(event));
    const offscreen = canvas.transferControlToOffscreen();
    this.#remote.ask({ kind: "open", camera, canvas: offscreen }, [offscreen]);
    age.addEventListener("click", () => this.toggleFigures());
    tools.addEventListener("click", ({ target }) => {
      const tool = target instanceof Element ? target.closest<HTMLElement>("[data-tool]") : null;
      if (tool !== null) this.#use(tool.dataset["tool"] ?? "");
    });
    controls.addEventListener("submit", (event) => event.preventDefault());
    this.#tool("full-screen").hidden = !document.fullscreenEnabled;
    this.#tool("picture-in-picture").hidden = !canFloat(canvas);
    new ResizeObserver(() => this.tellSeen()).observe(picture);
  }

  /** The name of the camera, which is empty before it is known. */
  get name(): string {
    return this.#name;
  }

  get source(): Size | null {
    return this.#source;
  }

  /** Sets whether the user can see the cell. The server sends no pictures to a cell that nobody sees. */
  setShown(isShown: boolean): void {
    this.#isShown = isShown;
    this.#tellHidden();
  }

  /** Marks the cell that fills the page. */
  setChosen(isChosen: boolean, isOneOfSeveral: boolean): void {
    const wasChosen = this.element.classList.contains("chosen");
    this.element.classList.toggle("chosen", isChosen);
    this.#tool("grid").hidden = !isChosen || !isOneOfSeveral;
    this.#isOneOfSeveral = isOneOfSeveral;
    if (wasChosen && !isChosen) this.#gestures.reset();
    this.#label();
  }

  /** Tells the server the size of the picture on the screen. */
  tellSeen(): void {
    const { clientWidth, clientHeight } = this.#parts.picture;
    if (clientWidth === 0 || clientHeight === 0) return;
    const { width, height } = fit(this.#source, { width: clientWidth, height: clientHeight });
    const scale = devicePixelRatio * this.#zoom;
    const side = (length: number) => Math.min(65_535, Math.max(1, Math.ceil(length * scale)));
    this.#remote.ask({ kind: "seen", size: { width: side(width), height: side(height) } });
  }

  togglePause(): void {
    this.#remote.ask({ kind: "pause" });
  }

  toggleFigures(): void {
    this.#state.toggleFigures();
  }

  saveSnapshot(): void {
    this.#remote.ask({ kind: "snapshot" });
  }

  /** Saves the last seconds as a file, one at a time. */
  async savePast(): Promise<void> {
    if (this.#isSaving) return;
    this.#isSaving = true;
    const { isSaved, text } = await saveClip(this.#name);
    this.#isSaving = false;
    tell(text);
    if (!isSaved) this.#state.note(text);
  }

  focus(): void {
    this.#parts.picture.focus();
  }

  /** Ends the view. */
  close(): void {
    this.#remote.close();
    this.element.remove();
    this.#motion.clear();
  }

  #hear(event: ViewEvent): void {
    switch (event.kind) {
      case "state":
        this.#rename(event.state.name === "" ? this.asked : event.state.name);
        this.#state.show(event.state, this.#name);
        this.#motion.showBox(this.#state.isLive);
        return;
      case "source":
        this.#source = event.size;
        this.#motion.setSource(event.size);
        this.tellSeen();
        this.#owner.sourceChanged();
        return;
      case "ended":
        this.#state.end(event.reason);
        this.#motion.take(null);
        this.#motion.showBox(false);
        tell(`${this.#name}: ${event.reason}`);
        return;
      case "shown":
        this.element.dataset["shown"] = "";
        performance.mark("first picture"); // for the browser's own tools, and for bench page
        return;
      case "cameras":
        this.#owner.camerasListed(this, event.cameras);
        return;
      case "saved":
        saveJpeg(event.jpeg, event.name);
        tell(`The snapshot of ${event.name} is saved`);
        return;
      case "motion":
        this.#motion.take(event.motion);
        this.#motion.showBox(this.#state.isLive);
        return;
      case "motion-picture":
        this.#motion.takePicture(event);
        return;
      case "controls":
        fillPanel(this.#parts.controls, event.controls, (set) => this.#remote.ask({ kind: "set-control", set }));
        return;
      case "control-set":
        showOutcome(this.#parts.controls, event.outcome.isDone ? "" : event.outcome.text);
    }
  }

  #use(tool: string): void {
    switch (tool) {
      case "grid":
        this.#owner.wantsGrid();
        return;
      case "pause":
        this.togglePause();
        return;
      case "snapshot":
        this.saveSnapshot();
        return;
      case "past":
        void this.savePast();
        return;
      case "events":
        this.toggleEvents();
        return;
      case "controls":
        if (this.#motion.isOpen) this.#motion.toggle(); // it is in the same place
        this.#toggleControls();
        return;
      case "picture-in-picture":
        void this.#float();
        return;
      case "full-screen":
        this.#owner.wantsFullScreen();
    }
  }

  /** Opens or closes the list of today's motion. */
  toggleEvents(): void {
    if (!this.#parts.controls.hidden) this.#toggleControls(); // they are in the same place
    this.#motion.toggle();
  }

  /** Closes the panel that is open. Returns false if none is. */
  closePanel(): boolean {
    if (this.#motion.isOpen) {
      this.#motion.toggle();
      this.#tool("events").focus();
      return true;
    }
    if (this.#parts.controls.hidden) return false;
    this.#toggleControls();
    this.#tool("controls").focus();
    return true;
  }

  #toggleControls(): void {
    const { controls } = this.#parts;
    controls.hidden = !controls.hidden;
    this.#tool("controls").setAttribute("aria-expanded", String(!controls.hidden));
    if (controls.hidden) return;
    controls.textContent = "The server is asked …";
    this.#remote.ask({ kind: "ask-controls" });
  }

  async #float(): Promise<void> {
    const { picture, alarm, header, canvas } = this.#parts;
    const problem = await float([picture, alarm, header], canvas, (isFloating) => {
      this.#isFloating = isFloating;
      this.#tellHidden();
      this.tellSeen();
    });
    if (problem !== null) tell(problem);
  }

  #tellHidden(): void {
    this.#remote.ask({ kind: "hidden", isHidden: !this.#isShown && !this.#isFloating });
  }

  #tool(name: string): HTMLButtonElement {
    return find(this.#parts.tools, `[data-tool=${name}]`, HTMLButtonElement);
  }

  #rename(name: string): void {
    if (name === this.#name && name !== "") return;
    this.#name = name;
    this.#motion.rename(name);
    this.#parts.name.textContent = name === "" ? "Camera" : name;
    this.element.setAttribute("aria-label", name === "" ? "Camera" : name);
    this.#label();
  }

  #label(): void {
    const isChosen = this.element.classList.contains("chosen");
    const what = !this.#isOneOfSeveral ? "Show the figures" : isChosen ? "Show all cameras" : "Show this camera alone";
    const name = this.#name === "" ? "the camera" : this.#name;
    this.#parts.picture.setAttribute("aria-label", `Live picture of ${name}. ${what}`);
  }
}
