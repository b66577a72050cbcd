// Shows the state of a camera: the age of its picture, what is wrong with it, and its figures.

import type { ViewState } from "../messages.ts";
import { formatAge, type CameraParts } from "./camera-parts.ts";
import { setText } from "./elements.ts";
import { tell } from "./status.ts";

/** A note is shown for this time. It ends with a state that comes after it, and one comes each second. */
const NOTE_MS = 5_000;

export class StateDisplay {
  readonly #section: HTMLElement;
  readonly #parts: CameraParts;
  readonly #pause: HTMLElement;
  #state: ViewState | null = null;
  #name = "";
  #trouble = "";
  /** Why the last wish of the user failed. */
  #note = { text: "", endsAtMs: 0 };

  /** `pause` is the button that pauses. */
  constructor(section: HTMLElement, parts: CameraParts, pause: HTMLElement) {
    this.#section = section;
    this.#parts = parts;
    this.#pause = pause;
  }

  /** Whether the picture on the screen is live. */
  get isLive(): boolean {
    return this.#state !== null && !this.#state.isOld && !this.#state.isPaused;
  }

  /** `name` is the name of the camera, or empty before it is known. */
  show(state: ViewState, name: string): void {
    this.#state = state;
    this.#name = name;
    this.#update();
  }

  /** Shows why a wish of the user failed. */
  note(text: string): void {
    this.#note = { text, endsAtMs: performance.now() + NOTE_MS };
    this.#update();
  }

  toggleFigures(): void {
    const { age, figures } = this.#parts;
    figures.hidden = !figures.hidden;
    age.setAttribute("aria-expanded", String(!figures.hidden));
    this.#update();
  }

  /** Shows that the view has ended, because the page cannot go on with it. */
  end(reason: string): void {
    const { alarm, age } = this.#parts;
    this.#state = null;
    alarm.hidden = false;
    alarm.textContent = `${reason}: load the page again`;
    age.classList.replace("fresh", "old");
  }

  #update(): void {
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
    this.#section.classList.toggle("paused", state.isPaused);
    this.#pause.setAttribute("aria-pressed", String(state.isPaused));
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
    const camera = this.#name === "" ? "The camera" : this.#name;
    if (text !== "") tell(`${camera}: ${text}`);
    else if (ageMs !== null) tell(`${camera}: the picture is live`);
    this.#trouble = text;
  }
}
