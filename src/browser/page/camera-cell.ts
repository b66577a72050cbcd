// One camera on the page: its picture, its age, what is wrong with it, and its tools.

import type { Size } from "../../core/pixel-format.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import type { ViewEvent, ViewState } from "../messages.ts";
import { formatAge, partsOf } from "./camera-parts.ts";
import { fillPanel, showOutcome } from "./controls-panel.ts";
import { find, setText } from "./elements.ts";
import { Gestures } from "./gestures.ts";
import { fit } from "./layout.ts";
import { canFloat, float } from "./picture-in-picture.ts";
import { saveClip, saveJpeg } from "./downloads.ts";
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

/** A note is shown for this time. It ends with a state that comes after it, and one comes each second. */
const NOTE_MS = 5_000;

export class CameraCell {
  readonly element: HTMLElement;
  readonly #owner: CellOwner;
  readonly #remote: RemoteView;
  readonly #gestures: Gestures;
  readonly #parts: ReturnType<typeof partsOf>;
  /** The name that the cell was opened with. It is empty for the server's first camera. */
  readonly asked: string;
  #name = "";
  #source: Size | null = null;
  #zoom = 1;
  #state: ViewState | null = null;
  #trouble = "";
  #isSaving = false;
  /** Why the last wish of the user failed. */
  #note = { text: "", endsAtMs: 0 };
  #isFloating = false;
  #isOneOfSeveral = false;
  #isShown = true;

  constructor(camera: string, workers: Workers, owner: CellOwner) {
    this.asked = camera;
    this.#owner = owner;
    const template = find(document, "#camera", HTMLTemplateElement);
    this.element = find(document.importNode(template.content, true), "section", HTMLElement);
    this.#parts = partsOf(this.element);
    const { picture, canvas, age, tools, controls } = this.#parts;
    this.#gestures = new Gestures(picture, canvas, {
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
    const { age, figures } = this.#parts;
    figures.hidden = !figures.hidden;
    age.setAttribute("aria-expanded", String(!figures.hidden));
    this.#showState();
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
    if (isSaved) return;
    this.#note = { text, endsAtMs: performance.now() + NOTE_MS };
    this.#showState();
  }

  focus(): void {
    this.#parts.picture.focus();
  }

  /** Ends the view. */
  close(): void {
    this.#remote.ask({ kind: "close" });
    this.element.remove();
  }

  #hear(event: ViewEvent): void {
    switch (event.kind) {
      case "state":
        this.#state = event.state;
        this.#rename(event.state.name === "" ? this.asked : event.state.name);
        this.#showState();
        return;
      case "source":
        this.#source = event.size;
        this.tellSeen();
        this.#owner.sourceChanged();
        return;
      case "ended":
        this.#state = null;
        this.#parts.alarm.hidden = false;
        this.#parts.alarm.textContent = `${event.reason}: load the page again`;
        this.#parts.age.classList.replace("fresh", "old");
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
      case "controls":
        this.#toggleControls();
        return;
      case "picture-in-picture":
        void this.#float();
        return;
      case "full-screen":
        this.#owner.wantsFullScreen();
    }
  }

  /** Closes the panel of controls. Returns false if it is not open. */
  closePanel(): boolean {
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

  #showState(): void {
    const state = this.#state;
    if (state === null) return;
    const { age, alarm, figures } = this.#parts;
    const { ageMs, p50Ms, p99Ms } = state;
    const text = ageMs === null ? "–" : formatAge(ageMs);
    setText(age, text);
    age.setAttribute("aria-label", ageMs === null ? "No picture yet" : `The picture is ${text} old`);
    const isOld = state.isOld || ageMs === null || ageMs >= 1000;
    age.classList.toggle("old", isOld && !state.isPaused);
    age.classList.toggle("fresh", !isOld);
    const note = performance.now() < this.#note.endsAtMs ? this.#note.text : "";
    const warning = state.alarm ?? note;
    alarm.hidden = warning === "";
    setText(alarm, warning);
    this.element.classList.toggle("paused", state.isPaused);
    const pause = this.#tool("pause");
    pause.setAttribute("aria-pressed", String(state.isPaused));
    if (!figures.hidden) {
      const latency = p99Ms === 0 ? "" : `age p50 ${p50Ms.toFixed(0)} ms, p99 ${p99Ms.toFixed(0)} ms\n`;
      setText(figures, `${latency}${state.lines.join("\n")}`);
    }
    this.#tellTrouble(state);
  }

  /** Reads a trouble aloud when it begins and when it ends, but not its duration each second. */
  #tellTrouble({ trouble, ageMs }: ViewState): void {
    const text = trouble ?? "";
    if (text === this.#trouble) return;
    const name = this.#name === "" ? "The camera" : this.#name;
    if (text !== "") tell(`${name}: ${text}`);
    else if (ageMs !== null) tell(`${name}: the picture is live`);
    this.#trouble = text;
  }
}
