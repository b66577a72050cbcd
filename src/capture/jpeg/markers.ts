// The markers of a JPEG and the lengths that their segments can have (ITU-T T.81, table B.1 and clause B.2).

export const SOI = 0xd8;
export const EOI = 0xd9;
export const SOS = 0xda;
const DHT = 0xc4;
const DAC = 0xcc;
const DQT = 0xdb;
const DNL = 0xdc;
const DRI = 0xdd;
const COM = 0xfe;
const TEM = 0x01;

/** TEM and RST0 to RST7 stand alone; so do SOI and EOI, which are not meant here. */
export function isStandalone(marker: number): boolean {
  return marker === TEM || (marker >= 0xd0 && marker <= 0xd7);
}

/**
 * Whether a segment with a length follows the marker, in a picture that can be shown. DHP, EXP, JPG and JPGn are not in the pictures of
 * cameras; nothing is known about what follows FF 02 to FF BF.
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

/** APPn and COM: a thumbnail, for one. */
export function holdsAnything(marker: number): boolean {
  return (marker >= 0xe0 && marker <= 0xef) || marker === COM;
}

/** SOF0 to SOF15: C0 to CF without DHT, JPG (C8) and DAC. */
export function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== DHT && marker !== 0xc8 && marker !== DAC;
}

/** SOF2, SOF6, SOF10, SOF14. */
export function isProgressive(marker: number): boolean {
  return isFrameHeader(marker) && (marker & 3) === 2;
}

/** Whether a segment of that kind can have that length, which includes the two bytes of the length itself. */
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

/** Whether these two bytes can stand where a segment ends: the next marker, or a fill byte in front of it (T.81 B.1.1.2). */
export function isMarkerAt(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff) return false;
  const marker = bytes[at + 1] as number;
  return marker === 0xff || marker === SOI || marker === EOI || hasSegment(marker);
}

/**
 * Whether a picture begins at `at`: SOI, and a segment or a fill byte at once. FF D8 alone occurs by chance. Four bytes must be
 * there.
 */
export function isPictureStart(bytes: Uint8Array, at: number): boolean {
  if (bytes[at] !== 0xff || bytes[at + 1] !== SOI || bytes[at + 2] !== 0xff) return false;
  const marker = bytes[at + 3] as number;
  return marker === 0xff || hasSegment(marker);
}

export function twoBytes(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
}

/**
 * Whether the content of a segment from `at` to `end` proves that its length is right: tables and frame headers consist of parts whose
 * lengths are known (T.81 B.2.2, B.2.4.1, B.2.4.2). False for all other segments.
 */
export function provesItsLength(bytes: Uint8Array, at: number, end: number): boolean {
  const marker = bytes[at + 1] as number;
  if (bytes[end - 1] === 0xff && bytes[end] === SOI) return false; // it is cut, and the next picture begins in it
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

/** One byte for the kind and number, 16 for the counts of codes, and one for each code. */
function huffmanTableBytes(bytes: Uint8Array, at: number): number {
  let length = 17;
  for (let n = 1; n <= 16; n++) length += bytes[at + n] as number;
  return length;
}
