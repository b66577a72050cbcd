// An output of events: a program or an address outside of this process that is told about motion.

import type { MotionReport } from "../../../core/motion.ts";

/** A message for an output, with a picture of the event. */
export interface MotionMessage {
  report: MotionReport;
  /** The newest picture at the start of an event, and the one with the most motion at its end (JPEG). Null if there is none. */
  picture: Uint8Array | null;
}

export interface EventOutput {
  /** The number of messages that did not reach their receiver. */
  readonly lost: number;
  /** Takes the start or the end of an event. Returns at once. */
  send(message: MotionMessage): void;
  /** Resolves when all messages have reached their receivers, or some seconds later. Later messages are lost. */
  close(): Promise<void>;
}

/** The time that an output has for its last messages. */
export const CLOSING_MS = 2_000;
