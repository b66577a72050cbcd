// A V4L2 device that sends Motion JPEG in buffers whose bytes come from a test, with the real structures of the kernel.

import { fourccCode } from "../../src/system/v4l2/fourcc.ts";
import { V4L2 } from "../../src/system/v4l2/layouts.ts";
import { ERRNO } from "../../src/system/v4l2/libc.ts";
import type { CaptureDevice } from "../../src/capture/v4l2/session.ts";
import type { Struct } from "../../src/system/v4l2/struct.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { scriptedDevice } from "./scripted-v4l2-device.ts";

/** The bytes that the driver puts into a buffer. With `isMarked`, it marks the buffer as damaged (V4L2_BUF_FLAG_ERROR). */
export interface SentBuffer {
  bytes: Uint8Array;
  isMarked?: boolean;
}

export class JpegBufferCamera {
  readonly device: CaptureDevice;
  /** The buffers that are ready. The session takes them in this order. */
  readonly ready: SentBuffer[] = [];
  /** The memory of the driver's buffers. Bytes of earlier pictures stay in it, as in a real driver. */
  readonly memory: Uint8Array[] = [];
  /** The indexes of the buffers that the driver may fill. */
  readonly #queue: number[] = [];
  #sequence = 0;

  constructor(size: Size, bufferBytes: number) {
    const asks = scriptedDevice(
      {
        VIDIOC_ENUM_FMT: (struct) => this.#format(struct as Struct<"v4l2_fmtdesc">),
        VIDIOC_S_FMT: () => 0,
        VIDIOC_REQBUFS: () => 0,
        VIDIOC_QUERYBUF(struct) {
          const buffer = struct as Struct<"v4l2_buffer">;
          buffer.set({ "m.offset": buffer.get("index"), length: bufferBytes });
          return 0;
        },
        VIDIOC_QBUF: (struct) => {
          this.#queue.push((struct as Struct<"v4l2_buffer">).get("index"));
          return 0;
        },
        VIDIOC_DQBUF: (struct) => this.#fill(struct as Struct<"v4l2_buffer">),
        VIDIOC_ENUM_FRAMESIZES(struct) {
          const sizes = struct as Struct<"v4l2_frmsizeenum">;
          if (sizes.get("index") > 0) return ERRNO.EINVAL;
          const { width, height } = size;
          sizes.set({ type: V4L2.FRMSIZE_TYPE_DISCRETE, "discrete.width": width, "discrete.height": height });
          return 0;
        },
      },
      ERRNO.ENOTTY,
    );
    this.device = {
      ...asks,
      requestInt: () => undefined,
      attemptToGet: () => null,
      map: (offset: number) => {
        const bytes = new Uint8Array(bufferBytes);
        this.memory[offset] = bytes;
        return { bytes, unmap: () => undefined };
      },
    };
  }

  /** The number of buffers that the driver may fill. */
  get queued(): number {
    return this.#queue.length;
  }

  #format(struct: Struct<"v4l2_fmtdesc">): number {
    if (struct.get("index") > 0) return ERRNO.EINVAL;
    struct.set({ pixelformat: fourccCode("MJPG") });
    return 0;
  }

  #fill(struct: Struct<"v4l2_buffer">): number {
    const next = this.ready.shift();
    if (next === undefined) return ERRNO.EAGAIN;
    const index = this.#queue.shift();
    if (index === undefined) throw new Error("no buffer is queued");
    this.memory[index]?.set(next.bytes);
    const flags = V4L2.BUF_FLAG_TIMESTAMP_MONOTONIC | (next.isMarked === true ? V4L2.BUF_FLAG_ERROR : 0);
    struct.set({ index, bytesused: next.bytes.length, flags, sequence: this.#sequence++ });
    return 0;
  }
}
