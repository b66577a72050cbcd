// Finds pictures inside a segment whose length may be wrong.
//
// A picture begins with SOI, and its segments lead to a frame header. The finder reads each byte once. So bytes that look like many
// nested pictures take no more time than other bytes.

import { hasSegment, isFrameHeader, isMarkerAt, isPictureStart, isPossibleLength, SOS, twoBytes } from "./markers.ts";

/** The largest numbers of frames and starts that are remembered, and of segments that are followed from a start. */
const MAX_FRAMES = 8;
const MAX_STARTS = 16;
const MAX_SEGMENTS = 64;

export interface FoundFrame {
  /** The place of its SOI. */
  start: number;
  sizeKey: number;
  /** The place of its frame header. */
  headerAt: number;
}

/** The width and height of a frame header as one number, which is not 0. */
export function sizeKeyAt(bytes: Uint8Array, frameHeaderAt: number): number {
  return twoBytes(bytes, frameHeaderAt + 7) * 0x10000 + twoBytes(bytes, frameHeaderAt + 5) || 1;
}

export class FrameFinder {
  #at = 0;
  /** Places of SOI. */
  #starts: number[] = [];
  #frames: FoundFrame[] = [];

  /** The frames so far between two places: SOI and frame header. */
  found(from: number, to: number): readonly FoundFrame[] {
    return this.#frames.filter(({ start, headerAt }) => start >= from && headerAt < to);
  }

  /** Looks on, for one more frame whose frame header lies before `length`. Returns whether there is one. */
  findNext(bytes: Uint8Array, from: number, length: number): boolean {
    if (this.#at < from) {
      this.#at = from;
      this.#starts = [];
    }
    while (this.#at < length) {
      const ff = bytes.indexOf(0xff, this.#at);
      this.#at = ff < 0 || ff > length ? length : ff;
      if (this.#at + 10 > length) return false;
      if (this.#look(bytes, this.#at++)) return true;
    }
    return false;
  }

  /** Whether a picture that begins at `from` or later has the marker at `to`, as far as its segments lead. */
  leadsTo(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#startsBetween(bytes, from, to).some((start) => leadsTo(bytes, start, to));
  }

  /** Whether a picture begins between two places. */
  hasStart(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#startsBetween(bytes, from, to).length > 0;
  }

  #startsBetween(bytes: Uint8Array, from: number, to: number): number[] {
    const starts = this.#starts.filter((start) => start >= from && start < to);
    for (let at = Math.max(from, this.#at); at + 2 <= to; at++) if (isPictureStart(bytes, at)) starts.push(at);
    return starts;
  }

  /**
   * Whether a frame lies in a segment of another picture, and is its thumbnail. When that segment ends behind `known`, its length is
   * believed.
   */
  isCovered(bytes: Uint8Array, frame: FoundFrame, known: number): boolean {
    return this.#starts.some((start) => start < frame.start && covers(bytes, start, frame.start, known));
  }

  /** The bytes were moved towards the start by `count`. */
  shift(count: number): void {
    this.#at = Math.max(0, this.#at - count);
    this.#starts = this.#starts.map((start) => start - count).filter((start) => start >= 0);
    this.#frames = this.#frames.map((frame) => ({
      ...frame,
      start: frame.start - count,
      headerAt: frame.headerAt - count,
    }));
  }

  /** Whether there is one more frame. */
  #look(bytes: Uint8Array, at: number): boolean {
    const marker = bytes[at + 1] as number;
    if (isPictureStart(bytes, at)) {
      this.#starts.push(at);
      if (this.#starts.length > MAX_STARTS) this.#starts.shift();
    } else if (isFrameHeader(marker) && isPossibleLength(marker, twoBytes(bytes, at + 2))) {
      const start = this.#starts.find((earlier) => leadsTo(bytes, earlier, at));
      if (start === undefined) return false;
      this.#frames = [...this.#frames.slice(1 - MAX_FRAMES), { start, sizeKey: sizeKeyAt(bytes, at), headerAt: at }];
      return true;
    }
    return false;
  }
}

/** Whether one of the segments behind the SOI at `start` ends where the marker at `to` stands. */
function leadsTo(bytes: Uint8Array, start: number, to: number): boolean {
  return segmentAround(bytes, start, to) === to;
}

/** Whether `inside` lies in a segment of the picture at `start`. What lies behind `known` does not show yet whether its length is right. */
function covers(bytes: Uint8Array, start: number, inside: number, known: number): boolean {
  const segment = segmentAround(bytes, start, inside);
  return segment > known || (segment > inside && isMarkerAt(bytes, segment));
}

/** Follows the segments behind the SOI at `start` to the first end that is not before `place`. Returns -1 when there is none. */
function segmentAround(bytes: Uint8Array, start: number, place: number): number {
  let at = start + 2;
  for (let n = 0; n < MAX_SEGMENTS && at < place; n++) {
    while (bytes[at + 1] === 0xff && at < place) at++; // fill bytes
    const marker = bytes[at + 1] as number;
    if (bytes[at] !== 0xff || !hasSegment(marker) || marker === SOS) return -1;
    at += 2 + twoBytes(bytes, at + 2);
  }
  return at < place ? -1 : at;
}
