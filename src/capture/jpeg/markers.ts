// The markers of a JPEG and the lengths that their segments can have (ITU-T T.81, table B.1 and clause B.2).

export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
const DHT = 0xc4;
const DAC = 0xcc;
const DQT = 0xdb;
const DNL = 0xdc;
export const DRI = 0xdd;
const COM = 0xfe;
const TEM = 0x01;

/**
 * Returns whether a marker has no segment. These are TEM and RST0 to RST7. SOI and EOI have none either, but the callers handle
 * those themselves.
 */
export function isStandalone(marker: number): boolean {
  return marker === TEM || (marker >= 0xd0 && marker <= 0xd7);
}

/**
 * Returns whether a segment with a length follows the marker. Only markers that pictures of cameras have count: not DHP, EXP, JPG
 * and JPGn, and not the reserved markers FF 02 to FF BF, whose content T.81 leaves open.
 */
export function hasSegment(marker: number): boolean {
  return (
    isFrameHeader(marker) ||
    marker === DHT ||
    marker === DAC ||
    (marker >= SOS && marker <= DRI) ||
    holdsAnything(marker)
  );
}

/** Returns whether the segment of this marker may contain any bytes, for example a thumbnail. That is so for APPn and COM. */
export function holdsAnything(marker: number): boolean {
  return (marker >= 0xe0 && marker <= 0xef) || marker === COM;
}

/** Returns whether the marker is one of SOF0 to SOF15. These are C0 to CF without DHT, JPG (C8) and DAC. */
export function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== DAC;
}

/** Returns whether the marker is SOF2, SOF6, SOF10 or SOF14. */
export function isProgressive(marker: number): boolean {
  return isFrameHeader(marker) && (marker & 3) === 2;
}

/** Returns whether a segment with this marker can have this length. A length includes its own two bytes. */
export function isPossibleLength(marker: number, length: number): boolean {
  if (isFrameHeader(marker)) return length >= 11 && length <= 20 && length % 3 === 2; // one to four components
  switch (marker) {
    case SOS: // one to four components
      return length >= 8 && length <= 14 && length % 2 === 0;
    case DHT: // at most 8 tables of at most 256 values; cameras write empty segments too
      return length >= 2 && length <= 2 + 8 * (17 + 256);
    case DQT: // at most 4 tables of 16-bit factors
      return length >= 2 && length <= 2 + 4 * 129;
    case DAC: // at most 32 conditionings
      return length >= 2 && length <= 2 + 2 * 32;
    case DRI:
    case DNL:
      return length === 4;
    default:
      return length >= 2;
  }
}

/** Returns whether the two bytes at `at` can follow a segment: a marker, or a fill byte before one (T.81 B.1.1.2). */
export function isMarkerAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff) return false;
  const marker = bytes[at + 1] as number;
  return marker === 0xff || marker === SOI || marker === EOI || hasSegment(marker);
}

/**
 * Returns whether a picture begins at `at`, with SOI and directly after it a segment or a fill byte. SOI alone (FF D8) is not
 * enough, because it occurs by chance. The caller must have the four bytes from `at` on.
 */
export function isPictureStart(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff || bytes[at + 1] !== SOI || bytes[at + 2] !== 0xff) return false;
  const marker = bytes[at + 3] as number;
  return marker === 0xff || hasSegment(marker);
}

/** Returns whether an EOI ends at `at`. A frame often begins there, but a thumbnail in a segment never does. */
export function isEoiBefore(bytes: Uint8Array, at: number): boolean {
  return bytes[at - 2] === 0xff && bytes[at - 1] === EOI;
}

export function twoBytes(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/**
 * Returns whether the content of a segment from `at` to `end` proves that its length is right. Tables and frame headers can prove
 * it, because they consist of parts with known lengths (T.81 B.2.2, B.2.4.1, B.2.4.2). For all other segments the result is
 * false.
 */
export function provesItsLength(bytes: Uint8Array, at: number, end: number): boolean {
  const marker = bytes[at + 1] as number;
  if (bytes[end - 1] === 0xff && bytes[end] === SOI) return false; // the segment is cut, and the next picture begins in it
  if (isFrameHeader(marker)) return end - at - 2 === 8 + 3 * (bytes[at + 9] as number);
  if (marker !== DQT && marker !== DHT) return false;
  let next = at + 4;
  while (next < end) {
    const head = bytes[next] as number;
    if (head >> 4 > 1 || (head & 15) > 3) return false;
    next += marker === DQT ? 1 + (64 << (head >> 4)) : huffmanTableBytes(bytes, next);
  }
  return next === end;
}

/**
 * Returns the length of a Huffman table: one byte for its kind and number, 16 for the counts of codes, and one for each code
 * (T.81 B.2.4.2).
 */
function huffmanTableBytes(bytes: Uint8Array, at: number): number {
  let length = 17;
  for (let n = 1; n <= 16; n++) length += bytes[at + n] as number;
  return length;
}
