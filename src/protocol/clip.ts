// The messages about clips of the past of a camera. wire.ts has their layouts.

import { ProtocolError } from "../core/errors.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { MessageType } from "./wire.ts";

const OUTCOMES = ["part", "end", "refused"] as const;

/** A part of the file of a clip. */
export interface ClipPart {
  /** `part` has bytes, and the next one can be asked for. `end` has none. */
  outcome: (typeof OUTCOMES)[number];
  /** The reason why the clip was refused, or empty. */
  text: string;
  bytes: Uint8Array;
}

const MAX_TEXT_BYTES = 200;

export interface ClipAsked {
  /** The length of a clip that begins, or 0 for the next part of the one before. */
  seconds: number;
}

export function writeClipAsked({ seconds }: ClipAsked): Uint8Array {
  return new MessageWriter(MessageType.clipAsked, 8).u16(seconds).finish();
}

export function readClipAsked(body: Uint8Array): ClipAsked {
  return { seconds: new BodyReader(body, "ClipAsked").u16() };
}

export function writeClipPart({ outcome, text, bytes }: ClipPart): Uint8Array {
  return new MessageWriter(MessageType.clipPart, 16 + MAX_TEXT_BYTES + bytes.length)
    .u8(OUTCOMES.indexOf(outcome))
    .string(text, MAX_TEXT_BYTES)
    .bytes(bytes)
    .finish();
}

/** Reads a part. Its bytes are valid during the call only. */
export function readClipPart(body: Uint8Array): ClipPart {
  const reader = new BodyReader(body, "ClipPart");
  const outcome = OUTCOMES[reader.u8()];
  if (outcome === undefined) throw new ProtocolError("the message ClipPart has an outcome that is unknown");
  return { outcome, text: reader.string(), bytes: reader.rest() };
}
