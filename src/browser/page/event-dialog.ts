// The dialog with one event of motion: its picture, and the clip of the seconds around it while the server keeps them.

import type { DayEvent } from "./day-events.ts";
import { keptSeconds, saveClip } from "./downloads.ts";
import { find, setText } from "./elements.ts";
import { describeEvent, timeOf } from "./event-text.ts";

/** The clip begins and ends so many seconds before and after the motion. */
const AROUND_SECONDS = 3;

interface Shown {
  camera: string;
  event: DayEvent;
}

export class EventDialog {
  readonly #dialog = find(document, "#event", HTMLDialogElement);
  readonly #title = find(document, "#event-title", HTMLElement);
  readonly #picture = find(document, "#event-picture", HTMLImageElement);
  readonly #facts = find(document, "#event-facts", HTMLElement);
  readonly #save = find(document, "#event-save", HTMLButtonElement);
  readonly #note = find(document, "#event-note", HTMLElement);
  #shown: Shown | null = null;
  #isSaving = false;

  constructor() {
    this.#dialog.addEventListener("keydown", (event) => event.stopPropagation()); // the keys of the page are not for it
    this.#dialog.addEventListener("close", () => {
      this.#shown = null;
      this.#picture.removeAttribute("src");
    });
    find(document, "#event-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#save.addEventListener("click", () => void this.#saveClip());
  }

  /** Shows an event of a camera. */
  open(camera: string, event: DayEvent): void {
    const shown = { camera, event };
    this.#shown = shown;
    this.#title.textContent = `Motion at ${timeOf(event.startMs)}`;
    this.#facts.textContent = `${camera}: ${describeEvent(event)}`;
    this.#picture.hidden = event.picture === null;
    this.#picture.alt = `${camera} at the height of the motion`;
    if (event.picture !== null) this.#picture.src = event.picture.url;
    this.#save.disabled = true;
    this.#note.textContent = "The server is asked for the clip …";
    if (!this.#dialog.open) this.#dialog.showModal();
    void this.#offerClip(shown);
  }

  async #offerClip(shown: Shown): Promise<void> {
    const kept = await keptSeconds(shown.camera);
    if (this.#shown !== shown) return; // the user has closed the dialog meanwhile
    const { movedMs } = shown.event;
    this.#save.disabled = kept === null || (Date.now() - movedMs) / 1000 >= kept;
    const why = kept === null ? "The server does not keep the past of this camera." : "The clip is not kept any more.";
    setText(this.#note, this.#save.disabled ? why : "");
  }

  async #saveClip(): Promise<void> {
    const shown = this.#shown;
    if (shown === null || this.#isSaving) return;
    this.#isSaving = true;
    const { camera, event } = shown;
    const age = (at: number) => (Date.now() - at) / 1000;
    const ago = Math.max(0, Math.floor(age(event.movedMs) - AROUND_SECONDS));
    const seconds = Math.max(1, Math.ceil(age(event.startMs) + AROUND_SECONDS) - ago);
    this.#note.textContent = "The clip is being saved …";
    const { text } = await saveClip(camera, { seconds, ago });
    this.#isSaving = false;
    if (this.#shown === shown) this.#note.textContent = text;
  }
}
