// The types of pictures on the server: captured pixels, and pictures that are encoded as one JPEG.

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
  /** Whether the pixels come from a JPEG of the source that other viewers are sent unchanged. */
  isDecoded: boolean;
}

export interface EncodedPicture extends Size {
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  encodedAt: Micros;
  /** The block with the JPEG. Retain the block to keep the picture beyond a call. */
  block: JpegBlock;
  jpegBytes: number;
  /** Whether the source delivered it as a JPEG. */
  isPassedOn: boolean;
}

/** Returns the JPEG of a picture as a view of its block. */
export function jpegOf({ block, jpegBytes }: EncodedPicture): Uint8Array {
  return block.bytes.subarray(0, jpegBytes);
}
