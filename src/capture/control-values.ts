// What is asked of a camera's settings: which is meant by a name, and which value by a text.

import { UsageError } from "../core/errors.ts";
import type { SourceControl } from "./source.ts";

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

/** The newer of a control's two names, or its only one. */
function newName(name: string): string {
  return RENAMED.find(([old]) => old === name)?.[1] ?? name;
}

/** By its name, old or new. Throws UsageError that says which there are. */
export function findControl<Found extends Pick<SourceControl, "name">>(
  controls: readonly Found[],
  name: string,
): Found {
  const found =
    controls.find((control) => control.name === name) ??
    controls.find((control) => newName(control.name) === newName(name));
  if (found !== undefined) return found;
  const all = controls.map((control) => control.name).join(", ");
  throw new UsageError(`the camera has no control '${name}'; it has ${all === "" ? "none at all" : all}`);
}

/**
 * The settings with one more. One of a control that is set already takes that one's place: others may depend on it, as an exposure
 * time on exposure being set by hand, and settings are made again in their order.
 */
export function withSetting(settings: readonly Setting[], setting: Setting): Setting[] {
  const at = settings.findLastIndex(({ name }) => newName(name) === newName(setting.name));
  return at < 0 ? [...settings, setting] : settings.with(at, setting);
}

const WORDS = new Map([
  ["on", 1],
  ["off", 0],
  ["true", 1],
  ["false", 0],
]);

/** Of a bitmask: 32 bits without a sign. */
const MAX_BITMASK = 2 ** 32 - 1;

/**
 * Reads a value for a control: a number, on or off, a menu item's label or, where no label is that, its number. To be read once: of
 * the outcome nobody can tell any more what it was. Throws UsageError for what the control does not take.
 */
export function controlValue(control: Omit<SourceControl, "value">, text: string): number {
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
  // Drivers give a bitmask's highest bit as a sign.
  const most = type === "bitmask" ? MAX_BITMASK : maximum;
  if (!Number.isInteger(value) || value < minimum || value > most) {
    throw wrong(type === "boolean" ? "0 or 1" : type === "bitmask" ? `0 to ${MAX_BITMASK}` : rangeText(control));
  }
  if (!Number.isSafeInteger(value)) {
    throw new UsageError(
      `'${text}' is too large for '${name}': values beyond ${Number.MAX_SAFE_INTEGER} cannot be set`,
    );
  }
  if (type === "integer" && !Number.isInteger(steps)) throw wrong(rangeText(control));
  return value;
}

/** `0 to 255`, `10 to 10000 in steps of 10`. */
export function rangeText({ minimum, maximum, step }: Pick<SourceControl, "minimum" | "maximum" | "step">): string {
  return `${minimum} to ${maximum}${step > 1 ? ` in steps of ${step}` : ""}`;
}
