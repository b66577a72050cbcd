// Lists a camera's controls, and sets them by name.

import { SourceError, UsageError } from "../../core/errors.ts";
import { addressOf } from "../../system/memory.ts";
import { controlValue, findControl, type Setting } from "../control-values.ts";
import type { SourceControl, ControlMenuItem } from "../source.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { isGone } from "../../system/v4l2/explain.ts";
import { explainRefusedSetting } from "./explain.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../system/v4l2/libc.ts";
import { Struct } from "../../system/v4l2/struct.ts";

/** The part of an open device that this file needs. Tests may replace it. */
export type ControlDevice = Pick<Device, "path" | "attempt">;

/** A control as the driver describes it. Value and menu are read only when needed, because this may use USB. */
interface DescribedControl extends Omit<SourceControl, "value" | "menu"> {
  /** The kernel's identifier. */
  id: number;
  is64Bit: boolean;
  isReadable: boolean;
  /** True if the items of the menu have numbers instead of labels. */
  hasNumbers: boolean;
}

const TYPES: Readonly<Record<number, SourceControl["type"]>> = {
  [V4L2.CTRL_TYPE_INTEGER]: "integer",
  [V4L2.CTRL_TYPE_INTEGER64]: "integer",
  [V4L2.CTRL_TYPE_BOOLEAN]: "boolean",
  [V4L2.CTRL_TYPE_MENU]: "menu",
  [V4L2.CTRL_TYPE_INTEGER_MENU]: "menu",
  [V4L2.CTRL_TYPE_BUTTON]: "button",
  [V4L2.CTRL_TYPE_BITMASK]: "bitmask",
};

/**
 * Lists the controls with their current values. Arrays, texts and structures of codecs are left out. Throws SystemCallError when
 * the device does not answer.
 */
export function listControls(device: ControlDevice): SourceControl[] {
  return [...eachControl(device)].map((described) => {
    const { id, is64Bit, isReadable, hasNumbers, ...control } = described;
    const value = isReadable ? readValue(device, id, is64Bit) : null;
    return { ...control, value, menu: readMenu(device, described) };
  });
}

/** Yields the controls that have one value or no value. Throws SystemCallError when the device does not answer. */
function* eachControl(device: ControlDevice): Generator<DescribedControl> {
  const struct = new Struct("v4l2_query_ext_ctrl");
  let id = 0;
  while (queryNext(device, struct, id)) {
    if (struct.get("id") <= id) return; // Without this, a driver that repeats an id would make the loop endless.
    id = struct.get("id");
    const type = TYPES[struct.get("type")];
    const flags = struct.get("flags");
    if (type === undefined || (flags & V4L2.CTRL_FLAG_DISABLED) !== 0 || struct.get("nr_of_dims") > 0) continue;
    const title = struct.text("name", 32);
    yield {
      id,
      is64Bit: struct.get("type") === V4L2.CTRL_TYPE_INTEGER64,
      isReadable: (flags & V4L2.CTRL_FLAG_WRITE_ONLY) === 0 && type !== "button",
      hasNumbers: struct.get("type") === V4L2.CTRL_TYPE_INTEGER_MENU,
      name: controlName(title),
      title,
      type,
      minimum: struct.getInt64("minimum"),
      maximum: struct.getInt64("maximum"),
      step: struct.getInt64("step"),
      defaultValue: struct.getInt64("default_value"),
      isReadOnly: (flags & V4L2.CTRL_FLAG_READ_ONLY) !== 0,
      isInactive: (flags & V4L2.CTRL_FLAG_INACTIVE) !== 0,
    };
  }
}

/**
 * Reads the next control after `id` into `struct`. Returns false at the end. If the camera does not answer for one control, the
 * flag NEXT_CTRL fails without telling which one, so the controls after it would stay hidden (fixed in kernel commit
 * 8c773acdeec7). In this case the function tries the usual ids one by one. Throws SystemCallError when no control answers.
 */
function queryNext(device: ControlDevice, struct: Struct<"v4l2_query_ext_ctrl">, id: number): boolean {
  let refusal = 0;
  for (const start of [id, ...USUAL_IDS.filter((usual) => usual > id)]) {
    struct.set({ id: (start | V4L2.CTRL_FLAG_NEXT_CTRL) >>> 0 });
    const errno = device.attempt("VIDIOC_QUERY_EXT_CTRL", struct);
    if (errno === 0) return true;
    if (errno === ERRNO.EINVAL || errno === ERRNO.ENOTTY) return false; // There are no (more) controls.
    if (!UNANSWERED.has(errno)) throw queryError(device, errno);
    refusal ||= errno;
  }
  if (id > 0) return false; // The controls that have answered so far are kept.
  throw queryError(device, refusal);
}

function queryError(device: ControlDevice, errno: number): SystemCallError {
  return new SystemCallError(`VIDIOC_QUERY_EXT_CTRL ${device.path}`, errno);
}

/** The errors of uvcvideo when the camera does not answer for a control (drivers/media/usb/uvc/uvc_video.c, uvc_query_ctrl). */
const UNANSWERED = new Set<number>([ERRNO.EIO, ERRNO.EPIPE, ERRNO.EBUSY, ERRNO.EACCES, ERRNO.ERANGE, ERRNO.EREMOTE]);

/**
 * The ids that controls of cameras can have: 64 ids that begin with V4L2_CID_BASE, and 64 that begin with
 * V4L2_CID_CAMERA_CLASS_BASE. The kernel defines about 40 in each range (uapi/linux/v4l2-controls.h).
 */
const USUAL_IDS = [0x00980900, 0x009a0900].flatMap((base) => Array.from({ length: 64 }, (_, index) => base + index));

function readMenu(device: ControlDevice, described: DescribedControl): ControlMenuItem[] {
  const { id, type, minimum, maximum, hasNumbers } = described;
  const items: ControlMenuItem[] = [];
  if (type !== "menu") return items;
  for (let index = minimum; index <= Math.min(maximum, minimum + MAX_MENU_ITEMS); index++) {
    const struct = new Struct("v4l2_querymenu").set({ id, index });
    if (device.attempt("VIDIOC_QUERYMENU", struct) !== 0) continue; // A menu has gaps for items that this camera does not have.
    items.push({ value: index, label: hasNumbers ? String(struct.getInt64("value")) : struct.text("name", 32) });
  }
  return items;
}

const MAX_MENU_ITEMS = 255;

function readValue(device: ControlDevice, id: number, is64Bit: boolean): number | null {
  const control = new Struct("v4l2_ext_control").set({ id });
  if (device.attempt("VIDIOC_G_EXT_CTRLS", only(control)) !== 0) return null;
  return is64Bit ? control.getInt64("value64") : control.getInt32("value");
}

/**
 * Returns a kernel structure that lists one control. It contains the address of `control`, so the caller must keep `control`
 * reachable while it uses the list.
 */
function only(control: Struct<"v4l2_ext_control">): Struct<"v4l2_ext_controls"> {
  const list = new Struct("v4l2_ext_controls").set({ which: V4L2.CTRL_WHICH_CUR_VAL, count: 1 });
  list.setInt64("controls", addressOf(control.bytes));
  return list;
}

/**
 * Checks settings. Throws UsageError, with the place in the settings file, for the first control or value that the camera does
 * not have. Throws SystemCallError when the camera does not answer.
 */
export function checkSettings(device: ControlDevice, settings: readonly Setting[]): void {
  const controls = settings.length === 0 ? [] : [...eachControl(device)];
  for (const setting of settings) {
    try {
      resolve(device, controls, setting);
    } catch (error) {
      if (!(error instanceof UsageError) || setting.writtenAt === undefined) throw error;
      throw new UsageError(`${setting.writtenAt}: ${error.message}`);
    }
  }
}

/**
 * Sets a control. Throws UsageError for a name or value that the camera does not have, SourceError with the reason when the
 * camera refuses, and SystemCallError when it does not answer.
 */
export function applySetting(device: ControlDevice, setting: Setting): void {
  apply(device, [...eachControl(device)], setting);
}

/** Sets the controls in order. Returns a line for each setting that failed. Throws SystemCallError when the device is gone. */
export function applySettings(device: ControlDevice, settings: readonly Setting[]): string[] {
  if (settings.length === 0) return [];
  let controls: DescribedControl[];
  try {
    controls = [...eachControl(device)];
  } catch (error) {
    if (!(error instanceof SystemCallError) || isGone(error)) throw error;
    return [`no controls were set: the camera does not list its controls (${error.message})`];
  }
  return settings.flatMap((setting) => {
    try {
      apply(device, controls, setting);
      return [];
    } catch (error) {
      if (error instanceof UsageError || error instanceof SourceError) return [error.message];
      throw error;
    }
  });
}

function apply(device: ControlDevice, controls: readonly DescribedControl[], setting: Setting): void {
  const { control, value } = resolve(device, controls, setting);
  const struct = new Struct("v4l2_ext_control").set({ id: control.id });
  if (control.is64Bit) struct.setInt64("value64", BigInt(value));
  else struct.setInt32("value", value);
  const errno = device.attempt("VIDIOC_S_EXT_CTRLS", only(struct));
  if (errno === 0) return;
  const cause = new SystemCallError(`VIDIOC_S_EXT_CTRLS ${device.path}`, errno);
  if (isGone(cause)) throw cause;
  throw new SourceError(explainRefusedSetting(cause, setting), { retry: "soon", cause });
}

/** Finds the control and the value for a setting. Throws UsageError. */
function resolve(
  device: ControlDevice,
  controls: readonly DescribedControl[],
  { name, value }: Setting,
): { control: DescribedControl; value: number } {
  const control = findControl(controls, name);
  return { control, value: controlValue({ ...control, menu: readMenu(device, control) }, value) };
}

/**
 * Returns the name as v4l2-ctl writes it (utils/v4l2-ctl/v4l2-ctl-common.cpp, name2var): lower-case letters and digits, with one
 * `_` between words.
 */
export function controlName(title: string): string {
  return title
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((part) => part !== "")
    .join("_");
}
