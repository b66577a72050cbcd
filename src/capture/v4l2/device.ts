// An open V4L2 device: requests with errors that name them, and what it says of itself.

import { REQUESTS, type RequestName, type StructName, V4L2 } from "./layouts.ts";
import { closeDevice, ERRNO, ioctl, type Mapping, map, openDevice, SystemCallError, waitFor } from "./libc.ts";
import { Struct } from "./struct.ts";

/** What stays the same when a camera is plugged in again, but for `bus`, which changes with the socket. */
export interface Identity {
  /** What the device calls itself, as "HD Pro Webcam C920". */
  card: string;
  /** Where it is plugged in, as "usb-0000:00:14.0-2". */
  bus: string;
  /** Which of its device's nodes it is, as the kernel counts them: a camera may have a second picture, of depth or infrared. */
  nodeIndex: number;
}

/** What a device says of itself. */
export interface Capability extends Omit<Identity, "nodeIndex"> {
  /** Delivers pictures, in buffers that can be mapped. */
  isCamera: boolean;
  /** Delivers pictures in several planes only, which is another interface (BUF_TYPE_VIDEO_CAPTURE_MPLANE). */
  isMultiPlanar: boolean;
}

/** All of its calls throw SystemCallError unless they say otherwise. */
export class Device implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #int = new Int32Array(1);

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openDevice(path);
  }

  [Symbol.dispose](): void {
    closeDevice(this.#descriptor);
  }

  /** Sends a request with its structure, which holds the answer then. */
  request(name: RequestName, struct: Struct): void {
    const errno = this.attempt(name, struct);
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** The same, with the error's number as the outcome; 0 = done. */
  attempt(name: RequestName, struct: Struct): number {
    const { number, struct: expected } = REQUESTS[name];
    // The kernel would write over whatever lies behind a structure that is too small.
    if (struct.name !== expected) throw new Error(`${name} takes ${expected}, not ${struct.name}`);
    return ioctl(this.#descriptor, number, struct.bytes);
  }

  /** Requests that take an int. */
  requestInt(name: "VIDIOC_STREAMON" | "VIDIOC_STREAMOFF", value: number): void {
    this.#int[0] = value;
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** Requests that answer with an int; null where there is none. */
  attemptToGet(name: "VIDIOC_G_INPUT"): number | null {
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    return errno === 0 ? (this.#int[0] as number) : null;
  }

  /**
   * An enumeration: `fill` writes the index into a new structure; ends where the device has no more, or none at all
   * (EINVAL, and ENOTTY from drivers that lack the request).
   */
  *enumerate<Name extends StructName>(
    name: RequestName,
    make: (index: number) => Struct<Name>,
  ): Generator<Struct<Name>> {
    for (let index = 0; index < MAX_ENUMERATED; index++) {
      const struct = make(index);
      const errno = this.attempt(name, struct);
      if (errno === ERRNO.EINVAL || errno === ERRNO.ENOTTY || errno === ERRNO.ENODATA) return;
      if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
      yield struct;
    }
  }

  capability(): Capability {
    const struct = new Struct("v4l2_capability");
    this.request("VIDIOC_QUERYCAP", struct);
    // A camera has several nodes; what this one can do stands in device_caps where the driver fills that in: one that is for
    // metadata has CAP_META_CAPTURE there and no CAP_VIDEO_CAPTURE (dev-meta.rst, "Querying Capabilities").
    const all = struct.get("capabilities");
    const own = (all & V4L2.CAP_DEVICE_CAPS) !== 0 ? struct.get("device_caps") : all;
    const streams = (own & V4L2.CAP_STREAMING) !== 0;
    const isCamera = streams && (own & V4L2.CAP_VIDEO_CAPTURE) !== 0;
    return {
      card: struct.text("card", 32),
      bus: struct.text("bus_info", 32),
      isCamera,
      isMultiPlanar: !isCamera && streams && (own & V4L2.CAP_VIDEO_CAPTURE_MPLANE) !== 0,
    };
  }

  map(offset: number, length: number): Mapping {
    return map(this.#descriptor, offset, length);
  }

  /** Blocks this thread until there is a frame, an error or an event, or the time is over. Whether it is an event. */
  wait(timeoutMs: number): boolean {
    return waitFor(this.#descriptor, timeoutMs);
  }
}

/** No driver has so many formats, sizes or menu items; one that never says EINVAL shall not hang us. */
const MAX_ENUMERATED = 1024;

/**
 * Throws SystemCallError (EBUSY) where another program has the device's buffers, before anything about the device is changed.
 * Otherwise that shows only when the camera is started, which is too late to fall back to another source. A request for no
 * buffers takes none (VIDIOC_REQBUFS).
 */
export function refuseBusy(device: Pick<Device, "attempt" | "path">): void {
  const none = { count: 0, type: V4L2.BUF_TYPE_VIDEO_CAPTURE, memory: V4L2.MEMORY_MMAP };
  const errno = device.attempt("VIDIOC_REQBUFS", new Struct("v4l2_requestbuffers").set(none));
  if (errno === ERRNO.EBUSY) throw new SystemCallError(`VIDIOC_REQBUFS ${device.path}`, errno);
}
