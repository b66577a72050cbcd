// Parses settings of a camera's controls: finds the control for a name and the value for a text.

import { UsageError } from "../core/errors.ts";
import type { SourceControl } from "./source.ts";

/** A value for a control, from `--set`, a settings file or a viewer. */
export interface Setting {
  /** The name of the control. */
  name: string;
  /** The value: a number, `on` or `off`, or the label of a menu item. */
  value: string;
  /** The place in a settings file for error messages, for example `slipstream.toml:7: cameras[0].set.brightness`. */
  writtenAt?: string;
}

/** Matches a control's name as v4l2-ctl writes it. */
export const SETTING_NAME = /^[A-Za-z0-9_]+$/;

/** Parses `NAME=VALUE`. Throws UsageError for any other text. */
export function parseSetting(text: string): Setting {
  const at = text.indexOf("=");
  const [name, value] = [text.slice(0, Math.max(0, at)), text.slice(at + 1).trim()];
  if (!SETTING_NAME.test(name) || value === "")
    throw new UsageError(`'${text}' is not a setting: write NAME=VALUE, for example brightness=128`);
  return { name, value };
}

/** The controls that Linux 5.17 renamed (drivers/media/v4l2-core/v4l2-ctrls-defs.c). Both names are accepted. */
const RENAMED: readonly (readonly [old: string, present: string])[] = [
  ["exposure_auto", "auto_exposure"],
  ["exposure_absolute", "exposure_time_absolute"],
  ["exposure_auto_priority", "exposure_dynamic_framerate"],
  ["white_balance_temperature_auto", "white_balance_automatic"],
  ["focus_auto", "focus_automatic_continuous"],
];

/** Returns the new name of a renamed control. Other names are returned unchanged. */
function presentName(name: string): string {
  return RENAMED.find(([old]) => old === name)?.[1] ?? name;
}

/** Finds a control by its new or its old name. If there is no such control, throws a UsageError that lists the controls. */
export function findControl<Found extends Pick<SourceControl, "name">>(
  controls: readonly Found[],
  name: string,
): Found {
  const found =
    controls.find((control) => control.name === name) ??
    controls.find((control) => presentName(control.name) === presentName(name));
  if (found !== undefined) return found;
  const all = controls.map((control) => control.name).join(", ");
  throw new UsageError(
    `the camera has no control '${name}': ${all === "" ? "it has no controls" : `its controls are ${all}`}`,
  );
}

/**
 * Adds a setting to a list. When the control is already in the list, the new value takes its place. The order matters, because a
 * setting may need an earlier one. For example, an exposure time needs manual exposure.
 */
export function withSetting(settings: readonly Setting[], setting: Setting): Setting[] {
  const at = settings.findLastIndex(({ name }) => presentName(name) === presentName(setting.name));
  return at < 0 ? [...settings, setting] : settings.with(at, setting);
}

const WORDS = new Map([
  ["on", 1],
  ["off", 0],
  ["true", 1],
  ["false", 0],
]);

/** The largest value of a bitmask, which has 32 bits without a sign. */
const MAX_BITMASK = 2 ** 32 - 1;

/**
 * Parses a value for a control: a number, on or off, or a menu item. The text for a menu is first compared with the labels, then
 * with the numbers. So the resulting number must not be parsed again: it may be the label of another item. Throws UsageError when
 * the control does not accept the value.
 */
export function controlValue(control: Omit<SourceControl, "value">, text: string): number {
  const { name, type, minimum, maximum, step, menu } = control;
  if (control.isReadOnly) throw new UsageError(`the control '${name}' is read-only`);
  const item = menu.find(({ label }) => label.toLowerCase() === text.toLowerCase());
  if (item !== undefined) return item.value;
  const word = type === "boolean" ? WORDS.get(text.toLowerCase()) : undefined;
  const value = word ?? (/^[+-]?(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : Number.NaN);
  const wrong = (allowed: string) => new UsageError(`'${text}' is not a value for '${name}': write ${allowed}`);
  if (type === "button") return 1;
  if (type === "menu") {
    if (menu.some((candidate) => candidate.value === value)) return value;
    throw wrong(menu.map(({ value: index, label }) => `${index} (${label})`).join(", "));
  }
  const steps = (value - minimum) / Math.max(1, step);
  const max = type === "bitmask" ? MAX_BITMASK : maximum; // Drivers report the maximum of a full bitmask as -1.
  if (!Number.isInteger(value) || value < minimum || value > max) {
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

/** Describes a range, for example `0 to 255` or `10 to 10000 in steps of 10`. */
export function rangeText({ minimum, maximum, step }: Pick<SourceControl, "minimum" | "maximum" | "step">): string {
  return `${minimum} to ${maximum}${step > 1 ? ` in steps of ${step}` : ""}`;
}
