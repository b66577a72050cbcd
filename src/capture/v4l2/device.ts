// An open V4L2 device: its requests, whose errors name them, and its description of itself.

import { REQUESTS, type RequestName, type StructName, V4L2 } from "./layouts.ts";
import {
  closeDevice,
  ERRNO,
  ioctl,
  type Mapping,
  map,
  nameOfErrno,
  openDevice,
  SystemCallError,
  waitFor,
} from "./libc.ts";
import { Struct } from "./struct.ts";

/** Identifies a camera after it was unplugged. `bus` changes with the socket; the rest stays. */
export interface Identity {
  /** The device's own name, as "HD Pro Webcam C920". */
  card: string;
  /** The socket, as "usb-0000:00:14.0-2". */
  bus: string;
  /** The node's index among those of its device. A camera may have a second picture, of depth or infrared. */
  nodeIndex: number;
}

/** What a device reports about itself. */
export interface Capability extends Omit<Identity, "nodeIndex"> {
  /** It delivers pictures, in buffers that can be mapped. */
  isCamera: boolean;
  /** It delivers pictures in several planes only, which is another interface (BUF_TYPE_VIDEO_CAPTURE_MPLANE). */
  isMultiPlanar: boolean;
}

/** Methods throw SystemCallError unless their comment says otherwise. */
export class Device implements Disposable {
  readonly path: string;
  readonly #descriptor: number;
  readonly #int = new Int32Array(1);
  readonly #onRefused: (text: string) => void;

  /** `onRefused` hears of each request that the driver refuses, for a debug log: `VIDIOC_S_PARM /dev/video0: EINVAL`. */
  constructor(path: string, onRefused: (text: string) => void = () => undefined) {
    this.path = path;
    this.#descriptor = openDevice(path);
    this.#onRefused = onRefused;
  }

  [Symbol.dispose](): void {
    closeDevice(this.#descriptor);
  }

  /** Sends a request with its structure, which then holds the answer. */
  request(name: RequestName, struct: Struct): void {
    const errno = this.attempt(name, struct);
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** Like `request`, but returns the error's number; 0 when the request succeeds. */
  attempt(name: RequestName, struct: Struct): number {
    const { number, struct: expected } = REQUESTS[name];
    // The kernel would overwrite the memory after a structure that is too small.
    if (struct.name !== expected) throw new Error(`${name} takes ${expected}, not ${struct.name}`);
    const errno = ioctl(this.#descriptor, number, struct.bytes);
    if (errno !== 0 && !isUsualAnswer(name, errno)) this.#onRefused(`${name} ${this.path}: ${nameOfErrno(errno)}`);
    return errno;
  }

  /** Sends a request that takes an int. */
  requestInt(name: "VIDIOC_STREAMON" | "VIDIOC_STREAMOFF", value: number): void {
    this.#int[0] = value;
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** Sends a request that answers with an int; returns null when the driver refuses. */
  attemptToGet(name: "VIDIOC_G_INPUT"): number | null {
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    return errno === 0 ? (this.#int[0] as number) : null;
  }

  /**
   * Enumerates: `make` creates the structure for an index. The enumeration ends when the driver has no more (EINVAL), or lacks the
   * request (ENOTTY).
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
    // A camera has several nodes. What this node can do is in device_caps, if the driver fills it in: a node for metadata has
    // CAP_META_CAPTURE there and no CAP_VIDEO_CAPTURE (dev-meta.rst, "Querying Capabilities").
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

  /** Blocks this thread until there is a frame, an error or an event, for at most `timeoutMs`. Returns whether there is an event. */
  wait(timeoutMs: number): boolean {
    return waitFor(this.#descriptor, timeoutMs);
  }
}

/** More than any driver has. It bounds the enumeration of a driver that never answers EINVAL. */
const MAX_ENUMERATED = 1024;

/** Errors that are the usual answer: there is no frame or event yet, or an enumeration has come to its end. */
function isUsualAnswer(name: RequestName, errno: number): boolean {
  if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOENT) return name === "VIDIOC_DQBUF" || name === "VIDIOC_DQEVENT";
  return errno === ERRNO.EINVAL && (name.startsWith("VIDIOC_ENUM") || name.startsWith("VIDIOC_QUERY"));
}

/**
 * Throws SystemCallError (EBUSY) when another program has the device's buffers, before anything about the device is changed.
 * Otherwise that shows only when the camera is started, which is too late to choose another source. A request for no
 * buffers takes none (VIDIOC_REQBUFS).
 */
export function refuseBusy(device: Pick<Device, "attempt" | "path">): void {
  const none = { count: 0, type: V4L2.BUF_TYPE_VIDEO_CAPTURE, memory: V4L2.MEMORY_MMAP };
  const errno = device.attempt("VIDIOC_REQBUFS", new Struct("v4l2_requestbuffers").set(none));
  if (errno === ERRNO.EBUSY) throw new SystemCallError(`VIDIOC_REQBUFS ${device.path}`, errno);
}
