// JPEGs with marks in their headers: Exif orientation, shape of pixels, comments.

/** The JPEG with a segment after its SOI. */
export function withSegment(jpeg: Uint8Array, marker: number, body: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = body.length + 2;
  return new Uint8Array([
    ...jpeg.subarray(0, 2),
    0xff,
    marker,
    length >> 8,
    length & 255,
    ...body,
    ...jpeg.subarray(2),
  ]);
}

export interface ExifOptions {
  isLittle?: boolean;
  /** The number of entries before the orientation. */
  entriesBefore?: number;
  /** The number of bytes between the TIFF header and the directory. */
  gapBytes?: number;
  /** The type of the entry: 1 = BYTE, 3 = SHORT, 4 = LONG. */
  type?: 1 | 3 | 4;
}

/** The body of an APP1 segment that has only the orientation. */
export function exifBody(
  orientation: number,
  { isLittle = false, entriesBefore = 0, gapBytes = 0, type = 3 }: ExifOptions = {},
): Uint8Array<ArrayBuffer> {
  const directory = 8 + gapBytes;
  const body = new Uint8Array(6 + directory + 2 + 12 * (entriesBefore + 1) + 4);
  body.set(new TextEncoder().encode("Exif"));
  const tiff = new DataView(body.buffer, 6);
  tiff.setUint16(0, isLittle ? 0x4949 : 0x4d4d);
  tiff.setUint16(2, 42, isLittle);
  tiff.setUint32(4, directory, isLittle);
  tiff.setUint16(directory, entriesBefore + 1, isLittle);
  for (let entry = 0; entry <= entriesBefore; entry++) {
    const at = directory + 2 + 12 * entry;
    const isLast = entry === entriesBefore;
    tiff.setUint16(at, isLast ? 0x0112 : 0x0100 + entry, isLittle);
    tiff.setUint16(at + 2, isLast ? type : 3, isLittle);
    tiff.setUint32(at + 4, 1, isLittle);
    if (isLast && type === 4) tiff.setUint32(at + 8, orientation, isLittle);
    else if (isLast && type === 1) tiff.setUint8(at + 8, orientation);
    else tiff.setUint16(at + 8, isLast ? orientation : 9, isLittle);
  }
  return body;
}

export function withOrientation(jpeg: Uint8Array, orientation: number, options?: ExifOptions): Uint8Array<ArrayBuffer> {
  return withSegment(jpeg, 0xe1, exifBody(orientation, options));
}

/** Writes densities into a JPEG from cjpeg, whose first segment is JFIF. */
export function withDensity(jpeg: Uint8Array, unit: number, x: number, y: number): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(jpeg);
  changed.set([unit, x >> 8, x & 255, y >> 8, y & 255], 13);
  return changed;
}

export function withComment(jpeg: Uint8Array, text: string): Uint8Array<ArrayBuffer> {
  return withSegment(jpeg, 0xfe, new TextEncoder().encode(text));
}

/** The JPEG with another frame header marker and precision, as in kinds that cjpeg does not write. */
export function withFrameKind(jpeg: Uint8Array, marker: number, precisionBits = 8): Uint8Array<ArrayBuffer> {
  const changed = new Uint8Array(jpeg);
  const at = Buffer.from(jpeg).indexOf(Buffer.from([0xff, 0xc0]));
  changed[at + 1] = marker;
  changed[at + 4] = precisionBits;
  return changed;
}
