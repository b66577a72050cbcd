// Pictures on the server: as pixels, as a source captured them, and encoded whole.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { PixelFormat, Size } from "../core/pixel-format.ts";
import type { JpegBlock } from "../capture/jpeg-blocks.ts";

export interface CapturedPixels extends Size {
  /** Whoever has the pixels releases it. */
  slot: FrameSlot;
  format: PixelFormat;
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  /** They are of a JPEG that the source handed over, and which viewers may be sent as it is. */
  isDecoded: boolean;
}

export interface EncodedPicture extends Size {
  /** Counts captured frames from 1. */
  frameNumber: number;
  capturedAt: Micros;
  encodedAt: Micros;
  /** In it is the JPEG. Whoever keeps the picture beyond a call holds it. */
  slot: JpegBlock;
  jpegBytes: number;
  /** It came as a JPEG from the source. */
  isPassedOn: boolean;
}

/** Its JPEG, in place. */
export function jpegOf({ slot, jpegBytes }: EncodedPicture): Uint8Array {
  return slot.bytes.subarray(0, jpegBytes);
}
