// What a frame is on its way through the viewer: received, then decoded, whichever way it came (whole or in tiles).

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

/** A frame that has come, without its contents. */
export interface ReceivedFrame extends PictureStamps, Pick<Arrival, "firstByteAt" | "lastByteAt"> {
  frameNumber: number;
  /** What of it crossed the wire. */
  bytes: number;
  /** Where the frame came from and is acknowledged. */
  origin: Origin;
}

/** A frame as pixels. Whoever holds it releases the slot, unless it is a repeat. */
export interface DecodedPicture extends Size {
  received: ReceivedFrame;
  slot: FrameSlot;
  /** Nothing has changed since the frame before: the slot is that frame's, and who has that one holds it. */
  isRepeat: boolean;
  /** RGBA, the used part of the slot. */
  pixels: Uint8Array;
  /** Some of it is missing, and grey instead. */
  isDamaged: boolean;
  /** From the last byte to pixels, without what it waited for older frames. */
  workMicros: Micros;
  /** How long threads were busy with it, all of them together. */
  busyMicros: Micros;
  decodedAt: Micros;
  /** The JPEG as it was received, or its tiles put together as they were received. */
  jpeg(): Uint8Array;
}

export interface DecodeEvents {
  onDecoded(picture: DecodedPicture): void;
  /** `stale`: a newer frame came before this one's turn; `decode`: it cannot be decoded, `reason` says why. */
  onDropped(frame: ReceivedFrame, cause: "stale" | "decode", reason: string): void;
}
