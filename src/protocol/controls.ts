// The messages about the controls of a camera, for example brightness and exposure. wire.ts has their layouts.

import { ProtocolError } from "../core/errors.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { MessageType } from "./wire.ts";

const KINDS = ["integer", "boolean", "menu"] as const;

/**
 * A control. All numbers are signed 32-bit integers. A boolean has the values 0 and 1, and a menu has the values of its items.
 */
export interface Control {
  /** The name that viewers use to set it, for example `exposure_auto`. */
  name: string;
  kind: (typeof KINDS)[number];
  min: number;
  max: number;
  step: number;
  default: number;
  /** The current value. */
  value: number;
  /** The items of a menu. Other kinds have no items. */
  items: ControlItem[];
}

export interface ControlItem {
  value: number;
  label: string;
}

export interface Controls {
  /** Whether viewers may set controls. */
  areSettable: boolean;
  /** The reason why the controls are not known, or empty if they are known. */
  trouble: string;
  controls: Control[];
}

export interface SetControl {
  name: string;
  /** The new value: a number, `on`, `off`, or the label of a menu item. */
  value: string;
}

export interface ControlSet {
  isDone: boolean;
  /** The reason why the request was refused, or empty if the control was set. */
  text: string;
}

const MAX_NAME_BYTES = 64;
const MAX_TEXT_BYTES = 200;
/** The largest number of controls, and of items of one menu. No camera has nearly as many. */
const MAX_COUNT = 256;

export function writeControlsAsked(): Uint8Array {
  return new MessageWriter(MessageType.controlsAsked, 8).finish();
}

/** Writes a Controls message. Controls and menu items over the limit are left out, and long names are cut. */
export function writeControls({ areSettable, trouble, controls }: Controls): Uint8Array {
  const listed = controls.slice(0, MAX_COUNT);
  const items = listed.reduce((sum, control) => sum + Math.min(MAX_COUNT, control.items.length), 0);
  const capacity = 16 + MAX_TEXT_BYTES + listed.length * (32 + MAX_NAME_BYTES) + items * (8 + MAX_NAME_BYTES);
  const writer = new MessageWriter(MessageType.controls, capacity)
    .u8(areSettable ? 1 : 0)
    .string(trouble, MAX_TEXT_BYTES)
    .u16(listed.length);
  for (const control of listed) {
    writer.string(control.name, MAX_NAME_BYTES).u8(KINDS.indexOf(control.kind));
    for (const value of [control.min, control.max, control.step, control.default, control.value]) writer.i32(value);
    const menu = control.items.slice(0, MAX_COUNT);
    writer.u16(menu.length);
    for (const { value, label } of menu) writer.i32(value).string(label, MAX_NAME_BYTES);
  }
  return writer.finish();
}

export function readControls(body: Uint8Array): Controls {
  const reader = new BodyReader(body, "Controls");
  const areSettable = (reader.u8() & 1) !== 0;
  const trouble = reader.string();
  const count = readCount(reader);
  const controls = Array.from({ length: count }, (): Control => {
    const name = reader.string();
    const kind = KINDS[reader.u8()];
    if (kind === undefined) throw new ProtocolError(`Controls contains '${name}', whose kind is unknown`);
    const [min, max, step] = [reader.i32(), reader.i32(), reader.i32()];
    const [defaultValue, value] = [reader.i32(), reader.i32()];
    const items = Array.from({ length: readCount(reader) }, () => ({ value: reader.i32(), label: reader.string() }));
    return { name, kind, min, max, step, default: defaultValue, value, items };
  });
  return { areSettable, trouble, controls };
}

function readCount(reader: BodyReader): number {
  const count = reader.u16();
  if (count > MAX_COUNT)
    throw new ProtocolError(`the message Controls announces ${count} entries, and the limit is ${MAX_COUNT}`);
  return count;
}

export function writeSetControl({ name, value }: SetControl): Uint8Array {
  return new MessageWriter(MessageType.setControl, 512)
    .string(name, MAX_NAME_BYTES)
    .string(value, MAX_NAME_BYTES)
    .finish();
}

export function readSetControl(body: Uint8Array): SetControl {
  const reader = new BodyReader(body, "SetControl");
  return { name: reader.string(), value: reader.string() };
}

export function writeControlSet({ isDone, text }: ControlSet): Uint8Array {
  return new MessageWriter(MessageType.controlSet)
    .u8(isDone ? 0 : 1)
    .string(text, MAX_TEXT_BYTES)
    .finish();
}

export function readControlSet(body: Uint8Array): ControlSet {
  const reader = new BodyReader(body, "ControlSet");
  return { isDone: reader.u8() === 0, text: reader.string() };
}
