// Finds pictures inside a segment of a JPEG whose declared length may be wrong. In this folder, a "place" is an index into the
// bytes of the stream.
//
// A picture begins with SOI, and its segments lead to a frame header (SOF). The finder reads each byte once, so that bytes that
// look like many nested pictures take no more time than others.

import {
  hasSegment,
  isEoiBefore,
  isFrameHeader,
  isMarkerAt,
  isPictureStart,
  isPossibleLength,
  SOS,
  twoBytes,
} from "./markers.ts";

/** Limits: how many frames and how many starts the finder remembers, and how many segments it follows from a start. */
const MAX_FRAMES = 16;
const MAX_STARTS = 32;
const MAX_SEGMENTS = 64;

export interface FoundFrame {
  /** The place of the frame's SOI. */
  start: number;
  sizeKey: number;
  /** The place of the frame's frame header (SOF). */
  headerAt: number;
}

/** Whether a picture lies in a segment of another picture. */
type Cover = "sure" | "perhaps" | "none";

/** Returns the width and height of a frame header as one number, which is never 0. */
export function sizeKeyAt(bytes: Uint8Array, frameHeaderAt: number): number {
  return twoBytes(bytes, frameHeaderAt + 7) * 0x10000 + twoBytes(bytes, frameHeaderAt + 5) || 1;
}

export class FrameFinder {
  #at = 0;
  /** The places where an SOI was found. */
  #starts: number[] = [];
  #frames: FoundFrame[] = [];

  /** Returns the frames found so far whose SOI is at `from` or later, and whose frame header is before `to`. */
  found(from: number, to: number): readonly FoundFrame[] {
    return this.#frames.filter(({ start, headerAt }) => start >= from && headerAt < to);
  }

  /** Searches on until it finds one more frame whose frame header lies before `length`. Returns whether it has found one. */
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

  /**
   * Returns whether the marker at `to` belongs to a picture that begins at `from` or later: whether the segments of the picture
   * lead to it.
   */
  leadsTo(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#startsBetween(bytes, from, to).some((start) => leadsTo(bytes, start, to));
  }

  /** Returns whether a picture begins between two places. */
  hasStart(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#startsBetween(bytes, from, to).length > 0;
  }

  /** Returns whether a picture begins between two places and directly follows an EOI, as a frame does after another frame. */
  hasNextFrame(bytes: Uint8Array, from: number, to: number): boolean {
    return this.#startsBetween(bytes, from, to).some((start) => isEoiBefore(bytes, start));
  }

  #startsBetween(bytes: Uint8Array, from: number, to: number): number[] {
    const starts = this.#starts.filter((start) => start >= from && start < to);
    for (let at = Math.max(from, this.#at); at + 2 <= to; at++) if (isPictureStart(bytes, at)) starts.push(at);
    return starts;
  }

  /**
   * Returns whether a frame lies in a segment of another picture, so that it is the thumbnail of that picture. `sure` means that
   * the segments of the other picture lead to its frame header. `perhaps` means that its segment ends after `known`, or that its
   * frame header was not found.
   */
  cover(bytes: Uint8Array, { start: inside }: FoundFrame, known: number): Cover {
    const around = this.#starts.filter((start) => start < inside && mayCover(bytes, start, inside, known));
    if (around.length === 0) return "none";
    const headers = this.#frames
      .filter(({ headerAt }) => headerAt > inside && headerAt <= known)
      .map(({ headerAt }) => headerAt);
    return around.some((start) => headers.some((at) => leadsOver(bytes, start, inside, at))) ? "sure" : "perhaps";
  }

  /**
   * Forgets the starts before `end`, where a picture has ended. Their bytes may soon be gone, and the result must not depend on
   * when.
   */
  forgetBefore(end: number): void {
    this.#starts = this.#starts.filter((start) => start >= end);
  }

  /** Adapts all places, because the caller has moved the bytes towards the start of the buffer by `count`. */
  shift(count: number): void {
    this.#at = Math.max(0, this.#at - count);
    this.#starts = this.#starts.map((start) => start - count).filter((start) => start >= 0);
    this.#frames = this.#frames.map((frame) => ({
      ...frame,
      start: frame.start - count,
      headerAt: frame.headerAt - count,
    }));
  }

  /** Looks at one byte. Returns whether it completes a frame. */
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

/** Returns whether one of the segments after the SOI at `start` ends exactly at `to`. */
function leadsTo(bytes: Uint8Array, start: number, to: number): boolean {
  return segmentAround(bytes, start, to) === to;
}

/** Returns whether `inside` may lie in a segment of the picture at `start`. A segment that ends after `known` cannot be checked. */
function mayCover(bytes: Uint8Array, start: number, inside: number, known: number): boolean {
  const end = segmentAround(bytes, start, inside);
  return end > known || (end > inside && isMarkerAt(bytes, end));
}

/** Returns whether the segments after the SOI at `start` lead to `to`, and one of them goes over `inside`. */
function leadsOver(bytes: Uint8Array, start: number, inside: number, to: number): boolean {
  return segmentAround(bytes, start, inside) !== inside && leadsTo(bytes, start, to);
}

/**
 * Follows the segments after the SOI at `start`. Returns the first end of a segment at or after `place`, or -1 when the segments
 * do not lead there.
 */
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
