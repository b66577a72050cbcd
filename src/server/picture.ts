// Pictures on the server: captured pixels, and pictures that are encoded whole.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { JpegBlock } from "../capture/jpeg-blocks.ts";

export interface CapturedPixels extends Size {
  /** Holds the pixels. The owner of this object releases it. */
  slot: FrameSlot;
  format: PixelFormat;
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  /** Whether the pixels come from a JPEG of the source, which other viewers are sent as it is. */
  isDecoded: boolean;
}

export interface EncodedPicture extends Size {
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  encodedAt: Micros;
  /** Holds the JPEG. Retain it to keep the picture beyond a call. */
  block: JpegBlock;
  jpegBytes: number;
  /** Whether the source delivered it as a JPEG. */
  isPassedOn: boolean;
}

/** The JPEG of a picture, as a view of its block. */
export function jpegOf({ block, jpegBytes }: EncodedPicture): Uint8Array {
  return block.bytes.subarray(0, jpegBytes);
}
