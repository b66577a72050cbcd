// Events of motion: as the server finds them and viewers are told of them, and as programs get them.

import type { Micros } from "./clock.ts";

/** A rectangle in shares of the picture: 0 is its left or upper edge, 1 its right or lower edge. */
export interface ShareBox {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The state of an event. All times are those of captures. */
export interface MotionEvent {
  phase: "start" | "update" | "end";
  /** Counts the events of the camera from 1 since it began. */
  number: number;
  /** The time when the motion began. */
  startedAt: Micros;
  /** The time of the last frame with motion so far. */
  movedAt: Micros;
  /** The moving share of the picture, from 0 to 1. At the end it is 0. */
  area: number;
  /** The largest area so far, and its time. */
  height: { area: number; at: Micros };
  /** The box around everything that has moved since the start. */
  box: ShareBox;
  /** The names of the watched zones in which something has moved since the start. */
  zones: string[];
}

/** The state of an event, for people who watch the pictures. */
export interface MotionNow extends MotionEvent {
  /** The box around what has moved since the message before, or null if nothing moves now. */
  moving: ShareBox | null;
}

/** Another picture of an event replaces the one that is kept if this many times as much moves in it. */
export const PICTURE_RISE = 1.1;

/** A message about motion: it has started, goes on, or has ended. Areas and boxes are shares of the picture, from 0 to 1. */
export interface MotionReport {
  event: "motion";
  /** An event has one `start` and one `end`, and between them an `update` each second in which something moves. */
  phase: "start" | "update" | "end";
  /** The name of the camera. */
  camera: string;
  /** Counts the events of a camera from 1 since it began. */
  number: number;
  /** The time when the motion began (ISO 8601, UTC). `for` has passed since then when the event starts. */
  start: string;
  /** The time of the last frame with motion so far. */
  moved: string;
  /** The share of the picture that moves now, or 0 at the end. */
  area: number;
  /** The largest area so far, and its time. */
  height: { area: number; time: string };
  /** The box around everything that has moved since the start. */
  box: ShareBox;
  /** The names of the watched zones in which something has moved since the start. */
  zones: string[];
}

/** Returns an event for programs. `wallMsOf` converts a time of the event to one of `Date`. */
export function reportMotion(
  camera: string,
  { phase, number, startedAt, movedAt, area, height, box, zones }: MotionEvent,
  wallMsOf: (at: Micros) => number,
): MotionReport {
  const time = (at: Micros) => new Date(Math.round(wallMsOf(at))).toISOString();
  return {
    event: "motion",
    phase,
    camera,
    number,
    start: time(startedAt),
    moved: time(movedAt),
    area: rounded(area),
    height: { area: rounded(height.area), time: time(height.at) },
    box: roundedBox(box),
    zones,
  };
}

/** Returns a box with four digits for each share, as programs get it. */
export function roundedBox({ x, y, width, height }: ShareBox): ShareBox {
  return { x: rounded(x), y: rounded(y), width: rounded(width), height: rounded(height) };
}

function rounded(share: number): number {
  return Math.round(share * 10_000) / 10_000;
}

/** Returns a share as text for people: 2.1 %. */
export function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
