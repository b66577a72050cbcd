// What a frame is on its way through the viewer: received, then decoded, whichever way it came (whole or in tiles).

import type { FrameSlot } from "../codec/memory/frame-slots.ts";
import type { Micros } from "../core/clock.ts";
import type { Size } from "../core/pixel-format.ts";
import type { PictureStamps } from "../protocol/messages.ts";
import type { Arrival, Connection } from "./connect/connection.ts";

/** A frame that has come, without its contents. */
export interface ReceivedFrame extends PictureStamps, Pick<Arrival, "firstByteAt" | "lastByteAt"> {
  frameNumber: number;
  /** What of it crossed the wire. */
  bytes: number;
  /** Where it came from and is acknowledged. */
  connection: Connection;
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
