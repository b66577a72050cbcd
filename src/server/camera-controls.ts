// A camera's controls as viewers see them: listed, and set where the server allows that.

import { messageOf, UsageError } from "../core/errors.ts";
import type { Controls, ControlSet } from "../protocol/controls.ts";
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
      return { areSettable, trouble: "", controls: controls.map((control) => ({ items: [], ...control })) };
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
      const controls = await source.controls.list();
      const control = controls.find((each) => each.name === name);
      if (control === undefined) {
        return refuse(
          `${source.name} has no control '${name}': it has ${controls.map((each) => each.name).join(", ")}`,
        );
      }
      await source.controls.set(name, readValue(control, text));
      say(`viewer ${who} set ${name} to ${text}`);
      return { isDone: true, text: "" };
    } catch (error) {
      return refuse(messageOf(error));
    }
  }
}

const ON = ["on", "true", "1"];
const OFF = ["off", "false", "0"];

/** Throws UsageError for text that is no value of that control. */
export function readValue(control: Control, text: string): number | boolean {
  const { name, kind, min, max, items = [] } = control;
  if (kind === "boolean") {
    const word = text.toLowerCase();
    if (!ON.includes(word) && !OFF.includes(word)) throw new UsageError(`${name} is on or off, not '${text}'`);
    return ON.includes(word);
  }
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
  if (kind === "menu") {
    const item = items.find((each) => each.value === value || each.label.toLowerCase() === text.toLowerCase());
    const all = items.map((each) => `${each.value} (${each.label})`).join(", ");
    if (item === undefined) throw new UsageError(`${name} has no '${text}': it has ${all}`);
    return item.value;
  }
  if (value === undefined || value < min || value > max) {
    throw new UsageError(`${name} is a whole number from ${min} to ${max}, not '${text}'`);
  }
  return value;
}
