// A camera's controls as viewers see them: listed, and set where the server allows that; one thing after the other.

import { messageOf } from "../../core/errors.ts";
import type { Controls, ControlSet } from "../../protocol/controls.ts";
import type { SourceControl, Source } from "../../capture/source.ts";

export interface CameraControlsOptions {
  source: Source;
  /** Viewers may set them. */
  areSettable: boolean;
  /** One line for the operator. */
  say: (text: string) => void;
}

/** Settings that wait for the camera, of all viewers together: some of each question that a viewer may have open, for several. */
const MAX_WAITING_SETS = 32;
/** A list is an enumeration over USB, which who asks again and again must not keep the camera busy with. */
const LIST_LIFE_MS = 200;

/** Neither `list` nor `set` rejects: what goes wrong is in the answer. */
export class CameraControls {
  readonly #options: CameraControlsOptions;
  /** What all that was asked for before comes to. */
  #turn: Promise<unknown> = Promise.resolve();
  #waitingSets = 0;
  /** The list that is being made, or will be; null where there is none, or something is to be set after it. */
  #listing: Promise<Controls> | null = null;
  /** The last one, while it is young and nothing has been set since. */
  #listed: Controls | null = null;

  constructor(options: CameraControlsOptions) {
    this.#options = options;
  }

  /** One list is for all who ask while it is made, and for a moment after, unless something is set. */
  list(): Promise<Controls> {
    if (this.#listing !== null) return this.#listing;
    const listing = this.#inTurn(async () => {
      const listed = this.#listed ?? (await this.#read());
      if (this.#listed !== listed) setTimeout(() => this.#forget(listed), LIST_LIFE_MS).unref();
      this.#listed = listed;
      if (this.#listing === listing) this.#listing = null;
      return listed;
    });
    this.#listing = listing;
    return listing;
  }

  #forget(listed: Controls): void {
    if (this.#listed === listed) this.#listed = null;
  }

  async #read(): Promise<Controls> {
    const { source, areSettable } = this.#options;
    if (source.controls === undefined) return { areSettable, trouble: `${source.name} has no controls`, controls: [] };
    try {
      const controls = await source.controls.list();
      return { areSettable, trouble: "", controls: toWire(controls) };
    } catch (error) {
      return { areSettable, trouble: messageOf(error), controls: [] };
    }
  }

  /** `who` wants it, for the log. What has not begun when `signal` aborts is not done. */
  async set(name: string, text: string, who: string, signal: AbortSignal): Promise<ControlSet> {
    const { source, areSettable, say } = this.#options;
    const { controls } = source;
    const refuse = (why: string): ControlSet => ({ isDone: false, text: why });
    if (!areSettable) return refuse("this server lets nobody set controls: it was started without --allow-controls");
    if (controls === undefined) return refuse(`${source.name} has no controls`);
    if (this.#waitingSets >= MAX_WAITING_SETS) {
      return refuse(`${MAX_WAITING_SETS} settings wait for ${source.name} already: try again`);
    }
    this.#waitingSets++;
    this.#listing = null; // who asks from now on is told what has come of it
    try {
      await this.#inTurn(async () => {
        signal.throwIfAborted();
        this.#listed = null;
        await controls.set(name, text);
      });
      say(`viewer ${who} set ${name} to ${text}`);
      return { isDone: true, text: "" };
    } catch (error) {
      return refuse(messageOf(error));
    } finally {
      this.#waitingSets--;
    }
  }

  /** Ends what they hold, as a thread. */
  async close(): Promise<void> {
    await this.#options.source.controls?.close();
  }

  #inTurn<Outcome>(act: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#turn.then(act);
    this.#turn = outcome.catch(() => undefined); // its caller hears of it
    return outcome;
  }
}

/** What viewers can be told of: values that are numbers of 32 bits and have a meaning of their own. */
function toWire(all: readonly SourceControl[]): Controls["controls"] {
  return all.flatMap(({ name, type, minimum, maximum, step, defaultValue, value, menu, isReadOnly }) => {
    const numbers = [minimum, maximum, step, defaultValue, value];
    const fits = numbers.every((number) => number !== null && Math.abs(number) < 2 ** 31);
    if (type === "button" || type === "bitmask" || isReadOnly || value === null || !fits) return [];
    return [{ name, kind: type, min: minimum, max: maximum, step, default: defaultValue, value, items: menu }];
  });
}
