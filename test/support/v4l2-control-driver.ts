// A driver in memory for the requests about controls. It answers as V4L2's pages on VIDIOC_QUERYCTRL and VIDIOC_G_EXT_CTRLS say.

import { type Pointer, toArrayBuffer } from "bun:ffi";
import { ERRNO } from "../../src/system/v4l2/libc.ts";
import type { ControlDevice } from "../../src/capture/v4l2/controls.ts";
import type { Struct } from "../../src/system/v4l2/struct.ts";
import { type RequestName, STRUCTS, type StructName, V4L2 } from "../../src/system/v4l2/layouts.ts";

export interface DriverControl {
  id: number;
  title: string;
  type: number;
  minimum?: bigint;
  maximum?: bigint;
  flags?: number;
  /** The labels of a menu by index. For an integer menu they are numbers. */
  items?: (string | number)[];
  /** The current value. A request may set it. */
  value: bigint;
  /** The error that a query returns, or 0. */
  queryErrno?: number;
  /** The error that a setting returns, or 0. */
  setErrno?: number;
}

export class ControlDriver implements ControlDevice {
  readonly path = "/dev/video9";
  readonly controls: DriverControl[];
  /** The number of requests, by name. */
  readonly asked: Record<string, number> = {};
  /** The error that every request returns, for example after the device was unplugged, or 0. */
  gone = 0;

  /** The controls must be in the order of their ids. */
  constructor(...controls: DriverControl[]) {
    this.controls = controls;
  }

  value(title: string): bigint | undefined {
    return this.controls.find((control) => control.title === title)?.value;
  }

  attempt(name: RequestName, struct: Struct): number {
    this.asked[name] = (this.asked[name] ?? 0) + 1;
    if (this.gone !== 0) return this.gone;
    if (is(struct, "v4l2_query_ext_ctrl")) return this.#query(struct);
    if (is(struct, "v4l2_querymenu")) return this.#menu(struct);
    if (is(struct, "v4l2_ext_controls")) return this.#access(struct, name === "VIDIOC_S_EXT_CTRLS");
    return ERRNO.ENOTTY;
  }

  #query(struct: Struct<"v4l2_query_ext_ctrl">): number {
    const id = struct.get("id");
    if ((id & V4L2.CTRL_FLAG_NEXT_CTRL) === 0) throw new Error("a query without NEXT_CTRL");
    const found = this.controls.find((control) => control.id > (id & ~V4L2.CTRL_FLAG_NEXT_CTRL));
    if (found === undefined) return ERRNO.EINVAL;
    if (found.queryErrno) return found.queryErrno; // the kernel does not name the control either
    const { minimum = 0n, maximum = 255n, flags = 0, type, title } = found;
    struct.bytes.fill(0);
    struct.set({ id: found.id, type, flags });
    put(struct, STRUCTS.v4l2_query_ext_ctrl.fields.name, title);
    struct.setInt64("minimum", minimum);
    struct.setInt64("maximum", maximum);
    struct.setInt64("step", 1n);
    return 0;
  }

  #menu(struct: Struct<"v4l2_querymenu">): number {
    const item = this.#find(struct.get("id"))?.items?.[struct.get("index")];
    if (item === undefined) return ERRNO.EINVAL;
    if (typeof item === "number") struct.setInt64("value", BigInt(item));
    else put(struct, STRUCTS.v4l2_querymenu.fields.name, item);
    return 0;
  }

  #access(list: Struct<"v4l2_ext_controls">, isSet: boolean): number {
    const memory = new DataView(toArrayBuffer(list.getInt64("controls") as Pointer, 0, 20));
    const found = this.#find(memory.getUint32(0, true));
    if (found === undefined) return ERRNO.EINVAL;
    const is64Bit = found.type === V4L2.CTRL_TYPE_INTEGER64;
    if (!isSet) memory.setBigInt64(12, found.value, true);
    else if (found.setErrno) return found.setErrno;
    else found.value = is64Bit ? memory.getBigInt64(12, true) : BigInt(memory.getInt32(12, true));
    return 0;
  }

  #find(id: number): DriverControl | undefined {
    return this.controls.find((control) => control.id === id);
  }
}

function is<Name extends StructName>(struct: Struct, name: Name): struct is Struct<Name> {
  return struct.name === name;
}

function put(struct: Struct, offset: number, text: string): void {
  struct.bytes.set(Buffer.from(`${text}\0`), offset);
}
