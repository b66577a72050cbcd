// A hostile server. It welcomes viewers and then sends messages that cost them memory or time, as fast as the link takes them.
//
// Usage: bun test/support/hostile-server.ts KIND     prints its port

import type { Socket } from "bun";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { type StreamHeader, writeNotice, writePing, writeStream } from "../../src/protocol/messages.ts";
import { WIRE_VERSION } from "../../src/protocol/wire.ts";
import { writePicture } from "./whole-pictures.ts";

/** The messages of each kind in its turn. Turns count from 0. */
const KINDS = {
  "a picture of 67 million pixels": (turn: number) => [stream(8192, 8192), picture(turn, 8192, 8192)],
  "sizes that grow": (turn: number) => [stream(1000 + turn, 4000), picture(turn, 1000 + turn, 4000)],
  "streams without end": () => [stream(640, 480)],
  "pings without end": () => [writePing({ sentAt: 1 })],
  "notices without end": (turn: number) => [writeNotice({ trouble: true, text: `trouble ${turn}`, lastedMicros: 0 })],
  "pictures larger than their stream": (turn: number) => [
    ...(turn === 0 ? [stream(640, 480)] : []),
    picture(turn, 8192, 8192),
  ],
} satisfies Record<string, (turn: number) => Uint8Array[]>;

export type HostileServerKind = keyof typeof KINDS;

function stream(width: number, height: number): Uint8Array {
  const header: StreamHeader = {
    width,
    height,
    framesPerSecond: 30,
    codec: "simd",
    quality: 75,
    sourceWidth: width,
    sourceHeight: height,
    jpegHeader: new Uint8Array(),
  };
  return new Uint8Array(writeStream(header));
}

function picture(turn: number, width: number, height: number): Uint8Array {
  return writePicture(turn + 1, { capturedAt: 1, encodedAt: 2, sentAt: 3 }, greyJpeg(width, height));
}

/** A grey JPEG (T.81) of any size in about 200 bytes. Its scan ends early, and decoders show the missing part as grey, too. */
function greyJpeg(width: number, height: number): Uint8Array {
  const size = [height >> 8, height & 255, width >> 8, width & 255];
  const oneCode = [1, ...new Array(15).fill(0), 0]; // the code 0 has one bit and means 0: no DC difference, or end of block
  return Uint8Array.from([
    ...[0xff, 0xd8],
    ...[0xff, 0xdb, 0, 67, 0, ...new Array(64).fill(1)],
    ...[0xff, 0xc0, 0, 11, 8, ...size, 1, 1, 0x11, 0],
    ...[0xff, 0xc4, 0, 20, 0x00, ...oneCode],
    ...[0xff, 0xc4, 0, 20, 0x10, ...oneCode],
    ...[0xff, 0xda, 0, 8, 1, 1, 0x00, 0, 63, 0],
    ...new Array(16).fill(0),
    ...[0xff, 0xd9],
  ]);
}

function serve(messages: (turn: number) => Uint8Array[]): number {
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
        send(socket);
      },
      data: () => undefined,
      drain: send,
    },
  }).port;
}

if (import.meta.main) {
  const kind = process.argv[2] as HostileServerKind;
  console.log(serve(KINDS[kind]));
}
