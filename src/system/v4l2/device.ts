// An open V4L2 device. It sends requests (ioctl) to the driver, and its errors contain the name of the request.

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
  writeFrame,
} from "./libc.ts";
import { Struct } from "./struct.ts";

/**
 * The data by which a camera is recognised after it was unplugged. `bus` changes with the USB socket, and the other fields stay
 * the same.
 */
export interface Identity {
  /** The device's own name, for example "HD Pro Webcam C920". */
  card: string;
  /** The socket, for example "usb-0000:00:14.0-2". */
  bus: string;
  /** The node's index among the nodes of its device. A camera may have a second picture (depth or infrared) at another node. */
  nodeIndex: number;
}

/** A device's description of itself. */
export interface Capability extends Omit<Identity, "nodeIndex"> {
  /** True if the device delivers pictures in buffers that can be mapped. */
  isCamera: boolean;
  /**
   * True if the device delivers pictures only through the multi-planar interface (BUF_TYPE_VIDEO_CAPTURE_MPLANE), which is not
   * supported.
   */
  isMultiPlanar: boolean;
  /** True if programs give pictures to the device, in buffers or by write(2). */
  isOutput: boolean;
  /** True if the device says that write(2) can be used. */
  takesWrites: boolean;
  /** True if the device has buffers that can be mapped. */
  hasBuffers: boolean;
}

/** An open device. Methods throw SystemCallError unless their comment says otherwise. */
export class Device implements Disposable {
  readonly path: string;
  /** The descriptor, or -1 after the end, when its number may belong to another file of this process. */
  #descriptor: number;
  readonly #int = new Int32Array(1);
  readonly #onRefused: (text: string) => void;

  /**
   * The object calls `onRefused` for each request that the driver refuses, with a line for a debug log (`VIDIOC_S_PARM
   * /dev/video0: EINVAL`).
   */
  constructor(path: string, onRefused: (text: string) => void = () => undefined) {
    this.path = path;
    this.#descriptor = openDevice(path);
    this.#onRefused = onRefused;
  }

  /** Closes the device. Further calls do nothing. */
  [Symbol.dispose](): void {
    if (this.#descriptor < 0) return;
    closeDevice(this.#descriptor);
    this.#descriptor = -1;
  }

  /** Sends a request with its structure, which then contains the answer. */
  request(name: RequestName, struct: Struct): void {
    const errno = this.attempt(name, struct);
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** Sends a request like `request`, but returns the error number, or 0 when the request succeeds. */
  attempt(name: RequestName, struct: Struct): number {
    const { number, struct: expected } = REQUESTS[name];
    // If the structure were too small, the kernel would write beyond its end.
    if (struct.name !== expected) throw new Error(`${name} takes ${expected}, not ${struct.name}`);
    const errno = ioctl(this.#descriptor, number, struct.bytes);
    if (errno !== 0 && !isUsualAnswer(name, errno)) this.#onRefused(`${name} ${this.path}: ${nameOfErrno(errno)}`);
    return errno;
  }

  /** Sends a request with an int as argument. */
  requestInt(name: "VIDIOC_STREAMON" | "VIDIOC_STREAMOFF", value: number): void {
    this.#int[0] = value;
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    if (errno !== 0) throw new SystemCallError(`${name} ${this.path}`, errno);
  }

  /** Sends a request whose answer is an int. Returns null when the driver refuses. */
  attemptToGet(name: "VIDIOC_G_INPUT"): number | null {
    const errno = ioctl(this.#descriptor, REQUESTS[name].number, new Uint8Array(this.#int.buffer));
    return errno === 0 ? (this.#int[0] as number) : null;
  }

  /**
   * Yields the entries of an enumeration. `make` creates the structure for an index. The enumeration ends when the driver has no
   * more entries (EINVAL), or does not support the request (ENOTTY).
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
    // A camera has several nodes. device_caps has the capabilities of this node, if the driver fills it in. A node for metadata
    // has CAP_META_CAPTURE and no CAP_VIDEO_CAPTURE (dev-meta.rst, "Querying Capabilities").
    const all = struct.get("capabilities");
    const own = (all & V4L2.CAP_DEVICE_CAPS) !== 0 ? struct.get("device_caps") : all;
    const streams = (own & V4L2.CAP_STREAMING) !== 0;
    const isCamera = streams && (own & V4L2.CAP_VIDEO_CAPTURE) !== 0;
    return {
      card: struct.text("card", 32),
      bus: struct.text("bus_info", 32),
      isCamera,
      isMultiPlanar: !isCamera && streams && (own & V4L2.CAP_VIDEO_CAPTURE_MPLANE) !== 0,
      isOutput: (own & V4L2.CAP_VIDEO_OUTPUT) !== 0,
      takesWrites: (own & V4L2.CAP_READWRITE) !== 0,
      hasBuffers: streams,
    };
  }

  /** Writes a frame. Returns the error number, or 0 when the device has taken the frame. */
  write(frame: Uint8Array): number {
    const errno = writeFrame(this.#descriptor, frame);
    if (errno !== 0) this.#onRefused(`write ${this.path}: ${nameOfErrno(errno)}`);
    return errno;
  }

  map(offset: number, length: number): Mapping {
    return map(this.#descriptor, offset, length);
  }

  /**
   * Blocks this thread until there is a frame, an error or an event, or until `timeoutMs` has passed. Returns whether there is an
   * event.
   */
  wait(timeoutMs: number): boolean {
    return waitFor(this.#descriptor, timeoutMs);
  }
}

/** The largest number of entries of an enumeration. It stops the enumeration of a driver that never answers EINVAL. */
const MAX_ENUMERATED = 1024;

/** Returns whether an error is a usual answer: there is no frame or event yet, or an enumeration has ended. */
function isUsualAnswer(name: RequestName, errno: number): boolean {
  if (errno === ERRNO.EAGAIN || errno === ERRNO.ENOENT) return name === "VIDIOC_DQBUF" || name === "VIDIOC_DQEVENT";
  return errno === ERRNO.EINVAL && (name.startsWith("VIDIOC_ENUM") || name.startsWith("VIDIOC_QUERY"));
}

/**
 * Throws SystemCallError (EBUSY) when another program uses the device's buffers. The check comes before the device is changed.
 * Without the check, the error would come only when the camera is started, which is too late to choose another source. The check
 * is a request for 0 buffers, which takes no buffers (VIDIOC_REQBUFS).
 */
export function refuseBusy(device: Pick<Device, "attempt" | "path">): void {
  const none = { count: 0, type: V4L2.BUF_TYPE_VIDEO_CAPTURE, memory: V4L2.MEMORY_MMAP };
  const errno = device.attempt("VIDIOC_REQBUFS", new Struct("v4l2_requestbuffers").set(none));
  if (errno === ERRNO.EBUSY) throw new SystemCallError(`VIDIOC_REQBUFS ${device.path}`, errno);
}
