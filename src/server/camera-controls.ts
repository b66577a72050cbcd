// A camera's controls as viewers see them: listed, and set where the server allows that.

import { messageOf } from "../core/errors.ts";
import type { Controls, ControlSet } from "../protocol/controls.ts";
import { controlValue, findControl } from "./sources/control-values.ts";
import type { Control, Source } from "./sources/source.ts";

export interface CameraControlsOptions {
  source: Source;
  /** Viewers may set them. */
  areSettable: boolean;
  /** One line for the operator. */
  say: (text: string) => void;
}

/** Neither call rejects: what goes wrong is in the answer. */
export class CameraControls {
  readonly #options: CameraControlsOptions;

  constructor(options: CameraControlsOptions) {
    this.#options = options;
  }

  async list(): Promise<Controls> {
    const { source, areSettable } = this.#options;
    if (source.controls === undefined) return { areSettable, trouble: `${source.name} has no controls`, controls: [] };
    try {
      const controls = await source.controls.list();
      return { areSettable, trouble: "", controls: toWire(controls) };
    } catch (error) {
      return { areSettable, trouble: messageOf(error), controls: [] };
    }
  }

  /** `who` wants it, for the log. */
  async set(name: string, text: string, who: string): Promise<ControlSet> {
    const { source, areSettable, say } = this.#options;
    const refuse = (why: string): ControlSet => ({ isDone: false, text: why });
    if (!areSettable) return refuse("this server lets nobody set controls: it was started without --allow-controls");
    if (source.controls === undefined) return refuse(`${source.name} has no controls`);
    try {
      const control = findControl(await source.controls.list(), name);
      await source.controls.set(control.name, controlValue(control, text));
      say(`viewer ${who} set ${name} to ${text}`);
      return { isDone: true, text: "" };
    } catch (error) {
      return refuse(messageOf(error));
    }
  }
}

/** What viewers can be told of: values that are numbers of 32 bits and have a meaning of their own. */
function toWire(all: readonly Control[]): Controls["controls"] {
  return all.flatMap(({ name, type, minimum, maximum, step, defaultValue, value, menu, isReadOnly }) => {
    const numbers = [minimum, maximum, step, defaultValue, value];
    const fits = numbers.every((number) => number !== null && Math.abs(number) < 2 ** 31);
    if (type === "button" || type === "bitmask" || isReadOnly || value === null || !fits) return [];
    return [{ name, kind: type, min: minimum, max: maximum, step, default: defaultValue, value, items: menu }];
  });
}
