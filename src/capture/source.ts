// What a source of frames is, and what it hands its frames to.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { JpegSlot } from "./jpeg-slots.ts";

/** Where a source puts its frames. Nothing here waits: a frame there is no room for is dropped and counted. */
export interface FrameSink {
  /**
   * Room for the next frame's pixels, or null while the encoders are busy with older ones. The source fills it and gives
   * it back by `pixels`, or releases it itself.
   */
  reserve(format: PixelFormat, size: Size): FrameSlot | null;
  /** A frame in a reserved slot, captured at that time. */
  pixels(slot: FrameSlot, format: PixelFormat, size: Size, capturedAt: Micros): void;
  /** Room for a JPEG of at most so many bytes, likewise; null where memory ends. */
  reserveJpeg(mostBytes: number): JpegSlot | null;
  /** A frame that is a JPEG already, of so many bytes, in a reserved slot; it is sent as it is. */
  jpeg(slot: JpegSlot, jpegBytes: number, capturedAt: Micros): void;
  /** A frame that was there but could not be taken (`reserve` said null, or it was damaged). */
  lost(): void;
  /** Says to operator and viewers what is wrong with the source; null when all is well again. */
  trouble(text: string | null): void;
}

/** Hands a JPEG over that lies elsewhere: a copy. */
export function deliverJpeg(sink: FrameSink, jpeg: Uint8Array, capturedAt: Micros): void {
  const slot = sink.reserveJpeg(jpeg.length);
  if (slot === null) {
    sink.lost();
    return;
  }
  slot.bytes.set(jpeg);
  sink.jpeg(slot, jpeg.length, capturedAt);
}

export interface Source {
  /** For people: `pattern`, `vtest.mp4`, `/dev/video0`. */
  readonly name: string;
  /** Nominal frames a second; 0 where nobody can know. */
  readonly framesPerSecond: number;
  /**
   * Delivers frames until `signal` aborts or the source has come to its end; resolves then. Rejects with SourceError,
   * MissingError or UsageError where it cannot go on. Leaves no process and no device open behind it.
   */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
  /** Settings of a camera that can be changed while it runs; absent where a source has none. */
  readonly controls?: SourceControls;
  /** Resolves when a device that went away may be there again; never rejects. Absent where nobody can know. */
  untilBack?(signal: AbortSignal): Promise<void>;
}

export interface SourceControls {
  /** What there is, with present values. Rejects with SourceError where the device cannot be asked. */
  list(): Promise<Control[]>;
  /**
   * Sets one by its name, to what `text` means (control-values.ts); it stays so when the camera is plugged in again. Rejects with
   * UsageError for a name that is not there or a value that is not allowed, with SourceError where the camera refuses it or
   * cannot be asked.
   */
  set(name: string, text: string): Promise<void>;
  /** Lets go of all that they hold; afterwards the other calls reject. */
  close(): Promise<void>;
}

/** One setting of a camera. */
export interface Control {
  /** As v4l2-ctl writes it: `exposure_time_absolute`. */
  name: string;
  /** As the driver calls it: `Exposure Time, Absolute`. */
  title: string;
  /** `menu` takes the values in `menu`; a `button` has no value and does something when it is set. */
  type: "integer" | "boolean" | "menu" | "button" | "bitmask";
  minimum: number;
  maximum: number;
  step: number;
  defaultValue: number;
  /** Null where it cannot be read. */
  value: number | null;
  menu: ControlMenuItem[];
  /** Never to be set. */
  isReadOnly: boolean;
  /** Without effect as things are: an exposure time while exposure is automatic. */
  isInactive: boolean;
}

export interface ControlMenuItem {
  value: number;
  label: string;
}
