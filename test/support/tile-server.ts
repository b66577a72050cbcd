// A small server for viewers on real sockets, with a shifted clock, which sends any messages of a test.

import type { Socket, TCPSocketListener } from "bun";
import { nowMicros } from "../../src/core/clock.ts";
import { writeGoodbye, writeWelcome } from "../../src/protocol/greeting.ts";
import {
  type Ack,
  readAck,
  readPing,
  readWish,
  type StreamHeader,
  type Wish,
  writePing,
  writePong,
  writeStream,
  writeTiles,
} from "../../src/protocol/messages.ts";
import { Outbox } from "../../src/protocol/outbox.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { GoodbyeReason, MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { until } from "./wait-until.ts";
import { listOf, type NumberedTile } from "./tile-lists.ts";
import { writePicture } from "./whole-pictures.ts";

interface Peer {
  splitter: MessageSplitter;
  outbox: Outbox;
}

export class TileServer implements Disposable {
  readonly acks: Ack[] = [];
  readonly wishes: Wish[] = [];
  readonly #shiftMicros: number;
  readonly #listener: TCPSocketListener<Peer>;
  #viewer: Socket<Peer> | null = null;
  #pongs = 0;
  #viewerPongs = 0;

  /** `shiftMicros` is how far the server's clock is ahead of the viewer's. A Peer would answer pings with the real clock. */
  constructor(shiftMicros = 0) {
    this.#shiftMicros = shiftMicros;
    this.#listener = Bun.listen<Peer>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          const splitter = new MessageSplitter(4096, (type, body) => this.#hear(type, body));
          socket.data = { splitter, outbox: new Outbox({ write: (bytes) => socket.write(bytes), bufferedBytes: 0 }) };
          this.#viewer = socket;
        },
        data: (socket, chunk) => socket.data.splitter.feed(chunk),
        drain: (socket) => socket.data.outbox.drain(),
        close: () => undefined,
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The time on the server's clock. */
  now(): number {
    return nowMicros() + this.#shiftMicros;
  }

  /** Waits until the viewer knows the offset of the clocks, from so many of its pings. */
  async greeted(pings = 1): Promise<void> {
    await until(() => this.#pongs >= pings, `a viewer and ${pings} of its pings`);
  }

  sendStream(stream: StreamHeader): void {
    this.send(writeStream(stream));
  }

  /** Sends one part of a frame that is `ageMicros` old. */
  sendTiles(frameNumber: number, tiles: NumberedTile[], isLast = true, ageMicros = 0): void {
    const now = this.now();
    this.send(
      writeTiles({
        frameNumber,
        capturedAt: now - ageMicros,
        encodedAt: now - ageMicros / 2,
        sentAt: now,
        isLast,
        tiles: listOf(tiles),
      }),
    );
  }

  sendPicture(frameNumber: number, jpeg: Uint8Array): void {
    const now = this.now();
    this.send(writePicture(frameNumber, { capturedAt: now, encodedAt: now, sentAt: now }, jpeg));
  }

  send(bytes: Uint8Array): void {
    this.#viewer?.data.outbox.send(bytes);
  }

  /** Waits until the viewer has read all messages so far. It sends a Ping and waits for the Pong. */
  async heard(): Promise<void> {
    const before = this.#viewerPongs;
    this.send(writePing({ sentAt: this.now() }));
    await until(() => this.#viewerPongs > before, "the viewer's Pong");
  }

  /** Waits until the viewer has sent that number of Acks in all. */
  async acked(count: number): Promise<void> {
    await until(() => this.acks.length >= count, `Ack ${count}; there are ${JSON.stringify(this.acks)}`);
  }

  sayGoodbye(): void {
    this.send(writeGoodbye({ reason: GoodbyeReason.end, text: "that was all" }));
  }

  [Symbol.dispose](): void {
    this.#listener.stop(true);
  }

  #hear(type: number, body: Uint8Array): void {
    if (type === MessageType.hello) {
      this.send(writeWelcome({ version: WIRE_VERSION, software: "test", sourceName: "test" }));
    } else if (type === MessageType.ack) {
      this.acks.push(readAck(body));
    } else if (type === MessageType.wish) {
      this.wishes.push(readWish(body));
    } else if (type === MessageType.pong) {
      this.#viewerPongs++;
    } else if (type === MessageType.ping) {
      const { sentAt } = readPing(body);
      this.send(writePong({ sentAt, receivedAt: this.now(), repliedAt: this.now() }));
      this.#pongs++;
    }
  }
}
