// The controls of a camera, as viewers see them: list and set requests are done one after the other.

import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Controls, ControlSet } from "../../protocol/controls.ts";
import type { SourceControl, Source } from "../../capture/source.ts";

export interface CameraControlsOptions {
  source: Source;
  /** Whether viewers may set them. */
  areSettable: boolean;
  log: Log;
}

/** Most set requests that may wait, over all viewers. */
const MAX_WAITING_SETS = 32;
/** How long a list is used again. Listing asks the camera over USB; viewers must not keep it busy with that. */
const LIST_LIFE_MS = 200;

/** Neither `list` nor `set` rejects: the answer tells what went wrong. */
export class CameraControls {
  readonly #options: CameraControlsOptions;
  /** Resolves when all earlier requests are done; the next one is chained to it. */
  #turn: Promise<unknown> = Promise.resolve();
  #waitingSets = 0;
  /** The list request that is under way; null when there is none, or a set request comes after it. */
  #listing: Promise<Controls> | null = null;
  /** The last list, while it is younger than LIST_LIFE_MS and no control was set since. */
  #listed: Controls | null = null;

  constructor(options: CameraControlsOptions) {
    this.#options = options;
  }

  /** Lists the controls. Requests share one answer while it is under way, and shortly after, until a control is set. */
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

  /** Sets a control. `who` is the viewer, for the log. A request that has not begun when `signal` aborts is not done. */
  async set(name: string, text: string, who: string, signal: AbortSignal): Promise<ControlSet> {
    const { source, areSettable, log } = this.#options;
    const { controls } = source;
    const refuse = (why: string): ControlSet => ({ isDone: false, text: why });
    if (!areSettable) return refuse("viewers may not set controls: the server was started without --allow-controls");
    if (controls === undefined) return refuse(`${source.name} has no controls`);
    if (this.#waitingSets >= MAX_WAITING_SETS) {
      return refuse(`${MAX_WAITING_SETS} settings are waiting for ${source.name} already: try again`);
    }
    this.#waitingSets++;
    this.#listing = null; // later list requests must show what was set
    try {
      await this.#inTurn(async () => {
        signal.throwIfAborted();
        this.#listed = null;
        await controls.set(name, text);
      });
      log.info(`viewer ${who} set ${name} to ${text}`);
      return { isDone: true, text: "" };
    } catch (error) {
      return refuse(messageOf(error));
    } finally {
      this.#waitingSets--;
    }
  }

  /** Releases what the controls hold, such as a thread. */
  async close(): Promise<void> {
    await this.#options.source.controls?.close();
  }

  #inTurn<Outcome>(act: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#turn.then(act);
    this.#turn = outcome.catch(() => undefined); // the error goes to its caller
    return outcome;
  }
}

/** The controls that the wire can carry: their values are numbers of 32 bits. Buttons and bit masks are left out. */
function toWire(all: readonly SourceControl[]): Controls["controls"] {
  return all.flatMap(({ name, type, minimum, maximum, step, defaultValue, value, menu, isReadOnly }) => {
    const numbers = [minimum, maximum, step, defaultValue, value];
    const fits = numbers.every((number) => number !== null && Math.abs(number) < 2 ** 31);
    if (type === "button" || type === "bitmask" || isReadOnly || value === null || !fits) return [];
    return [{ name, kind: type, min: minimum, max: maximum, step, default: defaultValue, value, items: menu }];
  });
}
