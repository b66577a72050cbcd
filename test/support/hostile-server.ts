// Hostile servers. They welcome viewers and then send messages that cost them memory or time, as fast as the link takes them.
//
// Usage: bun test/support/hostile-server.ts     prints the port of each kind of server as one JSON object

import type { Socket } from "bun";
import { readFileSync } from "node:fs";
import { writeCameras } from "../../src/protocol/cameras.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { type StreamHeader, writeNotice, writePing, writeStream, writeTiles } from "../../src/protocol/messages.ts";
import { WIRE_VERSION } from "../../src/protocol/wire.ts";
import { listOf } from "./tile-lists.ts";
import { writePicture } from "./whole-pictures.ts";

/** The messages of each kind in its turn. Turns count from 0. */
const KINDS = {
  "a picture of 67 million pixels": (turn: number) => [stream(8192, 8192), picture(turn, 8192, 8192)],
  "sizes that grow": (turn: number) => [stream(1000 + turn, 4000), picture(turn, 1000 + turn, 4000)],
  "streams without end": () => [stream(640, 480)],
  "pings without end": () => [writePing({ sentAt: 1 })],
  "pings without end, and reads nothing": () => [writePing({ sentAt: 1 })],
  "notices without end": (turn: number) => [writeNotice({ trouble: true, text: `trouble ${turn}`, lastedMicros: 0 })],
  "pictures larger than their stream": (turn: number) => [
    ...(turn === 0 ? [stream(640, 480)] : []),
    picture(turn, 8192, 8192),
  ],
  "a million tiny tiles": () => [stream(8192, 4096, tileHeader(8192, 4096))],
  "tiles beyond the picture": (turn: number) => [
    ...(turn === 0 ? [stream(640, 480, tileHeader(640, 480))] : []),
    tiles(turn + 1, [0xff_fffe], 100, true),
  ],
  "tiles that are too long": (turn: number) => [
    ...(turn === 0 ? [stream(640, 480, tileHeader(640, 480))] : []),
    tiles(1, [turn % 4000], 100_000, false),
  ],
  "a frame that never ends": (turn: number) => [
    ...(turn === 0 ? [stream(640, 480, tileHeader(640, 480))] : []),
    tiles(1, [turn % 4000], 1_000, false),
  ],
  "pictures without a pause": (turn: number) => [...(turn === 0 ? [stream(1280, 720)] : []), picture(turn, 1280, 720)],
  "ordinary pictures of 16 million pixels": (turn: number) => [
    ...(turn === 0 ? [stream(4096, 4096)] : []),
    picture(turn, 4096, 4096),
  ],
  "progressive pictures of 16 million pixels": (turn: number) => [
    ...(turn === 0 ? [stream(4096, 4096)] : []),
    writePicture(turn + 1, { capturedAt: 1, encodedAt: 2, sentAt: 3 }, progressiveJpeg(4096, 4096)),
  ],
  "CMYK pictures of 33 million pixels": (turn: number) => [
    ...(turn === 0 ? [stream(5792, 5792)] : []),
    writePicture(turn + 1, { capturedAt: 1, encodedAt: 2, sentAt: 3 }, cmykJpeg(5792, 5792)),
  ],
  "unknown messages of 60 MB": () => [unknownMessage(60_000_000)],
  "64 cameras of full size": (turn: number) => [
    ...(turn === 0 ? [CAMERAS, stream(5792, 5792)] : []),
    picture(turn, 5792, 5792),
  ],
} satisfies Record<string, (turn: number) => Uint8Array[]>;

export type HostileServerKind = keyof typeof KINDS;

const CAMERAS = new Uint8Array(
  writeCameras(
    Array.from({ length: 64 }, (_, index) => ({
      name: `camera ${index}`,
      hasEnded: false,
      width: 5792,
      height: 5792,
      framesPerSecond: 30,
    })),
  ),
);

function stream(width: number, height: number, jpegHeader = new Uint8Array()): Uint8Array {
  const header: StreamHeader = {
    width,
    height,
    framesPerSecond: 30,
    codec: "simd",
    quality: 75,
    sourceWidth: width,
    sourceHeight: height,
    jpegHeader,
  };
  return new Uint8Array(writeStream(header));
}

/** A part of a frame. Each tile has the same bytes. */
function tiles(frameNumber: number, numbers: number[], bytesEach: number, isLast: boolean): Uint8Array {
  const list = listOf(numbers.map((number) => ({ number, bytes: new Uint8Array(bytesEach) })));
  return writeTiles({ frameNumber, capturedAt: 1, encodedAt: 2, sentAt: 3, isLast, tiles: list });
}

/** A message of a type that no viewer knows. */
function unknownMessage(bytes: number): Uint8Array {
  const message = Buffer.alloc(5 + bytes);
  message.writeUInt32LE(1 + bytes, 0);
  message[4] = 200;
  return message;
}

function picture(turn: number, width: number, height: number): Uint8Array {
  return writePicture(turn + 1, { capturedAt: 1, encodedAt: 2, sentAt: 3 }, greyJpeg(width, height));
}

/** The beginning of a grey JPEG (T.81) of any size, with the marker of its frame: SOF0 or SOF2. */
function jpegStart(frameMarker: number, width: number, height: number): number[] {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const oneCode = [1, ...new Array(15).fill(0), 0]; // the code 0 has one bit and means 0: no DC difference, or end of block
  return [
    ...[0xff, 0xd8],
    ...[0xff, 0xdb, 0, 67, 0, ...new Array(64).fill(1)],
    ...[0xff, frameMarker, 0, 11, 8, ...size, 1, 1, 0x11, 0],
    ...[0xff, 0xc4, 0, 20, 0x00, ...oneCode],
    ...[0xff, 0xc4, 0, 20, 0x10, ...oneCode],
  ];
}

/** SOS of a scan of the coefficients `from` to `to`. */
function scanStart(from: number, to: number): number[] {
  return [0xff, 0xda, 0, 8, 1, 1, 0x00, from, to, 0];
}

/** A grey JPEG of any size in about 200 bytes. Its scan ends early, and decoders show the missing part as grey, too. */
function greyJpeg(width: number, height: number): Uint8Array {
  return Uint8Array.from([
    ...jpegStart(0xc0, width, height),
    ...scanStart(0, 63),
    ...new Array(16).fill(0),
    ...[0xff, 0xd9],
  ]);
}

/** A progressive JPEG with 63 scans, each of which goes over the whole picture. */
function progressiveJpeg(width: number, height: number): Uint8Array {
  const scans = Array.from({ length: 63 }, (_, index) => [
    ...scanStart(index + 1, index + 1),
    ...new Array(16).fill(0),
  ]);
  return Uint8Array.from([
    ...jpegStart(0xc2, width, height),
    ...scanStart(0, 0),
    ...new Array(16).fill(0),
    ...scans.flat(),
    ...[0xff, 0xd9],
  ]);
}

/** A small picture in CMYK whose header says another size. */
function cmykJpeg(width: number, height: number): Uint8Array {
  const jpeg = new Uint8Array(readFileSync(new URL("../fixtures/jpeg-kinds/cmyk.jpg", import.meta.url)));
  const sof = jpeg.findIndex((byte, at) => byte === 0xff && jpeg[at + 1] === 0xc0);
  jpeg.set([height >> 8, height & 255, width >> 8, width & 255], sof + 5);
  return jpeg;
}

/** The header of a stream whose tiles are one MCU of 8 × 8 pixels each (DRI). */
function tileHeader(width: number, height: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...jpegStart(0xc0, width, height), ...[0xff, 0xdd, 0, 4, 0, 1], ...scanStart(0, 63)]);
}

function serve(kind: HostileServerKind): number {
  const messages: (turn: number) => Uint8Array[] = KINDS[kind];
  const send = (socket: Socket<{ turn: number; rest: Uint8Array }>) => {
    const { data } = socket;
    for (;;) {
      if (data.rest.length === 0) data.rest = Buffer.concat(messages(data.turn++));
      const taken = socket.write(data.rest);
      if (taken < 0) return;
      data.rest = data.rest.subarray(taken);
      if (data.rest.length > 0) return;
      if (data.turn % 1_000 === 0) {
        setImmediate(send, socket); // gives the process a turn to notice a closed connection
        return;
      }
    }
  };
  return Bun.listen<{ turn: number; rest: Uint8Array }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = {
          turn: 0,
          rest: new Uint8Array(writeWelcome({ version: WIRE_VERSION, software: "hostile", sourceName: "hostile" })),
        };
        if (kind.endsWith("reads nothing")) socket.pause();
        send(socket);
      },
      data: () => undefined,
      drain: send,
    },
  }).port;
}

if (import.meta.main) {
  const kinds = Object.keys(KINDS) as HostileServerKind[];
  console.log(JSON.stringify(Object.fromEntries(kinds.map((kind) => [kind, serve(kind)]))));
}
