// Reads the scan of a JPEG up to the next marker that is not part of it (ITU-T T.81 B.1.1.5).

import { EOI, isPictureStart, isProgressive, SOI } from "./markers.ts";

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

/**
 * Follows a scan from `from` through the bytes before `length`. With `mayHaveMoreScans`, segments and further scans may follow.
 */
export function followScan(bytes: Uint8Array, from: number, length: number, mayHaveMoreScans: boolean): ScanEnd {
  let at = from;
  while (at + 2 <= length) {
    // The bytes after `length` are from earlier pictures. Searching them too costs less than a subarray for each FF.
    const ff = bytes.indexOf(0xff, at);
    at = ff < 0 || ff > length ? length : ff;
    if (at + 2 > length) break;
    const next = bytes[at + 1] as number;
    // In entropy-coded data FF either has 00 after it or begins a marker. RSTn markers belong to the scan.
    if (next < 0xc0 || (next >= 0xd0 && next <= 0xd7)) at += 2;
    else if (next === 0xff) at += 1;
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

/** Counts the scans of one picture. */
export class ScanCount {
  #isProgressive = false;
  #components = 0;
  #scannedComponents = 0;

  /** Takes the frame header (SOF) at `at`. */
  beginFrame(bytes: Uint8Array, at: number): void {
    this.#isProgressive = isProgressive(bytes[at + 1] as number);
    this.#components = bytes[at + 9] as number;
  }

  /** Takes the scan header (SOS) at `at`. */
  beginScan(bytes: Uint8Array, at: number): void {
    this.#scannedComponents += bytes[at + 4] as number;
  }

  /** A progressive picture has several scans. A sequential picture may also have one scan for each component (T.81 B.2.3). */
  get mayHaveMore(): boolean {
    return this.#isProgressive || this.#scannedComponents < this.#components || this.#components === 0;
  }
}
