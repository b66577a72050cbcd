// The messages of an open connection. Each has an interface, a writer and a reader. wire.ts has their layouts.

import type { Micros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { isUsableSize } from "../core/pixel-format.ts";
import { BodyReader, MessageWriter } from "./bytes.ts";
import { type TileList, totalBytes } from "./tile-list.ts";
import { HEADER_BYTES, MAX_STRING_BYTES, MessageType } from "./wire.ts";

/** Describes the frames that follow. */
export interface StreamHeader {
  width: number;
  height: number;
  /** The nominal rate, rounded to a thousandth. It is 0 if the source has no nominal rate. */
  framesPerSecond: number;
  codec: string;
  /** The JPEG quality, 1 to 100. It is 0 if unknown. */
  quality: number;
  /** The size of the source. The sent pictures may be smaller. */
  sourceWidth: number;
  sourceHeight: number;
  /** The JPEG header, from SOI to SOS, if frames come as Tiles. It is empty if frames come as Pictures. */
  jpegHeader: Uint8Array;
}

/** The times when a frame passed each stage on the server, in the server's clock. */
export interface PictureStamps {
  capturedAt: Micros;
  encodedAt: Micros;
  sentAt: Micros;
}

export interface Picture extends PictureStamps {
  frameNumber: number;
  /** The JPEG, as a view of the received bytes. Copy it to keep it beyond the call. */
  jpeg: Uint8Array;
}

export interface Tiles extends PictureStamps {
  frameNumber: number;
  /** True if the frame is complete with this part. */
  isLast: boolean;
  /** The tiles. Received tiles are views of the received bytes: copy them to keep them beyond the call. */
  tiles: TileList;
}

export interface Ack {
  frameNumber: number;
  outcome: "shown" | "dropped";
  /** The time from the frame's first byte to its last. */
  transferMicros: number;
  /** The time for decoding and showing the frame, without waiting. */
  workMicros: number;
  /** The shortest time between frames that the viewer can handle. */
  paceMicros: number;
  /** The time from the end of decoding to the end of showing, with waiting. Older viewers leave it out. */
  showMicros?: number;
}

export interface Ping {
  sentAt: Micros;
}

export interface Pong {
  sentAt: Micros;
  receivedAt: Micros;
  repliedAt: Micros;
}

export interface Wish {
  paused: boolean;
  /** True if all pictures must have the same size, even over a slow link, because the viewer's output cannot change its size. */
  keepsSize: boolean;
  /** The picture size that is enough for the viewer. 0 × 0 means the size of the source. */
  width: number;
  height: number;
}

export interface Notice {
  trouble: boolean;
  text: string;
  /** How long the trouble has lasted, rounded to a millisecond. It may have begun before the viewer connected. */
  lastedMicros: number;
}

export function writeStream(stream: StreamHeader): Uint8Array {
  return new MessageWriter(MessageType.stream, 512 + stream.jpegHeader.length)
    .u16(stream.width)
    .u16(stream.height)
    .u32(Math.round(stream.framesPerSecond * 1000))
    .string(stream.codec)
    .u8(stream.quality)
    .u16(stream.sourceWidth)
    .u16(stream.sourceHeight)
    .u16(stream.jpegHeader.length)
    .bytes(stream.jpegHeader)
    .finish();
}

/** Reads a Stream message. The JPEG header in the result is a copy. */
export function readStream(body: Uint8Array): StreamHeader {
  const reader = new BodyReader(body, "Stream");
  const width = reader.u16();
  const height = reader.u16();
  if (!isUsableSize(width, height)) throw new ProtocolError(`Stream announces pictures of ${width}x${height}`);
  return {
    width,
    height,
    framesPerSecond: reader.u32() / 1000,
    codec: reader.string(),
    quality: reader.u8(),
    sourceWidth: reader.u16(),
    sourceHeight: reader.u16(),
    jpegHeader: reader.bytes(reader.u16()).slice(),
  };
}

/** The number of bytes of a Picture message before the JPEG. */
export const PICTURE_HEAD_BYTES = HEADER_BYTES + 4 + 3 * 8;

/**
 * Writes the first PICTURE_HEAD_BYTES bytes of `message`, which already contains the JPEG. Each viewer gets a head with its own
 * times.
 */
export function writePictureHead(message: Uint8Array, frameNumber: number, stamps: PictureStamps): void {
  new MessageWriter(MessageType.picture, PICTURE_HEAD_BYTES, message)
    .u32(frameNumber)
    .u64(stamps.capturedAt)
    .u64(stamps.encodedAt)
    .u64(stamps.sentAt)
    .finish(message.length - PICTURE_HEAD_BYTES);
}

export function readPicture(body: Uint8Array): Picture {
  const reader = new BodyReader(body, "Picture");
  return {
    frameNumber: reader.u32(),
    capturedAt: reader.u64(),
    encodedAt: reader.u64(),
    sentAt: reader.u64(),
    jpeg: reader.rest(),
  };
}

/** The largest tile number in a Tiles message. A picture of 8192 × 8192 has fewer tiles. */
const MAX_TILE_NUMBER = 0xff_ffff;

/**
 * Returns the whole message with a copy of the tiles' bytes. `acquire` returns the memory for it, with at least the requested
 * number of bytes.
 */
export function writeTiles(
  { frameNumber, capturedAt, encodedAt, sentAt, isLast, tiles }: Tiles,
  acquire: (bytes: number) => Uint8Array<ArrayBuffer> = (bytes) => new Uint8Array(bytes),
): Uint8Array {
  const { numbers, lengths, chunks } = tiles;
  const list = new Uint32Array(1 + 2 * numbers.length);
  list[0] = numbers.length;
  let next = 0;
  for (let index = 0; index < numbers.length; index++) {
    const number = numbers[index] as number;
    list[1 + 2 * index] = number - next;
    list[2 + 2 * index] = lengths[index] as number;
    next = number + 1;
  }
  const capacity = 64 + 5 * list.length + totalBytes(tiles);
  const writer = new MessageWriter(MessageType.tiles, capacity, acquire(capacity))
    .u32(frameNumber)
    .u64(capturedAt)
    .u64(encodedAt)
    .u64(sentAt)
    .u8(isLast ? 1 : 0)
    .varints(list);
  for (const chunk of chunks) writer.bytes(chunk);
  return writer.finish();
}

export function readTiles(body: Uint8Array): Tiles {
  const reader = new BodyReader(body, "Tiles");
  const frameNumber = reader.u32();
  const capturedAt = reader.u64();
  const encodedAt = reader.u64();
  const sentAt = reader.u64();
  const isLast = (reader.u8() & 1) !== 0;
  const [count = 0] = reader.varints(1);
  if (count > body.length) throw new ProtocolError(`Tiles announces ${count} tiles in ${body.length} bytes`);
  const list = reader.varints(2 * count);
  const numbers = new Uint32Array(count);
  const lengths = new Uint32Array(count);
  let next = 0;
  let bytes = 0;
  for (let index = 0; index < count; index++) {
    const number = next + (list[2 * index] as number);
    if (number > MAX_TILE_NUMBER)
      throw new ProtocolError(`Tiles contains the tile number ${number}, which is too large`);
    const length = list[2 * index + 1] as number;
    numbers[index] = number;
    lengths[index] = length;
    next = number + 1;
    bytes += length;
  }
  const chunks = count === 0 ? [] : [reader.bytes(bytes)];
  return { frameNumber, capturedAt, encodedAt, sentAt, isLast, tiles: { numbers, lengths, chunks } };
}

export function writeAck(ack: Ack): Uint8Array {
  const writer = new MessageWriter(MessageType.ack, 32)
    .u32(ack.frameNumber)
    .u8(ack.outcome === "shown" ? 0 : 1)
    .u32(clampU32(ack.transferMicros))
    .u32(clampU32(ack.workMicros))
    .u32(clampU32(ack.paceMicros));
  if (ack.showMicros !== undefined) writer.u32(clampU32(ack.showMicros));
  return writer.finish();
}

export function readAck(body: Uint8Array): Ack {
  const reader = new BodyReader(body, "Ack");
  const ack: Ack = {
    frameNumber: reader.u32(),
    outcome: reader.u8() === 0 ? "shown" : "dropped",
    transferMicros: reader.u32(),
    workMicros: reader.u32(),
    paceMicros: reader.u32(),
  };
  if (!reader.isAtEnd) ack.showMicros = reader.u32();
  return ack;
}

export function writePing(ping: Ping): Uint8Array {
  return new MessageWriter(MessageType.ping, 16).u64(ping.sentAt).finish();
}

export function readPing(body: Uint8Array): Ping {
  return { sentAt: new BodyReader(body, "Ping").u64() };
}

export function writePong(pong: Pong): Uint8Array {
  return new MessageWriter(MessageType.pong, 32).u64(pong.sentAt).u64(pong.receivedAt).u64(pong.repliedAt).finish();
}

export function readPong(body: Uint8Array): Pong {
  const reader = new BodyReader(body, "Pong");
  return { sentAt: reader.u64(), receivedAt: reader.u64(), repliedAt: reader.u64() };
}

export function writeWish(wish: Wish): Uint8Array {
  return new MessageWriter(MessageType.wish, 16)
    .u8((wish.paused ? 1 : 0) | (wish.keepsSize ? 2 : 0))
    .u16(wish.width)
    .u16(wish.height)
    .finish();
}

export function readWish(body: Uint8Array): Wish {
  const reader = new BodyReader(body, "Wish");
  const flags = reader.u8();
  return { paused: (flags & 1) !== 0, keepsSize: (flags & 2) !== 0, width: reader.u16(), height: reader.u16() };
}

export function writeNotice(notice: Notice): Uint8Array {
  return new MessageWriter(MessageType.notice)
    .u8(notice.trouble ? 1 : 0)
    .string(notice.text, MAX_STRING_BYTES)
    .u32(clampU32(notice.lastedMicros / 1000))
    .finish();
}

export function readNotice(body: Uint8Array): Notice {
  const reader = new BodyReader(body, "Notice");
  const trouble = reader.u8() !== 0;
  const text = reader.string();
  return { trouble, text, lastedMicros: reader.isAtEnd ? 0 : 1000 * reader.u32() }; // older servers leave out the duration
}

function clampU32(value: number): number {
  return Math.min(0xffff_ffff, Math.max(0, Math.round(value)));
}
