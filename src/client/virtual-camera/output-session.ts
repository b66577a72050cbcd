// Gives pictures to a V4L2 output device: a virtual camera (v4l2loopback), or a card with a video output.

import { MissingError } from "../../core/errors.ts";
import { isSameSize, type Size } from "../../core/pixel-format.ts";
import type { Capability } from "../../system/v4l2/device.ts";
import { fourccCode, fourccText } from "../../system/v4l2/fourcc.ts";
import { V4L2 } from "../../system/v4l2/layouts.ts";
import { ERRNO, SystemCallError } from "../../system/v4l2/libc.ts";
import { Struct } from "../../system/v4l2/struct.ts";
import { drawFitted } from "../screens/draw-scaled.ts";
import type { RgbaPicture } from "../screens/overlay.ts";
import { OutputBuffers, type OutputDevice } from "./output-buffers.ts";
import { PIXEL_LAYOUTS, type PixelLayout } from "./pixel-layouts.ts";

/** The format that the device has accepted. */
interface Format {
  layout: PixelLayout;
  size: Size;
  lineBytes: number;
}

/** What happened to a picture. `busy` means that the device still has the pictures before it. */
export type Outcome = "taken" | "busy";

/** Methods throw SystemCallError if the device fails, and MissingError if it cannot be used. */
export class OutputSession implements Disposable {
  /** The device's own name, for example "Dummy video device (0x0000)". */
  readonly card: string;
  readonly #open: () => OutputDevice;
  #device: OutputDevice;
  readonly #hasBuffers: boolean;
  /** The layouts that the device offers, with the best first. */
  readonly #layouts: readonly PixelLayout[];
  #format: Format | null = null;
  /** The size for which the format was set last. The device may have chosen another one. */
  #wanted: Size = { width: 0, height: 0 };
  #takesWrites: boolean;
  /** The buffers of the device, or null while write(2) is used or no format is set. */
  #buffers: OutputBuffers | null = null;
  /** The frame for write(2). */
  #frame = new Uint8Array();
  /** The picture in the size of the format. It is used when the device has chosen another size. */
  #scaled: RgbaPicture | null = null;

  /** Opens the device. `open` is called again for another format. */
  constructor(open: () => OutputDevice) {
    this.#open = open;
    this.#device = open();
    try {
      const { card, hasBuffers, takesWrites } = checkedCapability(this.#device);
      this.card = card;
      this.#hasBuffers = hasBuffers;
      this.#takesWrites = takesWrites;
      this.#layouts = offeredLayouts(this.#device);
    } catch (error) {
      this.#device[Symbol.dispose]();
      throw error;
    }
  }

  /** Stops and closes the device. The device may already be gone. */
  [Symbol.dispose](): void {
    this.#buffers?.[Symbol.dispose]();
    this.#buffers = null;
    this.#device[Symbol.dispose]();
  }

  /** Describes the format, for example "1280x720 YUYV", or "" while none is set. */
  get formatText(): string {
    if (this.#format === null) return "";
    const { layout, size } = this.#format;
    return `${size.width}x${size.height} ${layout.fourcc}`;
  }

  /**
   * Gives a picture to the device, in the size `wanted` if the device accepts that, or else scaled to the device's size with black
   * bars. `onRead` is called when the pixels of the picture are no longer needed.
   */
  offer(picture: RgbaPicture, wanted: Size, onRead: () => void): Outcome {
    const { layout, size, lineBytes } = this.#formatFor(wanted);
    const bytes = layout.pictureBytes(lineBytes, size.height);
    const frame = this.#takesWrites ? this.#memory(bytes) : this.#freeBuffer(bytes);
    if (frame === null) return "busy";
    layout.convert(isSameSize(picture, size) ? picture : this.#scale(picture, size), frame, lineBytes);
    onRead();
    if (this.#takesWrites) return this.#write(frame);
    this.#buffers?.queue(bytes);
    return "taken";
  }

  #write(frame: Uint8Array): Outcome {
    const errno = this.#device.write(frame);
    if (errno === 0) return "taken";
    if (errno === ERRNO.EINVAL && this.#hasBuffers) {
      // Some drivers report write(2) and refuse it, for example vivid. Its buffers can be used only after it was opened again.
      this.#takesWrites = false;
      this.#reopen();
      this.#format = null;
    } else if (errno !== ERRNO.EAGAIN) throw new SystemCallError(`write ${this.#device.path}`, errno);
    return "busy";
  }

  #reopen(): void {
    this[Symbol.dispose]();
    this.#device = this.#open();
  }

  /**
   * Returns the format for pictures of a size. A device that cannot change its format, because programs read from it, keeps the one
   * that it has.
   */
  #formatFor(wanted: Size): Format {
    const before = this.#format;
    if (before !== null && isSameSize(this.#wanted, wanted)) return before;
    if (before !== null) this.#reopen(); // while the device is open, its buffers keep their size
    this.#wanted = wanted;
    const { path } = this.#device;
    let format = this.#trySetFormat(wanted);
    if (format === "busy" && before !== null) format = this.#trySetFormat(before.size);
    if (format === "busy") throw new SystemCallError(`VIDIOC_S_FMT ${path}`, ERRNO.EBUSY);
    if (format === null) {
      const { width, height } = wanted;
      throw new MissingError(`${path} takes no pictures of ${width}x${height}: try another --size`);
    }
    this.#format = format;
    if (this.#takesWrites) this.#announce();
    return format;
  }

  /** Sets the best format that the device accepts. Returns null if it accepts none. */
  #trySetFormat(wanted: Size): Format | "busy" | null {
    for (const layout of this.#layouts) {
      const pix = describe(layout, wanted);
      const errno = this.#device.attempt("VIDIOC_S_FMT", pix);
      if (errno === ERRNO.EBUSY) return "busy";
      if (errno === ERRNO.EINVAL) continue;
      if (errno !== 0) throw new SystemCallError(`VIDIOC_S_FMT ${this.#device.path}`, errno);
      const size = { width: pix.get("fmt.pix.width"), height: pix.get("fmt.pix.height") };
      const isOdd = size.width % 2 !== 0 || size.height % 2 !== 0;
      // The driver changes values that it does not support, including the pixel format.
      if (fourccText(pix.get("fmt.pix.pixelformat")) !== layout.fourcc || (layout.needsEvenSides && isOdd)) continue;
      return { layout, size, lineBytes: Math.max(pix.get("fmt.pix.bytesperline"), layout.lineBytes(size.width)) };
    }
    return null;
  }

  /**
   * Tells the driver that frames come, although write(2) needs no such request. v4l2loopback 0.12 takes only a program that says so for
   * the writer of its device. Without it, the device would be no output device any more when the program has ended. Other drivers
   * refuse the request, because their buffers are not in use.
   */
  #announce(): void {
    try {
      this.#device.requestInt("VIDIOC_STREAMON", V4L2.BUF_TYPE_VIDEO_OUTPUT);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  #memory(bytes: number): Uint8Array {
    if (this.#frame.length !== bytes) this.#frame = new Uint8Array(bytes);
    return this.#frame;
  }

  #freeBuffer(bytes: number): Uint8Array | null {
    this.#buffers ??= new OutputBuffers(this.#device, bytes);
    return this.#buffers.take();
  }

  #scale(picture: RgbaPicture, size: Size): RgbaPicture {
    this.#scaled = drawFitted(picture, size, this.#scaled);
    return this.#scaled;
  }
}

/** Returns the capability of a device that takes pictures. Throws MissingError for other devices. */
function checkedCapability(device: OutputDevice): Capability {
  const { path } = device;
  const capability = capabilityOf(device);
  if (capability.isOutput && (capability.takesWrites || capability.hasBuffers)) return capability;
  // With exclusive_caps=1, a device of v4l2loopback is a camera while a program gives it pictures.
  const what = capability.isCamera ? "a camera, or another program gives it pictures" : "no output device";
  throw new MissingError(`${path} takes no pictures (it is ${what}): name a free device of v4l2loopback`);
}

function capabilityOf(device: OutputDevice): Capability {
  try {
    return device.capability();
  } catch (cause) {
    if (!(cause instanceof SystemCallError) || cause.code === "ENODEV") throw cause;
    throw new MissingError(`${device.path} is no video device: name a device of v4l2loopback`, { cause });
  }
}

/** Returns the layouts that a device lists. Throws MissingError if none can be written. */
function offeredLayouts(device: OutputDevice): readonly PixelLayout[] {
  const described = device.enumerate("VIDIOC_ENUM_FMT", (index) =>
    new Struct("v4l2_fmtdesc").set({ index, type: V4L2.BUF_TYPE_VIDEO_OUTPUT }),
  );
  const offered = new Set(Array.from(described, (struct) => fourccText(struct.get("pixelformat"))));
  const layouts = PIXEL_LAYOUTS.filter(({ fourcc }) => offered.has(fourcc));
  if (layouts.length > 0) return layouts;
  const names = [...offered].join(", ") || "none";
  throw new MissingError(
    `${device.path} takes no pixel format that can be written here (its formats are ${names}): name a device of v4l2loopback`,
  );
}

function describe({ fourcc, needsEvenSides }: PixelLayout, { width, height }: Size): Struct<"v4l2_format"> {
  const even = (side: number) => (needsEvenSides ? Math.max(2, side - (side % 2)) : side);
  return new Struct("v4l2_format").set({
    type: V4L2.BUF_TYPE_VIDEO_OUTPUT,
    "fmt.pix.width": even(width),
    "fmt.pix.height": even(height),
    "fmt.pix.pixelformat": fourccCode(fourcc),
    "fmt.pix.field": V4L2.FIELD_NONE,
    "fmt.pix.colorspace": V4L2.COLORSPACE_SRGB,
    "fmt.pix.priv": V4L2.PIX_FMT_PRIV_MAGIC, // without it the driver ignores the fields after it
    // The defaults of sRGB: BT.601 in studio range for Y'CbCr, full range for RGB (V4L2_MAP_QUANTIZATION_DEFAULT).
    "fmt.pix.ycbcr_enc": needsEvenSides ? V4L2.YCBCR_ENC_601 : V4L2.YCBCR_ENC_DEFAULT,
    "fmt.pix.quantization": needsEvenSides ? V4L2.QUANTIZATION_LIM_RANGE : V4L2.QUANTIZATION_DEFAULT,
  });
}
