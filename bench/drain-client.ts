// Many viewers in one process that only take what comes: they acknowledge each frame at once and look at nothing.
//
// usage: bun bench/drain-client.ts PORT COUNT     prints a DrainReport when all have greeted, and one per line of its input

import { nowMicros } from "../src/core/clock.ts";
import { SOFTWARE } from "../src/core/version.ts";
import { BodyReader } from "../src/protocol/bytes.ts";
import { readGoodbye, writeHello } from "../src/protocol/greeting.ts";
import { readPing, writeAck, writePing, writePong } from "../src/protocol/messages.ts";
import { Outbox } from "../src/protocol/outbox.ts";
import { GONE } from "../src/protocol/transport.ts";
import { MessageSplitter } from "../src/protocol/splitter.ts";
import { MAX_SERVER_MESSAGE_BYTES, MessageType, PING_INTERVAL_MS, WIRE_VERSION } from "../src/protocol/wire.ts";

export interface DrainReport {
  /** In microseconds since the Unix epoch. */
  at: number;
  /** Whole frames so far, one number per viewer. */
  frames: number[];
  /** Received so far, by all. */
  bytes: number;
}

/** What decoding and showing such a picture takes on a usual machine. */
const WORK_MICROS = 4_000;

/** How many connect at once: the listener's backlog is not endless. */
const CONNECTING_AT_ONCE = 32;

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
let bytes = 0;

class DrainClient {
  frames = 0;
  readonly #greeted = Promise.withResolvers<void>();
  readonly #splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body, startedAt) =>
    this.#hear(type, body, startedAt),
  );
  #outbox = new Outbox({ write: () => GONE, bufferedBytes: 0 });

  async connect(): Promise<void> {
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_, chunk) => {
          bytes += chunk.length;
          this.#splitter.feed(chunk);
        },
        drain: () => this.#outbox.drain(),
        close: () => fail("the server hung up"),
        error: (_, error) => fail(String(error)),
      },
    });
    socket.setNoDelay(true);
    this.#outbox = new Outbox({ write: (each) => socket.write(each), bufferedBytes: 0 });
    this.#outbox.send(writeHello({ version: WIRE_VERSION, software: SOFTWARE, camera: "", paused: false }));
    return this.#greeted.promise;
  }

  ping(): void {
    this.#outbox.send(writePing({ sentAt: nowMicros() }));
  }

  #hear(type: number, body: Uint8Array, startedAt: number): void {
    const now = nowMicros();
    switch (type) {
      case MessageType.welcome:
        this.ping();
        this.#greeted.resolve();
        break;
      case MessageType.ping:
        this.#outbox.send(writePong({ ...readPing(body), receivedAt: now, repliedAt: now }));
        break;
      case MessageType.picture:
        this.#acknowledge(new BodyReader(body, "Picture").u32(), now - startedAt);
        break;
      case MessageType.tiles: {
        const { frameNumber, isLast } = readTilesHead(body);
        if (isLast) this.#acknowledge(frameNumber, now - startedAt);
        break;
      }
      case MessageType.goodbye:
        fail(`the server says goodbye: ${readGoodbye(body).text}`);
    }
  }

  #acknowledge(frameNumber: number, transferMicros: number): void {
    this.frames++;
    const times = { transferMicros, workMicros: WORK_MICROS, paceMicros: WORK_MICROS };
    this.#outbox.send(writeAck({ frameNumber, outcome: "shown", ...times }));
  }
}

/** The tiles themselves would be most of the reading, and nobody looks at them here. */
function readTilesHead(body: Uint8Array): { frameNumber: number; isLast: boolean } {
  const reader = new BodyReader(body, "Tiles");
  const frameNumber = reader.u32();
  for (let stamps = 0; stamps < 3; stamps++) reader.u64();
  return { frameNumber, isLast: (reader.u8() & 1) !== 0 };
}

function fail(reason: string): void {
  console.error(`a draining viewer: ${reason}`);
  process.exit(1);
}

function report(): void {
  const frames = clients.map((client) => client.frames);
  console.log(JSON.stringify({ at: nowMicros(), frames, bytes } satisfies DrainReport));
}

const clients = Array.from({ length: count }, () => new DrainClient());
for (let first = 0; first < count; first += CONNECTING_AT_ONCE) {
  await Promise.all(clients.slice(first, first + CONNECTING_AT_ONCE).map((client) => client.connect()));
}
setInterval(() => {
  for (const client of clients) client.ping();
}, PING_INTERVAL_MS);
report();
for await (const _ of console) report();
process.exit(0);
