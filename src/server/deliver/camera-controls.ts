// Handles the viewers' requests to list and set a camera's controls, one request after the other.

import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import type { Controls, ControlSet } from "../../protocol/controls.ts";
import type { Role } from "../access/role.ts";
import type { SourceControl, Source } from "../../capture/source.ts";

export interface CameraControlsOptions {
  source: Source;
  /** Whether viewers may set controls. */
  areSettable: boolean;
  log: Log;
}

/** The viewer that sets a control. */
export interface ControlUser {
  address: string;
  role: Role;
}

/** The largest number of waiting set requests, over all viewers. */
const MAX_WAITING_SETS = 32;
/** The time for which a list is reused. Listing asks the camera over USB, and viewers must not keep it busy. */
const LIST_LIFE_MS = 200;

/** The controls of one camera. `list` and `set` never reject: their answer tells what went wrong. */
export class CameraControls {
  readonly #options: CameraControlsOptions;
  /** Resolves when all earlier requests are done. The next request waits for it. */
  #turn: Promise<unknown> = Promise.resolve();
  #waitingSets = 0;
  /** The running list request. It is null when no list request runs, or when a set request came after it. */
  #listing: Promise<Controls> | null = null;
  /** The last list, or null when it is older than LIST_LIFE_MS or a control was set since. */
  #listed: Controls | null = null;

  constructor(options: CameraControlsOptions) {
    this.#options = options;
  }

  /** Lists the controls, and says whether the role may set them. */
  list({ may }: Role): Promise<Controls> {
    const listed = this.#listForAll();
    return may.has("control") ? listed : listed.then((list) => ({ ...list, areSettable: false }));
  }

  /** Requests share one answer until it is too old or a control is set. */
  #listForAll(): Promise<Controls> {
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

  /**
   * Sets a control for a viewer, whose address is for the log. If `signal` aborts before the request begins, the control is not
   * set.
   */
  async set(name: string, text: string, who: ControlUser, signal: AbortSignal): Promise<ControlSet> {
    const { source, areSettable, log } = this.#options;
    const { controls } = source;
    const refuse = (why: string): ControlSet => ({ isDone: false, text: why });
    if (!areSettable) return refuse("viewers may not set controls: the server was started without --allow-controls");
    if (!who.role.may.has("control")) return refuse(`the key '${who.role.name}' may not set controls, only look`);
    if (controls === undefined) return refuse(`${source.name} has no controls`);
    if (this.#waitingSets >= MAX_WAITING_SETS) {
      return refuse(`${MAX_WAITING_SETS} requests to set controls of ${source.name} already wait: try again later`);
    }
    this.#waitingSets++;
    this.#listing = null; // Later list requests must show the new value.
    try {
      await this.#inTurn(async () => {
        signal.throwIfAborted();
        this.#listed = null;
        await controls.set(name, text);
      });
      log.info(`viewer ${who.address} set ${name} to ${text}`);
      return { isDone: true, text: "" };
    } catch (error) {
      return refuse(messageOf(error));
    } finally {
      this.#waitingSets--;
    }
  }

  /** Releases the resources of the controls, for example a thread. */
  async close(): Promise<void> {
    await this.#options.source.controls?.close();
  }

  #inTurn<Outcome>(act: () => Promise<Outcome>): Promise<Outcome> {
    const outcome = this.#turn.then(act);
    this.#turn = outcome.catch(() => undefined); // The caller gets the error.
    return outcome;
  }
}

/** Returns the controls that the protocol supports. Their values are 32-bit numbers. Buttons and bit masks are left out. */
function toWire(all: readonly SourceControl[]): Controls["controls"] {
  return all.flatMap(({ name, type, minimum, maximum, step, defaultValue, value, menu, isReadOnly }) => {
    const numbers = [minimum, maximum, step, defaultValue, value];
    const fits = numbers.every((number) => number !== null && Math.abs(number) < 2 ** 31);
    if (type === "button" || type === "bitmask" || isReadOnly || value === null || !fits) return [];
    return [{ name, kind: type, min: minimum, max: maximum, step, default: defaultValue, value, items: menu }];
  });
}
