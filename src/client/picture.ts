// The types of frames in the viewer: received frames and decoded frames. They are the same for whole pictures and for tiles.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { Rectangle } from "../core/rectangle.ts";
import type { PictureStamps } from "../protocol/messages.ts";
import type { Arrival, Origin } from "../protocol/origin.ts";

/** A received frame without its contents. */
export interface ReceivedFrame extends PictureStamps, Pick<Arrival, "firstByteAt" | "lastByteAt"> {
  frameNumber: number;
  /** The number of received bytes. */
  bytes: number;
  /** The origin of the frame, where it is acknowledged. */
  origin: Origin;
}

/** A frame as pixels. Its owner releases its memory (the slot), unless `isRepeat` is true. */
export interface DecodedPicture extends Size {
  received: ReceivedFrame;
  slot: FrameSlot;
  /**
   * True when the picture has not changed since the previous frame. In this case both frames have the same slot, and the owner of
   * the previous frame releases it.
   */
  isRepeat: boolean;
  /** The used part of the slot: RGBA with 4 bytes a pixel, in rows of 4 · width bytes. */
  pixels: Uint8Array;
  /**
   * Returns the parts of the picture that may differ from an older picture, whose slot is still in use. The rest is equal. Null
   * means that the parts are not known. Whole pictures do not have this function.
   */
  changedSince?: (slot: FrameSlot) => readonly Rectangle[] | null;
  /** True when parts of the picture are missing. They are grey. */
  isDamaged: boolean;
  /** The time from the last received byte to pixels, without the wait for older frames. */
  workMicros: Micros;
  /** The sum of the times that threads were busy with the frame. */
  busyMicros: Micros;
  decodedAt: Micros;
  /** Returns the received JPEG, or the received tiles joined to a JPEG. */
  jpeg(): Uint8Array;
}

export interface DecodeEvents {
  onDecoded(picture: DecodedPicture): void;
  /**
   * Called for a frame that will not be decoded. `stale` means that a newer frame came first. `decode` means that it cannot be
   * decoded, and `reason` tells why.
   */
  onDropped(frame: ReceivedFrame, cause: "stale" | "decode", reason: string): void;
}
