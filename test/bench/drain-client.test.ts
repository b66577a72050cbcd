// The viewers of `bench fan-out`, connected to a server of this test.

import { expect, test } from "bun:test";
import { startDrainClients } from "../../bench/processes.ts";
import { readHello, writeWelcome } from "../../src/protocol/greeting.ts";
import { type Ack, readAck, readPong, writePing, writeTiles } from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { NO_TILES } from "../../src/protocol/tile-list.ts";
import { listOf } from "../support/tile-lists.ts";
import { writePicture } from "../support/whole-pictures.ts";

const STAMPS = { capturedAt: 1, encodedAt: 2, sentAt: 3 };
const JPEG = new Uint8Array(100_000).fill(7);
const TILE = { number: 3, bytes: new Uint8Array(40_000).fill(9) };
const PING_SENT_AT = 123_456;

/** A picture, a frame of tiles in two parts, a frame without changes, and a frame that lacks its last part. */
const STREAM = [
  writePicture(1, STAMPS, JPEG),
  writeTiles({ ...STAMPS, frameNumber: 5, isLast: false, tiles: listOf([TILE]) }),
  writeTiles({ ...STAMPS, frameNumber: 5, isLast: true, tiles: listOf([{ ...TILE, number: 8 }]) }),
  writeTiles({ ...STAMPS, frameNumber: 6, isLast: true, tiles: NO_TILES }),
  writeTiles({ ...STAMPS, frameNumber: 7, isLast: false, tiles: listOf([TILE]) }),
  writePing({ sentAt: PING_SENT_AT }),
];

test("drain client: its viewers acknowledge complete frames, answer pings and count", async () => {
  const versions: number[] = [];
  const acks: Ack[][] = [];
  const ponged: Promise<void>[] = [];
  const listener = Bun.listen<{ splitter: MessageSplitter }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const own: Ack[] = [];
        const pong = Promise.withResolvers<void>();
        acks.push(own);
        ponged.push(pong.promise);
        const splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body) => {
          if (type === MessageType.hello) {
            versions.push(readHello(body).version);
            socket.write(writeWelcome({ version: WIRE_VERSION, software: "test", sourceName: "test" }));
            socket.write(Buffer.concat(STREAM));
          }
          if (type === MessageType.ack) own.push(readAck(body));
          if (type === MessageType.pong && readPong(body).sentAt === PING_SENT_AT) pong.resolve();
        });
        socket.data = { splitter };
      },
      data: (socket, chunk) => socket.data.splitter.feed(chunk),
    },
  });
  try {
    const clients = await startDrainClients(listener.port, 3);
    await Promise.all(ponged);
    const { frames, bytes } = await clients.report();
    await clients.close();
    expect(versions).toEqual([WIRE_VERSION, WIRE_VERSION, WIRE_VERSION]);
    for (const own of acks) {
      expect(own.map(({ frameNumber, outcome }) => ({ frameNumber, outcome }))).toEqual(
        [1, 5, 6].map((frameNumber) => ({ frameNumber, outcome: "shown" })),
      );
    }
    expect(frames).toEqual([3, 3, 3]);
    expect(bytes).toBeGreaterThan(3 * STREAM.reduce((sum, { length }) => sum + length, 0));
  } finally {
    listener.stop(true);
  }
});
