// The motion of one camera on the page: the box over its picture, and the list of today's events.

import type { Size } from "../../core/pixel-format.ts";
import type { MotionPicture, PageMotion } from "../page-motion.ts";
import type { CameraParts } from "./camera-parts.ts";
import { type DayEvent, DayEvents } from "./day-events.ts";
import { setText } from "./elements.ts";
import { EventDialog } from "./event-dialog.ts";
import { describeEvent, timeOf } from "./event-text.ts";
import { MotionBox } from "./motion-box.ts";
import { tell } from "./status.ts";

/** The dialog, which all cameras share. */
let dialog: EventDialog | null = null;

export class MotionPanel {
  readonly #parts: CameraParts;
  readonly #button: HTMLButtonElement;
  readonly #box: MotionBox;
  readonly #events = new DayEvents();
  /** The items of the list. An item stays while its event changes, so that it keeps the focus. */
  readonly #items = new Map<DayEvent, HTMLLIElement>();
  #name = "";
  #motion: PageMotion | null = null;

  /** `button` opens the list. It is hidden until the server tells about motion for the first time. */
  constructor(parts: CameraParts, button: HTMLButtonElement) {
    this.#parts = parts;
    this.#button = button;
    this.#box = new MotionBox(parts.motion);
  }

  get isOpen(): boolean {
    return !this.#parts.events.hidden;
  }

  setSource(size: Size): void {
    this.#box.setSource(size);
    this.#box.show(null); // until the next message
  }

  /**
   * Sets the name of the camera, which is empty before it is known. The server's first camera may be another one after a restart, and
   * then the events of the camera before it are forgotten.
   */
  rename(name: string): void {
    if (this.#name !== "" && name !== this.#name) this.clear();
    this.#name = name;
  }

  /** Forgets all events and their pictures, also when the camera leaves the page. */
  clear(): void {
    this.#events.clear();
    this.#fill();
  }

  /** Takes what the server tells, or null when the connection has ended. */
  take(motion: PageMotion | null): void {
    this.#motion = motion;
    if (motion === null) {
      this.#events.interrupt();
    } else {
      this.#button.hidden = false;
      const begun = this.#events.take(motion);
      if (begun !== null) tell([`${this.#name === "" ? "The camera" : this.#name}: motion`, ...begun.zones].join(", "));
    }
    this.#fill();
  }

  takePicture(picture: MotionPicture): void {
    this.#events.takePicture(picture);
    this.#fill();
  }

  /** Shows the box, if the picture on the screen is live. */
  showBox(isLive: boolean): void {
    this.#box.show(isLive ? (this.#motion?.moving ?? null) : null);
  }

  /** Opens or closes the list. */
  toggle(): void {
    const { events } = this.#parts;
    events.hidden = !events.hidden;
    this.#button.setAttribute("aria-expanded", String(!events.hidden));
    this.#fill();
  }

  #fill(): void {
    const { eventList, noEvents } = this.#parts;
    if (!this.isOpen) return;
    const all = this.#events.all;
    noEvents.hidden = all.length > 0;
    for (const [event, item] of this.#items) {
      if (all.includes(event)) continue;
      item.remove();
      this.#items.delete(event);
    }
    for (const event of all.toReversed()) {
      const item = this.#items.get(event) ?? this.#add(event);
      update(item, event);
      if (!item.isConnected) eventList.prepend(item);
    }
  }

  #add(event: DayEvent): HTMLLIElement {
    const item = document.createElement("li");
    const button = document.createElement("button");
    const [time, facts] = [document.createElement("time"), document.createElement("span")];
    button.type = "button";
    time.dateTime = new Date(event.startMs).toISOString();
    time.textContent = timeOf(event.startMs);
    button.append(time, facts);
    button.addEventListener("click", () => {
      dialog ??= new EventDialog();
      dialog.open(this.#name, event);
    });
    item.append(button);
    this.#items.set(event, item);
    return item;
  }
}

/** Shows the newest facts and the newest picture of an event. */
function update(item: HTMLLIElement, event: DayEvent): void {
  const facts = item.querySelector("span");
  if (facts !== null) setText(facts, describeEvent(event));
  const url = event.picture?.url;
  const picture = item.querySelector("img");
  if (url === undefined) {
    picture?.remove();
  } else if (picture === null) {
    const added = document.createElement("img");
    added.alt = ""; // the text beside it says what it is
    added.src = url;
    item.querySelector("button")?.prepend(added);
  } else if (picture.src !== url) {
    picture.src = url;
  }
}
