// A camera's settings: listed, and set by name.

import { UsageError } from "../../../core/errors.ts";
import type { Control, ControlMenuItem } from "../source.ts";
import type { Device } from "./device.ts";
import { V4L2 } from "./layouts.ts";
import { addressOf } from "./libc.ts";
import { Struct } from "./struct.ts";

/** A control and what the kernel knows it by. */
interface KernelControl {
  id: number;
  is64Bit: boolean;
  control: Control;
}

const TYPES: Readonly<Record<number, Control["type"]>> = {
  [V4L2.CTRL_TYPE_INTEGER]: "integer",
  [V4L2.CTRL_TYPE_INTEGER64]: "integer",
  [V4L2.CTRL_TYPE_BOOLEAN]: "boolean",
  [V4L2.CTRL_TYPE_MENU]: "menu",
  [V4L2.CTRL_TYPE_INTEGER_MENU]: "menu",
  [V4L2.CTRL_TYPE_BUTTON]: "button",
  [V4L2.CTRL_TYPE_BITMASK]: "bitmask",
};

/** Single values only: arrays, texts and codecs' structures are left out. Throws SystemCallError. */
export function readControls(device: Device): Control[] {
  return [...eachControl(device)].map(({ control }) => control);
}

function* eachControl(device: Device): Generator<KernelControl> {
  const struct = new Struct("v4l2_query_ext_ctrl");
  let id = 0;
  for (;;) {
    // With NEXT_CTRL the driver answers with the first control behind this id, and with EINVAL at the end.
    struct.set({ id: (id | V4L2.CTRL_FLAG_NEXT_CTRL) >>> 0 });
    if (device.attempt("VIDIOC_QUERY_EXT_CTRL", struct) !== 0) return;
    if (struct.get("id") <= id) return; // a driver that does not go on would never end
    id = struct.get("id");
    const type = TYPES[struct.get("type")];
    const flags = struct.get("flags");
    if (type === undefined || (flags & V4L2.CTRL_FLAG_DISABLED) !== 0 || struct.get("nr_of_dims") > 0) continue;
    const title = struct.text("name", 32);
    const is64Bit = struct.get("type") === V4L2.CTRL_TYPE_INTEGER64;
    const isReadable = (flags & V4L2.CTRL_FLAG_WRITE_ONLY) === 0 && type !== "button";
    const control: Control = {
      name: controlName(title),
      title,
      type,
      minimum: struct.getInt64("minimum"),
      maximum: struct.getInt64("maximum"),
      step: struct.getInt64("step"),
      defaultValue: struct.getInt64("default_value"),
      value: isReadable ? readValue(device, id, is64Bit) : null,
      menu: [],
      isReadOnly: (flags & (V4L2.CTRL_FLAG_READ_ONLY | V4L2.CTRL_FLAG_GRABBED)) !== 0,
      isInactive: (flags & V4L2.CTRL_FLAG_INACTIVE) !== 0,
    };
    if (type === "menu") {
      control.menu = readMenu(device, id, control, struct.get("type") === V4L2.CTRL_TYPE_INTEGER_MENU);
    }
    yield { id, is64Bit, control };
  }
}

function readMenu(device: Device, id: number, { minimum, maximum }: Control, isInteger: boolean): ControlMenuItem[] {
  const items: ControlMenuItem[] = [];
  for (let index = minimum; index <= Math.min(maximum, minimum + MAX_MENU_ITEMS); index++) {
    const struct = new Struct("v4l2_querymenu").set({ id, index });
    if (device.attempt("VIDIOC_QUERYMENU", struct) !== 0) continue; // menus have gaps: what this camera lacks
    items.push({ value: index, label: isInteger ? String(struct.getInt64("value")) : struct.text("name", 32) });
  }
  return items;
}

const MAX_MENU_ITEMS = 255;

function readValue(device: Device, id: number, is64Bit: boolean): number | null {
  const control = new Struct("v4l2_ext_control").set({ id });
  if (device.attempt("VIDIOC_G_EXT_CTRLS", only(control)) !== 0) return null;
  return is64Bit ? control.getInt64("value64") : control.getInt32("value");
}

/** A list of controls with one in it. The caller keeps `control` for as long as that is used. */
function only(control: Struct<"v4l2_ext_control">): Struct<"v4l2_ext_controls"> {
  const list = new Struct("v4l2_ext_controls").set({ which: V4L2.CTRL_WHICH_CUR_VAL, count: 1 });
  list.setInt64("controls", addressOf(control.bytes));
  return list;
}

/** What was asked for by `--set` or by a viewer. */
export interface Setting {
  name: string;
  /** As text where a menu item may be meant by its name. */
  value: string;
}

/** Throws UsageError for a name or value that the camera does not have, SystemCallError where it refuses. */
export function applySetting(device: Device, setting: Setting): void {
  const all = [...eachControl(device)];
  const control = findControl(
    all.map((found) => found.control),
    setting.name,
  );
  const value = controlValue(control, setting.value);
  const found = all.find((candidate) => candidate.control === control);
  if (found === undefined) return;
  const struct = new Struct("v4l2_ext_control").set({ id: found.id });
  if (found.is64Bit) struct.setInt64("value64", BigInt(value));
  else struct.setInt32("value", value);
  device.request("VIDIOC_S_EXT_CTRLS", only(struct));
}

/** Reads `name=value`. Throws UsageError for anything else. */
export function parseSetting(text: string): Setting {
  const match = /^([A-Za-z0-9_]+)=(.+)$/.exec(text);
  if (!match) throw new UsageError(`'${text}' is no setting: write NAME=VALUE, as brightness=128`);
  return { name: match[1] as string, value: (match[2] as string).trim() };
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

/** Reads a value for a control: a number, on or off, a menu item's name. Throws UsageError for what it does not take. */
export function controlValue(control: Control, text: string): number {
  const { name, type, minimum, maximum, step, menu } = control;
  if (control.isReadOnly) throw new UsageError(`the control '${name}' can only be read`);
  const item = menu.find(({ label }) => label.toLowerCase() === text.toLowerCase());
  if (item !== undefined) return item.value;
  const words: Readonly<Record<string, number>> = { on: 1, off: 0, true: 1, false: 0 };
  const value = (type === "boolean" ? words[text.toLowerCase()] : undefined) ?? Number(text);
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

/** As v4l2-ctl does (utils/v4l2-ctl/v4l2-ctl-common.cpp, name2var): letters and digits, lower case, one `_` between. */
export function controlName(title: string): string {
  return title
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "")
    .join("_");
}
