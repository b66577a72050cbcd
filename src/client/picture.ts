// A frame on its way through the viewer: received, then decoded. Both are the same for whole pictures and for frames of tiles.

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { ClockOffset } from "../protocol/clock-offset.ts";
import type { Ack, PictureStamps } from "../protocol/messages.ts";

/** When the bytes of a message arrived, in this machine's clock, and how many they were. */
export interface Arrival {
  firstByteAt: Micros;
  lastByteAt: Micros;
  messageBytes: number;
}

/** Where frames come from, as decoding and showing see it: a connection to a server. Two origins have frame numbers of their own. */
export interface Origin {
  /** Tells the server what became of a frame, which gives it credit for the next one. */
  acknowledge(ack: Ack): void;
  /** The offset of the server's clock. */
  readonly clock: ClockOffset;
}

/** A received frame, without its contents. */
export interface ReceivedFrame extends PictureStamps, Pick<Arrival, "firstByteAt" | "lastByteAt"> {
  frameNumber: number;
  /** Bytes on the wire. */
  bytes: number;
  /** Where the frame came from and is acknowledged. */
  origin: Origin;
}

/** A frame as pixels. Its holder releases the slot, unless the frame is a repeat. */
export interface DecodedPicture extends Size {
  received: ReceivedFrame;
  slot: FrameSlot;
  /** Nothing has changed since the frame before: the slot is that frame's slot, and the holder of that frame releases it. */
  isRepeat: boolean;
  /** RGBA, 4 bytes a pixel, rows of 4 · width bytes: the used part of the slot. */
  pixels: Uint8Array;
  /** Parts of the picture are missing and grey instead. */
  isDamaged: boolean;
  /** From the last byte to pixels, without the wait for older frames. */
  workMicros: Micros;
  /** How long threads were busy with the frame, all of them together. */
  busyMicros: Micros;
  decodedAt: Micros;
  /** The JPEG as it was received, or the received tiles joined to one. */
  jpeg(): Uint8Array;
}

export interface DecodeEvents {
  onDecoded(picture: DecodedPicture): void;
  /** `stale`: a newer frame came before this one's turn; `decode`: it cannot be decoded, `reason` says why. */
  onDropped(frame: ReceivedFrame, cause: "stale" | "decode", reason: string): void;
}
