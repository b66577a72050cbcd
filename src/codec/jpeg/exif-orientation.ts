// Reads the orientation of a picture from an Exif segment (CIPA DC-008, section 4.6: a TIFF header, IFD0, tag 0112).

/**
 * The way in which the stored picture must be turned for display: 1 not at all, 2 mirrored, 3 by 180°, 6 by 90° clockwise … (CIPA
 * DC-008, table 6).
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const EXIF = [0x45, 0x78, 0x69, 0x66, 0];
const ORIENTATION_TAG = 0x0112;
const ENTRY_BYTES = 12;
/**
 * The codes of value types (TIFF 6.0, section 2). The Exif standard demands SHORT for the orientation, but some programs write
 * the other types.
 */
const BYTE = 1;
const SHORT = 3;
const LONG = 4;

/**
 * Returns the orientation from the content of an APP1 segment (without marker and length). Returns null if the segment is not
 * Exif, is damaged or has no orientation.
 */
export function exifOrientation(segment: Uint8Array): Orientation | null {
  // The segment begins with "Exif", a zero, and a second byte, which is zero or (from some programs) FF.
  if (segment.length < 14 || !EXIF.every((byte, at) => segment[at] === byte)) return null;
  const tiff = new DataView(segment.buffer, segment.byteOffset + 6, segment.length - 6);
  const order = tiff.getUint16(0);
  if (order !== 0x4949 && order !== 0x4d4d) return null;
  const isLittle = order === 0x4949;
  if (tiff.getUint16(2, isLittle) !== 42) return null;
  const directory = tiff.getUint32(4, isLittle);
  if (directory + 2 > tiff.byteLength) return null;
  const entries = tiff.getUint16(directory, isLittle);
  for (let entry = 0; entry < entries; entry++) {
    const at = directory + 2 + entry * ENTRY_BYTES;
    if (at + ENTRY_BYTES > tiff.byteLength) return null;
    if (tiff.getUint16(at, isLittle) !== ORIENTATION_TAG) continue;
    const value = valueAt(tiff, at + 8, tiff.getUint16(at + 2, isLittle), isLittle);
    return isOrientation(value) ? value : null;
  }
  return null;
}

function valueAt(tiff: DataView, at: number, type: number, isLittle: boolean): number | null {
  if (type === SHORT) return tiff.getUint16(at, isLittle);
  if (type === LONG) return tiff.getUint32(at, isLittle);
  return type === BYTE ? tiff.getUint8(at) : null;
}

function isOrientation(value: number | null): value is Orientation {
  return value !== null && value >= 1 && value <= 8;
}
