// The buffers of a V4L2 output device, into which pictures are written (Documentation/userspace-api/media/v4l/mmap.rst).

import { MissingError } from "../../core/errors.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { ERRNO, type Mapping, SystemCallError } from "../../system/v4l2/libc.ts";
import { Struct } from "../../system/v4l2/struct.ts";

/** The methods of a device that a session uses. */
export type OutputDevice = Pick<
  Device,
  "path" | "request" | "attempt" | "requestInt" | "enumerate" | "map" | "capability" | "write"
> &
  Disposable;

/** The device shows one buffer, the next one waits, and the third one is filled. A driver may make more. */
const BUFFERS = 3;

/** Methods throw SystemCallError. Creating the buffers may also throw MissingError. */
export class OutputBuffers implements Disposable {
  readonly #device: OutputDevice;
  readonly #mappings: Mapping[] = [];
  /** The indexes of the buffers that the device does not have. */
  readonly #free: number[] = [];
  #isStreaming = false;

  /** Maps buffers for pictures of `pictureBytes`. */
  constructor(device: OutputDevice, pictureBytes: number) {
    this.#device = device;
    const request = requestFor(BUFFERS);
    device.request("VIDIOC_REQBUFS", request);
    try {
      for (let index = 0; index < request.get("count"); index++) {
        const buffer = describe(index);
        device.request("VIDIOC_QUERYBUF", buffer);
        const length = buffer.get("length");
        if (length < pictureBytes) {
          throw new MissingError(
            `${device.path} has buffers of ${length} bytes, but its pictures have ${pictureBytes}: try a smaller --size`,
          );
        }
        this.#mappings.push(device.map(buffer.get("m.offset"), length));
        this.#free.push(index);
      }
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Returns the memory of a free buffer, or null while the device has all of them. `queue` gives this buffer to the device. */
  take(): Uint8Array | null {
    this.#dequeue();
    const index = this.#free[0];
    return index === undefined ? null : (this.#mappings[index] as Mapping).bytes;
  }

  /** Gives the buffer of the last `take` to the device, with a picture of `pictureBytes`. */
  queue(pictureBytes: number): void {
    const index = this.#free.shift();
    if (index === undefined) throw new Error("there is no free buffer to queue");
    const buffer = describe(index).set({ bytesused: pictureBytes, field: V4L2.FIELD_NONE });
    this.#device.request("VIDIOC_QBUF", buffer);
    if (this.#isStreaming) return;
    this.#device.requestInt("VIDIOC_STREAMON", V4L2.BUF_TYPE_VIDEO_OUTPUT);
    this.#isStreaming = true;
  }

  /** Stops the device and frees its buffers, so that another format can be set. The device may already be gone. */
  [Symbol.dispose](): void {
    try {
      if (this.#isStreaming) this.#device.requestInt("VIDIOC_STREAMOFF", V4L2.BUF_TYPE_VIDEO_OUTPUT);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
    for (const mapping of this.#mappings.splice(0)) mapping.unmap();
    this.#device.attempt("VIDIOC_REQBUFS", requestFor(0));
  }

  /** Takes back the buffers whose pictures the device has shown. */
  #dequeue(): void {
    while (this.#isStreaming && this.#free.length < this.#mappings.length) {
      const buffer = describe(0);
      const errno = this.#device.attempt("VIDIOC_DQBUF", buffer);
      if (errno === ERRNO.EAGAIN) return;
      if (errno !== 0) throw new SystemCallError(`VIDIOC_DQBUF ${this.#device.path}`, errno);
      this.#free.push(buffer.get("index"));
    }
  }
}

function requestFor(count: number): Struct<"v4l2_requestbuffers"> {
  return new Struct("v4l2_requestbuffers").set({
    count,
    type: V4L2.BUF_TYPE_VIDEO_OUTPUT,
    memory: V4L2.MEMORY_MMAP,
  });
}

function describe(index: number): Struct<"v4l2_buffer"> {
  return new Struct("v4l2_buffer").set({ index, type: V4L2.BUF_TYPE_VIDEO_OUTPUT, memory: V4L2.MEMORY_MMAP });
}
