// The types of pictures on the server: captured pixels, and pictures that are encoded as one JPEG.

import type { Presentation } from "../codec/jpeg/presentation.ts";
import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { JpegBlock } from "../capture/jpeg-blocks.ts";

export interface CapturedPixels extends Size {
  /** The slot with the pixels. The owner of this object releases the slot. */
  slot: FrameSlot;
  format: PixelFormat;
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  /** True if the pixels come from a JPEG that other viewers get unchanged. */
  isDecoded: boolean;
}

/** A JPEG with the frame that it belongs to. */
export interface FramedJpeg extends Size {
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  /** The memory block with the JPEG. To keep the picture after a call has returned, call `retain` of the block. */
  block: JpegBlock;
  jpegBytes: number;
}

/** A picture that can be sent to viewers. */
export interface EncodedPicture extends FramedJpeg {
  encodedAt: Micros;
  /** True if the source delivered the picture as a JPEG, which is sent unchanged. */
  isPassedOn: boolean;
}

/**
 * A JPEG of the source that the server decodes for all viewers, because some viewers would not show it as it is meant. Width and
 * height are those of the picture as it is shown.
 */
export interface UnfitJpeg extends FramedJpeg {
  presentation: Presentation;
}

/** Returns the JPEG of a picture as a view of its block. */
export function jpegOf({ block, jpegBytes }: FramedJpeg): Uint8Array {
  return block.bytes.subarray(0, jpegBytes);
}

/** A captured frame, whatever its form. */
export type Captured = CapturedPixels | EncodedPicture | UnfitJpeg;

/** Releases the memory of a captured frame. */
export function releaseCaptured(captured: Captured | null): void {
  if (captured !== null) (isPixels(captured) ? captured.slot : captured.block).release();
}

export function isPicture(captured: Captured): captured is EncodedPicture {
  return "isPassedOn" in captured;
}

export function isUnfit(captured: Captured): captured is UnfitJpeg {
  return "presentation" in captured;
}

export function isPixels(captured: Captured): captured is CapturedPixels {
  return "slot" in captured;
}
