// What a source of frames is, and what it hands its frames to.

import type { FrameSlot } from "../../codec/frame-slots.ts";
import type { Micros } from "../../core/clock.ts";
import type { PixelFormat, Size } from "../../core/pixel-format.ts";

/** Where a source puts its frames. Nothing here waits: a frame there is no room for is dropped and counted. */
export interface FrameSink {
  /**
   * Room for the next frame's pixels, or null while the encoders are busy with older ones. The source fills it and gives
   * it back by `pixels`, or releases it itself.
   */
  reserve(format: PixelFormat, size: Size): FrameSlot | null;
  /** A frame in a reserved slot, captured at that time. */
  pixels(slot: FrameSlot, format: PixelFormat, size: Size, capturedAt: Micros): void;
  /** A frame that is a JPEG already; it is sent as it is. The bytes now belong to the sink. */
  jpeg(bytes: Uint8Array, capturedAt: Micros): void;
  /** A frame that was there but could not be taken (`reserve` said null, or it was damaged). */
  lost(): void;
  /** Says to operator and viewers what is wrong with the source; null when all is well again. */
  trouble(text: string | null): void;
}

/** Something that can be set of a camera: brightness, exposure and the like. */
export interface Control {
  name: string;
  kind: "integer" | "boolean" | "menu";
  min: number;
  max: number;
  step: number;
  default: number;
  value: number;
  /** Of a menu. */
  items?: { value: number; label: string }[];
}

export interface SourceControls {
  list(): Promise<Control[]>;
  set(name: string, value: number | string | boolean): Promise<void>;
}

export interface Source {
  /** For people: `pattern`, `vtest.mp4`, `/dev/video0`. */
  readonly name: string;
  /** Nominal frames a second; 0 where nobody can know. */
  readonly framesPerSecond: number;
  /** What can be set of it; left out where nothing can. Both calls reject with SourceError while it cannot be reached. */
  readonly controls?: SourceControls | undefined;
  /**
   * Delivers frames until `signal` aborts or the source has come to its end; resolves then. Rejects with SourceError,
   * MissingError or UsageError where it cannot go on. Leaves no process and no device open behind it.
   */
  run(sink: FrameSink, signal: AbortSignal): Promise<void>;
}
