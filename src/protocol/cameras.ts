// The message Cameras, which lists the cameras of a server. wire.ts has its layout.

import { ProtocolError } from "../core/errors.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { MAX_CAMERA_NAME_BYTES, MAX_CAMERAS, MessageType } from "./wire.ts";

export interface CameraEntry {
  name: string;
  /** True if the camera has ended, so that it sends no more frames. */
  hasEnded: boolean;
  /** The size of the camera's pictures. It is 0 × 0 until it is known. */
  width: number;
  height: number;
  /** The nominal rate, rounded to a thousandth. It is 0 if unknown. */
  framesPerSecond: number;
}

/** The size of the largest entry: two bytes for the length of the name, then the name, then the numbers. */
const ENTRY_BYTES = 2 + MAX_CAMERA_NAME_BYTES + 9;

/** Writes a Cameras message. `cameras` must have at most MAX_CAMERAS entries. */
export function writeCameras(cameras: readonly CameraEntry[]): Uint8Array {
  const writer = new MessageWriter(MessageType.cameras, 16 + ENTRY_BYTES * cameras.length).u8(cameras.length);
  for (const { name, hasEnded, width, height, framesPerSecond } of cameras) {
    writer
      .string(name, MAX_CAMERA_NAME_BYTES)
      .u8(hasEnded ? 1 : 0)
      .u16(width)
      .u16(height)
      .u32(Math.round(framesPerSecond * 1000));
  }
  return writer.finish();
}

export function readCameras(body: Uint8Array): CameraEntry[] {
  const reader = new BodyReader(body, "Cameras");
  const count = reader.u8();
  if (count > MAX_CAMERAS)
    throw new ProtocolError(`Cameras announces ${count} cameras, and the limit is ${MAX_CAMERAS}`);
  return Array.from({ length: count }, () => ({
    name: reader.string(),
    hasEnded: (reader.u8() & 1) !== 0,
    width: reader.u16(),
    height: reader.u16(),
    framesPerSecond: reader.u32() / 1000,
  }));
}
