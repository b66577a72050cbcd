// JPEGs with a number in a comment (COM segment, T.81 B.2.4.5), so that a bench recognises each of them without decoding it.

const SOI_BYTES = 2;
const COMMENT_BYTES = 8;

/** Returns the JPEG with a comment behind its SOI. `number` is below 2^32. */
export function numberedJpeg(jpeg: Uint8Array, number: number): Uint8Array {
  const comment = Buffer.from([0xff, 0xfe, 0, COMMENT_BYTES - 2, 0, 0, 0, 0]);
  comment.writeUInt32BE(number, 4);
  return Buffer.concat([jpeg.subarray(0, SOI_BYTES), comment, jpeg.subarray(SOI_BYTES)]);
}

/** Returns the number of a JPEG of `numberedJpeg`. */
export function numberOf(jpeg: Uint8Array): number {
  return Buffer.from(jpeg.buffer, jpeg.byteOffset + SOI_BYTES, COMMENT_BYTES).readUInt32BE(4);
}
