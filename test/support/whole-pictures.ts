// A whole Picture message, for tests that act as a server.

import { PICTURE_HEAD_BYTES, type PictureStamps, writePictureHead } from "../../src/protocol/messages.ts";

export function writePicture(frameNumber: number, stamps: PictureStamps, jpeg: Uint8Array): Uint8Array {
  const message = new Uint8Array(PICTURE_HEAD_BYTES + jpeg.length);
  message.set(jpeg, PICTURE_HEAD_BYTES);
  writePictureHead(message, frameNumber, stamps);
  return message;
}
