// Encoded pictures for tests, made of any bytes, and copies of the pictures that are published.

import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { JpegBlock } from "../../src/capture/jpeg-blocks.ts";
import { type EncodedPicture, jpegOf } from "../../src/server/picture.ts";

/** A picture whose memory is never used again. */
export function pictureOf(facts: Omit<EncodedPicture, "block" | "jpegBytes">, jpeg: Uint8Array): EncodedPicture {
  const block = blockWith(jpeg);
  return { ...facts, block, jpegBytes: jpeg.length };
}

export function blockWith(jpeg: Uint8Array): JpegBlock {
  const block = new JpegBlock(new Uint8Array(PICTURE_HEAD_BYTES + jpeg.length), () => undefined);
  block.bytes.set(jpeg);
  return block;
}

export interface PublishedPicture extends EncodedPicture {
  /** A copy of the JPEG, because its block is reused later. */
  jpeg: Uint8Array;
}

export function keep(picture: EncodedPicture): PublishedPicture {
  return { ...picture, jpeg: jpegOf(picture).slice() };
}
