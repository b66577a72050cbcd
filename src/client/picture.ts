// The types of frames in the viewer: received frames and decoded frames. They are the same for whole pictures and for tiles.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { Rectangle } from "../core/rectangle.ts";
import type { ClockOffset } from "../protocol/clock-offset.ts";
import type { Ack, PictureStamps } from "../protocol/messages.ts";

/** The number of bytes of a frame, and the times of their arrival in this machine's clock. */
export interface Arrival {
  firstByteAt: Micros;
  lastByteAt: Micros;
  messageBytes: number;
}

/** The origin of frames: a connection to a server. Frame numbers of two origins cannot be compared. */
export interface Origin {
  /** Acknowledges a frame, so that the server may send the next one. */
  acknowledge(ack: Ack): void;
  /** The offset of the server's clock. */
  readonly clock: ClockOffset;
}

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
