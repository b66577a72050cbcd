// Reads the scan of a JPEG up to the next marker that is not part of it (ITU-T T.81 B.1.1.5).

import { EOI, isPictureStart, isProgressive, SOI } from "./markers.ts";
import type { SeenRestarts } from "./restart-repair.ts";

/**
 * The result of following a scan:
 * - `more`: the scan goes on after the bytes that have come;
 * - `whole`: the scan ends with EOI, and the returned place is after the EOI;
 * - `cut`: the next picture begins at the returned place;
 * - `segment`: a segment may begin at the returned place.
 */
export interface ScanEnd {
  at: number;
  found: "more" | "whole" | "cut" | "segment";
}

/** Follows a scan from `from` through the bytes before `length`, and counts its restart markers in `scans`. */
export function followScan(bytes: Uint8Array, from: number, length: number, scans: Scans): ScanEnd {
  const mayHaveMoreScans = scans.mayHaveMore;
  let at = from;
  while (at + 2 <= length) {
    // The bytes after `length` are from earlier pictures. Searching them too costs less than a subarray for each FF.
    const ff = bytes.indexOf(0xff, at);
    at = ff < 0 || ff > length ? length : ff;
    if (at + 2 > length) break;
    const next = bytes[at + 1] as number;
    // In entropy-coded data FF either has 00 after it or begins a marker. RSTn markers belong to the scan.
    if (next < 0xc0) at += 2;
    else if (next >= 0xd0 && next <= 0xd7) {
      scans.countRestart(next);
      at += 2;
    } else if (next === 0xff) at += 1;
    else if (next === EOI) return { at: at + 2, found: "whole" };
    else if (next === SOI) {
      if (at + 4 > length) break;
      if (isPictureStart(bytes, at)) return { at, found: "cut" };
      at += 2;
    } else if (mayHaveMoreScans) return { at, found: "segment" };
    else at += 2;
  }
  return { at, found: "more" };
}

/**
 * Returns whether a scan header (SOS) is plausible: its number of components matches its length, and it contains no FF, because
 * its parameters are small numbers.
 */
export function isScanHeader(bytes: Uint8Array, at: number, end: number): boolean {
  const ff = bytes.indexOf(0xff, at + 2);
  return end - at - 2 === 6 + 2 * (bytes[at + 4] as number) && (ff < 0 || ff >= end);
}

/** Counts the scans and restart markers of one picture, and keeps the places of the segments that describe them. */
export class Scans {
  #isProgressive = false;
  #components = 0;
  #scannedComponents = 0;
  #count = 0;
  #headerAt = -1;
  #intervalAt = -1;
  #scanAt = -1;
  #restarts = 0;
  #isOrdered = true;

  /** Takes the frame header (SOF) at `at`. */
  beginFrame(bytes: Uint8Array, at: number): void {
    this.#headerAt = at;
    this.#isProgressive = isProgressive(bytes[at + 1] as number);
    this.#components = bytes[at + 9] as number;
  }

  /** Takes the restart interval (DRI) at `at`. */
  setInterval(at: number): void {
    this.#intervalAt = at;
  }

  /** Takes the scan header (SOS) at `at`. */
  beginScan(bytes: Uint8Array, at: number): void {
    this.#count++;
    this.#scanAt = at;
    this.#scannedComponents += bytes[at + 4] as number;
  }

  countRestart(marker: number): void {
    if ((marker & 7) !== (this.#restarts & 7)) this.#isOrdered = false;
    this.#restarts++;
  }

  /** Adapts all places, because the caller has moved the bytes towards the start of the buffer by `count`. */
  shift(count: number): void {
    this.#headerAt -= count;
    if (this.#intervalAt >= 0) this.#intervalAt -= count;
    this.#scanAt -= count;
  }

  /** A progressive picture has several scans. A sequential picture may also have one scan for each component (T.81 B.2.3). */
  get mayHaveMore(): boolean {
    return this.#isProgressive || this.#scannedComponents < this.#components || this.#components === 0;
  }

  /** The restart markers, or null if the picture has several scans. */
  get restarts(): SeenRestarts | null {
    if (this.mayHaveMore || this.#count !== 1) return null;
    const [headerAt, intervalAt, scanAt] = [this.#headerAt, this.#intervalAt, this.#scanAt];
    return { headerAt, intervalAt, scanAt, count: this.#restarts, isOrdered: this.#isOrdered };
  }
}
