// A camera's settings: listed, and set by name.

import { controlValue, findControl, type Setting } from "../control-values.ts";
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

/** As v4l2-ctl does (utils/v4l2-ctl/v4l2-ctl-common.cpp, name2var): letters and digits, lower case, one `_` between. */
export function controlName(title: string): string {
  return title
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "")
    .join("_");
}
