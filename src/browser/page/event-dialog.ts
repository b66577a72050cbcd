// The dialog with one event of motion: its picture, and the clip of the seconds around it while the server keeps them.

import { clipAround } from "./clip-span.ts";
import type { DayEvent } from "./day-events.ts";
import { keptSeconds, saveClip } from "./downloads.ts";
import { find, setText } from "./elements.ts";
import { describeEvent, timeOf } from "./event-text.ts";

interface Shown {
  camera: string;
  event: DayEvent;
  isSaving: boolean;
}

export class EventDialog {
  readonly #dialog = find(document, "#event", HTMLDialogElement);
  readonly #title = find(document, "#event-title", HTMLElement);
  readonly #picture = find(document, "#event-picture", HTMLImageElement);
  readonly #facts = find(document, "#event-facts", HTMLElement);
  readonly #save = find(document, "#event-save", HTMLButtonElement);
  readonly #note = find(document, "#event-note", HTMLElement);
  #shown: Shown | null = null;

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
    const shown = { camera, event, isSaving: false };
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
    const isKept = typeof kept === "number" && (Date.now() - movedMs) / 1000 < kept;
    this.#save.disabled = !isKept;
    const why = typeof kept === "string" ? kept : `The server keeps only the last ${kept} s: raise its --past`;
    setText(this.#note, isKept ? "" : why);
  }

  async #saveClip(): Promise<void> {
    const shown = this.#shown;
    if (shown === null || shown.isSaving) return;
    shown.isSaving = true;
    this.#note.textContent = "The clip is being saved …";
    const { text } = await saveClip(shown.camera, clipAround(shown.event, Date.now()));
    shown.isSaving = false;
    if (this.#shown === shown) this.#note.textContent = text;
  }
}
