// A capture session of a device. It sets format and rate, maps the buffers, and always takes the newest frame.

import { SourceError } from "../../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { matchColour } from "./colour.ts";
import type { Device } from "./device.ts";
import { type CameraFormat, fourccCode, fourccText, readFormats } from "./formats.ts";
import type { FrameFormat } from "../source.ts";
import { FrameCopier } from "./frame-copy.ts";
import { FrameScaler } from "./frame-scaler.ts";
import { setRate } from "./frame-rate.ts";
import { V4L2 } from "./layouts.ts";
import { ERRNO, type Mapping, monotonicMicros, SystemCallError } from "./libc.ts";
import { type Actual, chooseMode, describeDifference, type Mode, USUAL_SIZE, type Wanted } from "./negotiate.ts";
import { pixelAspectOf, squareSize } from "./pixel-shape.ts";
import { adoptSignal } from "./signal.ts";
import { Struct } from "./struct.ts";

/**
 * The number of buffers. The driver fills one buffer while another is read, and two are spare. More would not help, because only
 * the newest frame is taken.
 */
const BUFFERS = 4;
/**
 * The largest gap between two frame numbers that counts as lost frames. A larger gap means that the driver has restarted its
 * count.
 */
const LARGEST_GAP = 1000;

/** A frame in a buffer that the driver has filled. */
export interface Taken {
  /** The index of the buffer. */
  index: number;
  bytesUsed: number;
  /** The time in CLOCK_MONOTONIC in microseconds, or null when the driver uses another clock. */
  stamp: number | null;
}

export class CaptureSession implements Disposable {
  readonly actual: Actual;
  /** The format of the frames that `copy` writes. */
  readonly format: FrameFormat;
  /** Lines for the operator: differences from the request, and problems. */
  readonly remarks: string[] = [];
  readonly #device: Device;
  readonly #mappings: Mapping[] = [];
  readonly #copier: FrameCopier | null;
  /** The scaler that makes the pixels square, with memory for a frame in the device's size. Null when the pixels are square. */
  readonly #squared: { scaler: FrameScaler; frame: Uint8Array } | null;
  readonly #buffer = new Struct("v4l2_buffer");
  #sequence: number | null = null;
  /** The number of frames that the camera has made and the session has not delivered. The caller resets it. */
  lost = 0;
  /** The number of damaged frames since the start. */
  damaged = 0;

  /** Configures the device and starts it. Throws SystemCallError, or SourceError when no format is suitable. */
  constructor(device: Device, wanted: Wanted) {
    this.#device = device;
    // The subscription comes first, so that no change is missed. Drivers of cameras refuse it, which does no harm.
    const subscription = new Struct("v4l2_event_subscription").set({ type: V4L2.EVENT_SOURCE_CHANGE });
    device.attempt("VIDIOC_SUBSCRIBE_EVENT", subscription);
    const signalSize = adoptSignal(device); // This is done even if another size is wanted.
    const wishes = { ...wanted, size: wanted.size ?? signalSize };
    const { pix, mode } = setFormat(device, readFormats(device, wishes.size ?? USUAL_SIZE), wishes);
    const size: Size = { width: pix.get("fmt.pix.width"), height: pix.get("fmt.pix.height") };
    const { framesPerSecond, remark } = setRate(device, mode.interval, wanted.framesPerSecond);
    if (remark !== null) this.remarks.push(remark);
    const sent: Actual = { fourcc: mode.fourcc, size, framesPerSecond };
    const difference = describeDifference(wanted, sent);
    if (difference !== null) this.remarks.push(difference);
    if (mode.format === "mjpeg") {
      this.actual = sent; // the header of a JPEG has the shape of its pixels
      this.format = "mjpeg";
      this.#copier = null;
      this.#squared = null;
    } else {
      const colour = matchColour(mode.format, {
        colorspace: pix.get("fmt.pix.colorspace"),
        ycbcrEncoding: pix.get("fmt.pix.ycbcr_enc"),
        quantization: pix.get("fmt.pix.quantization"),
      });
      this.format = colour.format;
      if (colour.remark !== null) this.remarks.push(colour.remark);
      this.#copier = new FrameCopier(colour.format, size, pix.get("fmt.pix.bytesperline"), colour.levels);
      const square = squareSize(size, pixelAspectOf(device, size));
      this.actual = { ...sent, size: square };
      this.#squared = square.width === size.width ? null : createSquared(colour.format, size, square.width);
      if (this.#squared !== null) {
        const shown = `${square.width}x${square.height}`;
        this.remarks.push(`the pixels of the signal are not square: ${size.width}x${size.height} is shown as ${shown}`);
      }
    }
    try {
      this.#mapBuffers();
      device.requestInt("VIDIOC_STREAMON", V4L2.BUF_TYPE_VIDEO_CAPTURE);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Stops the device and unmaps its buffers. The device may already be gone. */
  [Symbol.dispose](): void {
    try {
      this.#device.requestInt("VIDIOC_STREAMOFF", V4L2.BUF_TYPE_VIDEO_CAPTURE);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
    for (const mapping of this.#mappings.splice(0)) mapping.unmap();
  }

  /**
   * Takes the newest finished frame, or returns null. Older frames go back to the driver and count as lost. The buffer belongs to
   * the caller until `giveBack` is called.
   */
  takeNewest(): Taken | null {
    let newest: Taken | null = null;
    for (;;) {
      const taken = this.#dequeue();
      if (taken === null) return newest;
      if (taken === "damaged") continue;
      if (newest !== null) {
        this.lost++;
        this.giveBack(newest);
      }
      newest = taken;
      if (!this.#mayHaveSuccessor(newest)) return newest;
    }
  }

  /** Returns whether a frame is so old that the next frame may have come. */
  #mayHaveSuccessor({ stamp }: Taken): boolean {
    const { framesPerSecond } = this.actual;
    return stamp === null || framesPerSecond === 0 || monotonicMicros() - stamp > 0.5e6 / framesPerSecond;
  }

  /** Returns a frame's buffer to the driver. */
  giveBack({ index }: Taken): void {
    this.#device.request("VIDIOC_QBUF", this.#describeBuffer(index));
  }

  /** The size of the largest buffer, which no frame exceeds. */
  get bufferBytes(): number {
    return Math.max(...this.#mappings.map(({ bytes }) => bytes.length));
  }

  /**
   * Returns whether a frame seems complete from its length and its first bytes. Drivers also deliver parts of failed transfers.
   */
  #isWhole({ index, bytesUsed }: Taken): boolean {
    if (this.#copier !== null) return bytesUsed >= this.#copier.bufferBytes;
    const [first, second] = this.#bytes(index);
    return bytesUsed > 2 && first === 0xff && second === 0xd8; // the marker SOI (T.81 B.1.1.3)
  }

  /**
   * Copies a frame. A JPEG stays unchanged. Pixels are copied without their padding, and if they are not square, a second pass
   * scales them.
   */
  copy({ index, bytesUsed }: Taken, frame: Uint8Array): void {
    const buffer = this.#bytes(index);
    if (this.#copier === null) frame.set(buffer.subarray(0, bytesUsed));
    else if (this.#squared === null) this.#copier.copy(buffer, frame);
    else {
      this.#copier.copy(buffer, this.#squared.frame);
      this.#squared.scaler.scale(this.#squared.frame, frame);
    }
  }

  /** Throws SourceError when the size of the picture has changed, because the device must be set up again. */
  checkEvents(): void {
    const event = new Struct("v4l2_event");
    while (this.#device.attempt("VIDIOC_DQEVENT", event) === 0) {
      const isNewSize =
        event.get("type") === V4L2.EVENT_SOURCE_CHANGE &&
        (event.get("u.src_change.changes") & V4L2.EVENT_SRC_CH_RESOLUTION) !== 0;
      if (isNewSize) throw new SourceError(`${this.#device.path} has changed its picture's format`, { retry: "soon" });
    }
  }

  #dequeue(): Taken | "damaged" | null {
    const buffer = this.#describeBuffer(0);
    const errno = this.#device.attempt("VIDIOC_DQBUF", buffer);
    if (errno === ERRNO.EAGAIN) return null;
    if (errno !== 0) throw new SystemCallError(`VIDIOC_DQBUF ${this.#device.path}`, errno);
    const sequence = buffer.get("sequence");
    const gap = this.#sequence === null ? 0 : sequence - this.#sequence - 1;
    if (gap > 0 && gap < LARGEST_GAP) this.lost += gap;
    this.#sequence = sequence;
    const flags = buffer.get("flags");
    const isMonotonic = (flags & V4L2.BUF_FLAG_TIMESTAMP_MASK) === V4L2.BUF_FLAG_TIMESTAMP_MONOTONIC;
    const micros = buffer.getInt64("timestamp.tv_sec") * 1e6 + buffer.getInt64("timestamp.tv_usec");
    const taken: Taken = {
      index: buffer.get("index"),
      bytesUsed: Math.min(buffer.get("bytesused"), this.#bytes(buffer.get("index")).length),
      stamp: isMonotonic && micros > 0 ? micros : null,
    };
    if ((flags & V4L2.BUF_FLAG_ERROR) === 0 && this.#isWhole(taken)) return taken;
    this.lost++;
    this.damaged++;
    this.giveBack(taken);
    return "damaged";
  }

  #mapBuffers(): void {
    const asked = new Struct("v4l2_requestbuffers").set({
      count: BUFFERS,
      type: V4L2.BUF_TYPE_VIDEO_CAPTURE,
      memory: V4L2.MEMORY_MMAP,
    });
    this.#device.request("VIDIOC_REQBUFS", asked);
    for (let index = 0; index < asked.get("count"); index++) {
      const buffer = this.#describeBuffer(index);
      this.#device.request("VIDIOC_QUERYBUF", buffer);
      this.#mappings.push(this.#device.map(buffer.get("m.offset"), buffer.get("length")));
      this.#device.request("VIDIOC_QBUF", this.#describeBuffer(index));
    }
  }

  #describeBuffer(index: number): Struct<"v4l2_buffer"> {
    this.#buffer.bytes.fill(0);
    return this.#buffer.set({ index, type: V4L2.BUF_TYPE_VIDEO_CAPTURE, memory: V4L2.MEMORY_MMAP });
  }

  #bytes(index: number): Uint8Array {
    const mapping = this.#mappings[index];
    if (mapping === undefined) throw new Error(`the driver returned buffer ${index}, which does not exist`);
    return mapping.bytes;
  }
}

function createSquared(format: PixelFormat, size: Size, width: number) {
  const frame = new Uint8Array(frameBytes(format, size.width, size.height));
  return { scaler: new FrameScaler(format, size, width), frame };
}

/** Tries the suitable formats, with the best first, until the driver accepts one unchanged. */
function setFormat(
  device: Device,
  formats: readonly CameraFormat[],
  wanted: Wanted,
): { pix: Struct<"v4l2_format">; mode: Mode } {
  const refused = new Set<string>();
  for (;;) {
    const mode = chooseMode(formats, wanted, refused);
    if (mode === null) {
      const offered = formats.map(({ fourcc }) => fourcc).join(", ");
      throw new SourceError(`${device.path} has no suitable format: its formats are ${offered}`, { retry: "soon" });
    }
    const pix = describeFormat(
      mode,
      formats.find(({ fourcc }) => fourcc === mode.fourcc),
    );
    device.request("VIDIOC_S_FMT", pix);
    // The driver changes unsupported values, including the pixel format.
    if (fourccText(pix.get("fmt.pix.pixelformat")) === mode.fourcc && isFrame(pix.get("fmt.pix.field"))) {
      return { pix, mode };
    }
    refused.add(mode.fourcc);
  }
}

/** Returns whether a buffer contains a whole picture. Single fields (half pictures) are not supported. */
function isFrame(field: number): boolean {
  return field === V4L2.FIELD_NONE || field === V4L2.FIELD_INTERLACED;
}

function describeFormat({ fourcc, format, size }: Mode, offered: CameraFormat | undefined): Struct<"v4l2_format"> {
  const pix = new Struct("v4l2_format").set({
    type: V4L2.BUF_TYPE_VIDEO_CAPTURE,
    "fmt.pix.width": size.width,
    "fmt.pix.height": size.height,
    "fmt.pix.pixelformat": fourccCode(fourcc),
    "fmt.pix.field": V4L2.FIELD_NONE,
    "fmt.pix.priv": V4L2.PIX_FMT_PRIV_MAGIC, // without it the driver ignores the fields after it
  });
  const isYcbcr = (["yuv420p", "nv12", "yuyv422"] as readonly (PixelFormat | "mjpeg")[]).includes(format);
  if (isYcbcr && (offered?.convertsMatrix || offered?.convertsRange)) {
    pix.set({
      "fmt.pix.flags": V4L2.PIX_FMT_FLAG_SET_CSC,
      "fmt.pix.ycbcr_enc": offered.convertsMatrix ? V4L2.YCBCR_ENC_601 : V4L2.YCBCR_ENC_DEFAULT,
      "fmt.pix.quantization": offered.convertsRange ? V4L2.QUANTIZATION_LIM_RANGE : V4L2.QUANTIZATION_DEFAULT,
    });
  }
  return pix;
}

/**
 * The largest age of a time stamp. An older stamp is not the capture time, because the driver uses another clock than it reports.
 */
const OLDEST_BELIEVED_MICROS = 10e6;

/**
 * Returns the capture time of a frame that was taken at `now`, in CLOCK_MONOTONIC in microseconds. `now` replaces an impossible
 * stamp: a stamp in the future (some cameras' clocks are slightly fast), a very old stamp, or a missing stamp. A frame may have
 * waited in the driver for `unseenMicros`, the time since the device was last asked, for example while the process was stopped
 * (SIGSTOP).
 */
export function captureStamp(stamp: number | null, now: number, unseenMicros: number): number {
  if (stamp === null) return now;
  const age = now - stamp;
  return age >= 0 && age <= OLDEST_BELIEVED_MICROS + unseenMicros ? stamp : now;
}
