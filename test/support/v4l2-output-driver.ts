// A V4L2 output device whose driver is written here, with the real structures of the kernel. It keeps the frames that it gets.

import type { OutputDevice } from "../../src/client/virtual-camera/output-buffers.ts";
import type { Size } from "../../src/core/pixel-format.ts";
import { fourccCode, fourccText } from "../../src/system/v4l2/fourcc.ts";
import { V4L2 } from "../../src/system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../src/system/v4l2/libc.ts";
import type { Struct } from "../../src/system/v4l2/struct.ts";
import { scriptedDevice } from "./scripted-v4l2-device.ts";

export class OutputDriver {
  /** The names of the formats that the driver lists. */
  formats: readonly string[] = ["YUYV"];
  capabilities: number = V4L2.CAP_VIDEO_OUTPUT | V4L2.CAP_READWRITE | V4L2.CAP_STREAMING;
  /** The only size that the driver accepts, or null for any size. */
  onlySize: Size | null = null;
  /** The formats that the driver lists and does not accept. */
  refusedFormats: readonly string[] = [];
  /** The error number of VIDIOC_S_FMT and of write(2), or 0. */
  setFormatError = 0;
  writeError = 0;
  /** True if write(2) occupies the buffers until the device is closed. */
  #isOccupied = false;
  /** The requests to start and stop, in their order. */
  readonly starts: string[] = [];
  /** The number of times that the device was opened and closed. */
  opened = 0;
  closed = 0;
  /** The only format that the driver accepts, while another program reads from the device. */
  keptFormat: string | null = null;
  /** The bytes between two lines. */
  paddingBytes = 0;
  /** The format that is set, for example "64x48 YUYV". */
  format = "";
  /** The frames that the device has got. */
  readonly frames: Uint8Array[] = [];
  /** The indexes of the buffers that the device has, in the order of their coming. */
  readonly queued: number[] = [];
  readonly #shown: number[] = [];
  #memory: Uint8Array[] = [];
  #isStreaming = false;

  readonly device: OutputDevice = {
    ...scriptedDevice(
      {
        VIDIOC_QUERYCAP: (struct) => {
          (struct as Struct<"v4l2_capability">).set({ capabilities: this.capabilities });
          return 0;
        },
        VIDIOC_ENUM_FMT: (struct) => {
          const format = struct as Struct<"v4l2_fmtdesc">;
          const name = this.formats[format.get("index")];
          if (name === undefined || format.get("type") !== V4L2.BUF_TYPE_VIDEO_OUTPUT) return ERRNO.EINVAL;
          format.set({ pixelformat: fourccCode(name) });
          return 0;
        },
        VIDIOC_S_FMT: (struct) => this.#setFormat(struct as Struct<"v4l2_format">),
        VIDIOC_REQBUFS: (struct) => {
          if (this.#isStreaming || this.#isOccupied) return ERRNO.EBUSY;
          const count = (struct as Struct<"v4l2_requestbuffers">).get("count");
          this.#memory = Array.from({ length: count }, () => new Uint8Array(64 * 1024));
          return 0;
        },
        VIDIOC_QUERYBUF: (struct) => {
          const buffer = struct as Struct<"v4l2_buffer">;
          buffer.set({ "m.offset": buffer.get("index"), length: 64 * 1024 });
          return 0;
        },
        VIDIOC_QBUF: (struct) => {
          const buffer = struct as Struct<"v4l2_buffer">;
          const index = buffer.get("index");
          if (this.queued.includes(index)) return ERRNO.EINVAL;
          this.queued.push(index);
          this.frames.push((this.#memory[index] as Uint8Array).slice(0, buffer.get("bytesused")));
          return 0;
        },
        VIDIOC_DQBUF: (struct) => {
          const index = this.#shown.shift();
          if (index === undefined) return ERRNO.EAGAIN;
          (struct as Struct<"v4l2_buffer">).set({ index });
          return 0;
        },
      },
      ERRNO.ENOTTY,
    ),
    path: "/dev/video9",
    requestInt: (name) => {
      this.starts.push(name);
      if (this.#memory.length === 0) throw new SystemCallError(name, ERRNO.EINVAL);
      this.#isStreaming = name === "VIDIOC_STREAMON";
      if (!this.#isStreaming) this.queued.length = 0;
    },
    map: (offset) => ({ bytes: this.#memory[offset] as Uint8Array, unmap: () => undefined }),
    write: (frame) => {
      if (this.writeError === 0) this.frames.push(frame.slice());
      this.#isOccupied = true; // as in videobuf2
      return this.writeError;
    },
    [Symbol.dispose]: () => {
      this.closed++;
      this.#isOccupied = false;
    },
  };

  open(): OutputDevice {
    this.opened++;
    return this.device;
  }

  /** Shows the buffer that came first, so that the program may have it again. */
  showOne(): void {
    const index = this.queued.shift();
    if (index !== undefined) this.#shown.push(index);
  }

  #setFormat(pix: Struct<"v4l2_format">): number {
    if (this.#isStreaming || this.#memory.length > 0) return ERRNO.EBUSY; // as videobuf2 does while there are buffers
    if (this.setFormatError !== 0) return this.setFormatError;
    const wanted = `${pix.get("fmt.pix.width")}x${pix.get("fmt.pix.height")} ${fourccText(pix.get("fmt.pix.pixelformat"))}`;
    if (this.keptFormat !== null && wanted !== this.keptFormat) return ERRNO.EBUSY;
    const asked = fourccText(pix.get("fmt.pix.pixelformat"));
    const name = this.refusedFormats.includes(asked) ? "GREY" : asked;
    const { width, height } = this.onlySize ?? {
      width: pix.get("fmt.pix.width"),
      height: pix.get("fmt.pix.height"),
    };
    const pixelBytes = name.startsWith("YU") && name !== "YU12" ? 2 : name === "RGB3" ? 3 : 4;
    pix.set({
      "fmt.pix.pixelformat": fourccCode(name),
      "fmt.pix.width": width,
      "fmt.pix.height": height,
      "fmt.pix.bytesperline": width * pixelBytes + this.paddingBytes,
    });
    this.format = `${width}x${height} ${name}`;
    return 0;
  }
}
