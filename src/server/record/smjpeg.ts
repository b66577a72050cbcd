// Writes pictures in the format of ffmpeg's demuxer smjpeg: JPEGs with their times in milliseconds (libavformat/smjpegdec.c).

import type { Size } from "../../core/pixel-format.ts";

/** The tag of Motion JPEG in this format (libavformat/smjpeg.c). */
const CODEC_TAG = "JFIF";

const encoder = new TextEncoder();

/** Returns the bytes before the first picture. */
export function smjpegHead({ width, height }: Size): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(40);
  const view = new DataView(head.buffer);
  encoder.encodeInto("\0\nSMJPEG", head); // then a version and a duration, both 0
  encoder.encodeInto("_VID", head.subarray(16));
  view.setUint32(20, 12); // the bytes of the video header, which begins with a number of pictures: unknown
  view.setUint16(28, width);
  view.setUint16(30, height);
  encoder.encodeInto(`${CODEC_TAG}HEND`, head.subarray(32));
  return head;
}

/** Returns the bytes before a picture of `bytes` bytes that is shown `milliseconds` after the start. */
export function smjpegPictureHead(milliseconds: number, bytes: number): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(12);
  const view = new DataView(head.buffer);
  encoder.encodeInto("vidD", head);
  view.setUint32(4, milliseconds);
  view.setUint32(8, bytes);
  return head;
}

/** Returns the bytes after the last picture. */
export function smjpegEnd(): Uint8Array<ArrayBuffer> {
  return encoder.encode("DONE");
}
