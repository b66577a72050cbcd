// Encoded pictures for tests: made of any bytes, and kept as what they were when they were published.

import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { JpegBlock } from "../../src/capture/jpeg-blocks.ts";
import { type EncodedPicture, jpegOf } from "../../src/server/picture.ts";

/** With memory of its own, which nobody takes back. */
export function pictureOf(facts: Omit<EncodedPicture, "slot" | "jpegBytes">, jpeg: Uint8Array): EncodedPicture {
  const slot = slotWith(jpeg);
  return { ...facts, slot, jpegBytes: jpeg.length };
}

export function slotWith(jpeg: Uint8Array): JpegBlock {
  const slot = new JpegBlock(new Uint8Array(PICTURE_HEAD_BYTES + jpeg.length), () => undefined);
  slot.bytes.set(jpeg);
  return slot;
}

export interface PublishedPicture extends EncodedPicture {
  /** A copy: the slot takes another picture later. */
  jpeg: Uint8Array;
}

export function keep(picture: EncodedPicture): PublishedPicture {
  return { ...picture, jpeg: jpegOf(picture).slice() };
}
