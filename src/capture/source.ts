// The interfaces of a source of frames, and of the sink to which it delivers them.
//
// A source is an object with a name, a nominal rate and a function `run`. For each frame, `run` reserves memory from the sink,
// fills it and delivers it:
//
//   const source: Source = {
//     name: "my camera",
//     framesPerSecond: 30,
//     async run(sink, signal) {
//       while (!signal.aborted) {
//         const frame = await camera.nextFrame(signal);
//         const slot = sink.reserve("rgba", frame.size);
//         if (slot === null) {
//           sink.lost(); // the encoders are busy: this frame is dropped, and the next one will be newer
//           continue;
//         }
//         slot.bytes.set(frame.pixels);
//         sink.pixels(slot, "rgba", frame.size, frame.capturedAt);
//       }
//     },
//   };
//
// `run` may be called again after it has ended, for example with `--idle-release`, after a failure, or when a device is back.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { StreamHeader, Tiles } from "../protocol/messages.ts";
import type { Route } from "../protocol/route.ts";
import type { JpegBlock } from "./jpeg-blocks.ts";
import type { Room } from "./room.ts";

/** The format of a captured frame: pixels, or a JPEG that is sent unchanged. */
export type FrameFormat = PixelFormat | "mjpeg";

/**
 * The result of delivering a frame. A newer frame may still replace an accepted frame before it is encoded. While there are no
 * viewers, frames are counted and dropped.
 */
export type Delivery = "taken" | "replaced an older frame" | "dropped: there are no viewers" | RefusedJpeg;

/** The result for a JPEG that is not shown. "cannot be decoded" means an unsupported kind of JPEG, for example with 12 bits. */
export type RefusedJpeg = "dropped: the JPEG is damaged" | "dropped: the JPEG cannot be decoded";

/**
 * Receives the frames of a source. The server implements it. All calls return immediately. A frame for which there is no memory
 * is dropped and counted.
 */
export interface FrameSink {
  /** Whether the encoders have room for a frame, for the threads of sources. Without it there is always room. */
  readonly room?: Room | undefined;
  /**
   * Returns a slot for the pixels of one frame, or null while the encoders use all slots. The source fills the slot from its
   * start (core/pixel-format.ts has the formats) and passes it to `pixels`, or calls `release` if it does not deliver the frame.
   */
  reserve(format: PixelFormat, size: Size): FrameSlot | null;
  /**
   * Delivers a frame in a reserved slot, which then belongs to the sink. `capturedAt` is in microseconds since the Unix epoch.
   */
  pixels(slot: FrameSlot, format: PixelFormat, size: Size, capturedAt: Micros): Delivery;
  /** Returns a block for a JPEG of at most `maxBytes`, or null when memory has run out. */
  reserveJpeg(maxBytes: number): JpegBlock | null;
  /** Delivers a JPEG of `jpegBytes` bytes in a reserved block, which then belongs to the sink. The JPEG is sent unchanged. */
  jpeg(block: JpegBlock, jpegBytes: number, capturedAt: Micros): Delivery;
  /**
   * Begins the pictures of a source that is another server. Its tiles follow (`tiles`), which are sent on unchanged. Without a JPEG
   * header, whole pictures follow (`jpeg`). Throws ProtocolError if viewers could not decode tiles with this header. Only the sink of
   * a server takes tiles.
   */
  stream?(stream: StreamHeader): void;
  /**
   * Delivers a part of a frame of that stream, or a whole frame, with its times in this machine's clock. The bytes are copied. Throws
   * ProtocolError for tiles that the picture does not have, and if tiles are missing in the first frame.
   */
  tiles?(tiles: Tiles): void;
  /** Counts a captured frame that could not be delivered, because `reserve` returned null or the frame was damaged. */
  lost(): void;
  /**
   * Tells the operator and the viewers what is wrong with the source, or with null that it works again. A trouble with `since`, the
   * time when it began, lasts until the source ends it. Any other trouble has begun now, and the first frame of a run also ends it.
   */
  trouble(text: string | null, since?: Micros): void;
}

/** Copies a JPEG into a block of the sink and delivers it. Without a block the frame is counted as lost. */
export function deliverJpeg(sink: FrameSink, jpeg: Uint8Array, capturedAt: Micros): void {
  const block = sink.reserveJpeg(jpeg.length);
  if (block === null) {
    sink.lost();
    return;
  }
  block.bytes.set(jpeg);
  sink.jpeg(block, jpeg.length, capturedAt);
}

export interface Source {
  /** A name for people, for example `pattern`, `vtest.mp4` or `/dev/video0`. */
  readonly name: string;
  /** The nominal frames a second, or 0 if unknown. The value may change while the source runs. */
  readonly framesPerSecond: number;
  /**
   * Delivers frames until `signal` aborts or the source ends, and then resolves. Rejects with SourceError, MissingError or
   * UsageError when it cannot go on. After a SourceError with `retry`, the server calls `run` again. When the promise settles,
   * every process and device that `run` opened is closed.
   */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /** The controls of a camera, which can be changed while it runs. */
  readonly controls?: SourceControls | undefined;
  /** The relays through which the frames come, if the source is another server. */
  readonly route?: SourceRoute | undefined;
  /** Resolves when an unplugged device may be back, which ends the pause before the next try. It never rejects. */
  untilBack?(signal: AbortSignal): Promise<void>;
}

/** The relays between a camera and the viewers of a server that shows a camera of another server. */
export interface SourceRoute {
  /** The relays, with this server first. */
  readonly relays: Route;
  /** The server sets it. Called when `relays` has changed. */
  onChanged: () => void;
}

export interface SourceControls {
  /** Lists the controls with their current values. Rejects with SourceError when the device does not answer. */
  list(): Promise<SourceControl[]>;
  /**
   * Sets a control by its name. `text` is a number, `on`, `off` or the label of a menu item (control-values.ts). The value is set
   * again when the camera comes back after it was unplugged. Rejects with UsageError when the camera has no such control or does
   * not allow the value, and with SourceError when the camera refuses or does not answer.
   */
  set(name: string, text: string): Promise<void>;
  /** Releases the resources of the controls. Later calls of `list` and `set` reject. */
  close(): Promise<void>;
}

/** One control of a camera. */
export interface SourceControl {
  /** The name that v4l2-ctl uses, for example `exposure_time_absolute`. */
  name: string;
  /** The driver's own name, for example `Exposure Time, Absolute`. */
  title: string;
  /**
   * A control of kind `menu` takes the values in the field `menu`. A `button` has no value and triggers an action when it is set.
   */
  type: "integer" | "boolean" | "menu" | "button" | "bitmask";
  minimum: number;
  maximum: number;
  step: number;
  defaultValue: number;
  /** The current value, or null when it cannot be read. */
  value: number | null;
  menu: ControlMenuItem[];
  /** True if the control can never be set. */
  isReadOnly: boolean;
  /** True if the control has no effect at present, for example the exposure time while exposure is automatic. */
  isInactive: boolean;
}

export interface ControlMenuItem {
  value: number;
  label: string;
}
