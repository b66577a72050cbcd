// A capture session of a device. It sets format and rate, maps the buffers, and always takes the newest frame.

import { SourceError } from "../../core/errors.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";
import { monotonicMicros } from "../../system/monotonic-clock.ts";
import { matchColour } from "./colour.ts";
import type { Device } from "../../system/v4l2/device.ts";
import { readFormats } from "./formats.ts";
import { DamagedInARow } from "../damaged-in-a-row.ts";
import type { FrameFormat } from "../source.ts";
import { BufferedJpegs } from "./buffered-jpegs.ts";
import { FrameCopier } from "./frame-copy.ts";
import { FrameScaler } from "./frame-scaler.ts";
import { setRate } from "./frame-rate.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { ERRNO, type Mapping, SystemCallError } from "../../system/v4l2/libc.ts";
import { type Actual, describeDifference, USUAL_SIZE, type Wanted } from "./negotiate.ts";
import { pixelAspectOf, squareSize } from "./pixel-shape.ts";
import { setFormat } from "./set-format.ts";
import { adoptSignal } from "./signal.ts";
import { Struct } from "../../system/v4l2/struct.ts";

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

/** The methods of a device that a session uses. */
export type CaptureDevice = Pick<
  Device,
  "path" | "request" | "attempt" | "requestInt" | "attemptToGet" | "enumerate" | "map"
>;

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
  readonly #device: CaptureDevice;
  readonly #mappings: Mapping[] = [];
  /** The copier of raw pixels. Null when the camera sends JPEGs. */
  readonly #copier: FrameCopier | null;
  readonly #jpegs = new BufferedJpegs();
  /** The scaler that makes the pixels square, with memory for a frame in the device's size. Null when the pixels are square. */
  readonly #squared: { scaler: FrameScaler; frame: Uint8Array } | null;
  readonly #buffer = new Struct("v4l2_buffer");
  #sequence: number | null = null;
  /** The number of frames that the camera has made and the session has not delivered. The caller resets it. */
  lost = 0;
  /** The number of damaged frames since the start. They also count as lost. */
  damaged = 0;
  readonly #damagedInARow: DamagedInARow;

  /**
   * Configures the device and starts it. The object calls `report` with a line about several damaged frames in a row, and with
   * null when a frame is whole again. Throws SystemCallError, or SourceError when no format is suitable.
   */
  constructor(device: CaptureDevice, wanted: Wanted, report: (text: string | null) => void) {
    this.#device = device;
    this.#damagedInARow = new DamagedInARow(report);
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
      if (taken === "no frame") continue;
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
   * Copies a frame and returns its length, or null when the buffer has no picture. Such a frame counts as lost and damaged. A JPEG
   * stays unchanged. Pixels are copied without their padding, and if they are not square, a second pass scales them.
   */
  copy({ index, bytesUsed }: Taken, frame: Uint8Array): number | null {
    const used = this.#bytes(index).subarray(0, bytesUsed);
    if (this.#copier === null) {
      const copied = this.#jpegs.copy(used, frame);
      if ("damage" in copied) {
        this.#countDamaged(copied.damage);
        return null;
      }
      this.#damagedInARow.whole();
      return copied.bytes;
    }
    this.#damagedInARow.whole();
    if (this.#squared === null) this.#copier.copy(used, frame);
    else {
      this.#copier.copy(used, this.#squared.frame);
      this.#squared.scaler.scale(this.#squared.frame, frame);
    }
    return frame.length;
  }

  #countDamaged(reason: string): void {
    this.lost++;
    this.damaged++;
    this.#damagedInARow.damaged(reason);
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

  /** Returns null when no buffer is ready. Buffers without a frame go back to the driver. */
  #dequeue(): Taken | "no frame" | null {
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
    const isMarked = (flags & V4L2.BUF_FLAG_ERROR) !== 0;
    const isShort = taken.bytesUsed < (this.#copier?.bufferBytes ?? 0);
    if (!isMarked && !isShort && taken.bytesUsed > 0) return taken;
    // An empty buffer without the mark says that there is no new picture, so nothing is lost.
    if (isMarked) this.#countDamaged("the driver marks them as damaged");
    else if (taken.bytesUsed > 0) this.#countDamaged("a buffer is shorter than its picture");
    this.giveBack(taken);
    return "no frame";
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

/**
 * The largest age of a time stamp. An older stamp is not the capture time, because the driver does not use the clock that it reports.
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
