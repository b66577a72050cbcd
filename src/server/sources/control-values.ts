// What is asked of a camera's settings: which is meant by a name, and which value by a text.

import { UsageError } from "../../core/errors.ts";
import type { Control } from "./source.ts";

/** What was asked for by `--set` or by a viewer. */
export interface Setting {
  name: string;
  /** As text where a menu item may be meant by its name. */
  value: string;
  /** Where in a settings file, for errors: `slipstream.toml:7: cameras[0].set.brightness`. */
  writtenAt?: string;
}

/** What a setting's name may be: as v4l2-ctl writes it. */
export const SETTING_NAME = /^[A-Za-z0-9_]+$/;

/** Reads `name=value`. Throws UsageError for anything else. */
export function parseSetting(text: string): Setting {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, Math.max(0, at)), text.slice(at + 1).trim()];
  if (!SETTING_NAME.test(name) || value === "")
    throw new UsageError(`'${text}' is no setting: write NAME=VALUE, as brightness=128`);
  return { name, value };
}

/** Linux 5.17 gave some controls other names (drivers/media/v4l2-core/v4l2-ctrls-defs.c); both are understood. */
const RENAMED: readonly (readonly [string, string])[] = [
  ["exposure_auto", "auto_exposure"],
  ["exposure_absolute", "exposure_time_absolute"],
  ["exposure_auto_priority", "exposure_dynamic_framerate"],
  ["white_balance_temperature_auto", "white_balance_automatic"],
  ["focus_auto", "focus_automatic_continuous"],
];

/** By its name, old or new. Throws UsageError that says which there are. */
export function findControl(controls: readonly Control[], name: string): Control {
  const names = [name, ...RENAMED.filter((pair) => pair.includes(name)).flat()];
  const found = controls.find((control) => names.includes(control.name));
  if (found !== undefined) return found;
  const all = controls.map((control) => control.name).join(", ");
  throw new UsageError(`the camera has no control '${name}'; it has ${all === "" ? "none at all" : all}`);
}

const WORDS = new Map([
  ["on", 1],
  ["off", 0],
  ["true", 1],
  ["false", 0],
]);

/** Reads a value for a control: a number, on or off, a menu item's name. Throws UsageError for what it does not take. */
export function controlValue(control: Control, text: string): number {
  const { name, type, minimum, maximum, step, menu } = control;
  if (control.isReadOnly) throw new UsageError(`the control '${name}' can only be read`);
  const item = menu.find(({ label }) => label.toLowerCase() === text.toLowerCase());
  if (item !== undefined) return item.value;
  const word = type === "boolean" ? WORDS.get(text.toLowerCase()) : undefined;
  const value = word ?? (/^[+-]?(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN);
  const wrong = (allowed: string) => new UsageError(`'${text}' is no value for '${name}': it takes ${allowed}`);
  if (type === "button") return 1;
  if (type === "menu") {
    if (menu.some((candidate) => candidate.value === value)) return value;
    throw wrong(menu.map(({ value: index, label }) => `${index} (${label})`).join(", "));
  }
  const steps = (value - minimum) / Math.max(1, step);
  if (!Number.isInteger(value) || value < minimum || (value > maximum && type !== "bitmask")) {
    throw wrong(type === "boolean" ? "0 or 1" : `${rangeText(control)}`);
  }
  if (type === "integer" && !Number.isInteger(steps)) throw wrong(rangeText(control));
  return value;
}

/** `0 to 255`, `10 to 10000 in steps of 10`. */
export function rangeText({ minimum, maximum, step }: Control): string {
  return `${minimum} to ${maximum}${step > 1 ? ` in steps of ${step}` : ""}`;
}
