// Many viewers in one process that only receive. They acknowledge each frame at once and decode nothing.
//
// Usage: bun bench/drain-client.ts PORT COUNT [tls]     prints a DrainReport when all have greeted, and one for each line of its input

import type { Socket } from "bun";
import { type Micros, nowMicros } from "../src/core/clock.ts";
import { SOFTWARE } from "../src/core/version.ts";
import { BodyReader } from "../src/protocol/bytes.ts";
import { writeHello } from "../src/protocol/greeting.ts";
import { writeAck } from "../src/protocol/messages.ts";
import { Peer, type PeerEnd, type PeerEvents } from "../src/protocol/peer.ts";
import { MessageType, PING_INTERVAL_MS, WIRE_VERSION } from "../src/protocol/wire.ts";

export interface DrainReport {
  /** The time in microseconds since the Unix epoch. */
  at: number;
  /** The number of whole frames so far, for each viewer. */
  frames: number[];
  /** The number of bytes that all viewers have received so far. */
  bytes: number;
}

/** The time that an ordinary machine takes to decode and show such a picture. */
const WORK_MICROS = 4_000;

/** The number of viewers that connect at the same time. The listener's backlog is limited. */
const CONNECTING_AT_ONCE = 32;

const [port, count] = process.argv.slice(2).map(Number) as [number, number];
const usesTls = process.argv[4] === "tls";
let bytes = 0;

class DrainClient implements PeerEvents {
  frames = 0;
  readonly #greeted = Promise.withResolvers<void>();
  #peer: Peer | null = null;

  async connect(): Promise<void> {
    await Bun.connect({
      hostname: "127.0.0.1",
      port,
      ...(usesTls ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        open: (socket) => void (usesTls || this.#greet(socket)),
        handshake: (socket) => void (usesTls && this.#greet(socket)),
        data: (_, chunk) => {
          bytes += chunk.length;
          this.#peer?.receive(chunk);
        },
        drain: () => this.#peer?.drained(),
        close: () => this.#peer?.closed("the server hung up"),
        error: (_, error) => this.#peer?.closed(String(error)),
      },
    });
    return this.#greeted.promise;
  }

  tick(): void {
    this.#peer?.tick();
  }

  onGreeting(): void {
    this.#peer?.accept();
    this.#greeted.resolve();
  }

  onMessage(type: number, body: Uint8Array, startedAt: Micros, now: Micros): boolean {
    if (type === MessageType.picture) {
      this.#acknowledge(new BodyReader(body, "Picture").u32(), now - startedAt);
    } else if (type === MessageType.tiles) {
      const { frameNumber, isLast } = readTilesHead(body);
      if (isLast) this.#acknowledge(frameNumber, now - startedAt);
    }
    return true;
  }

  onGone({ text }: PeerEnd): void {
    console.error(`a draining viewer: ${text}`);
    process.exit(1);
  }

  #greet(socket: Socket): void {
    socket.setNoDelay(true);
    const transport = {
      write: (each: Uint8Array) => socket.write(each),
      bufferedBytes: 0,
      end: () => void socket.end(),
      abort: () => socket.terminate(),
    };
    this.#peer = new Peer(transport, "viewer", this);
    this.#peer.send(writeHello({ version: WIRE_VERSION, software: SOFTWARE, camera: "", paused: false }));
  }

  #acknowledge(frameNumber: number, transferMicros: Micros): void {
    this.frames++;
    const ack = { frameNumber, transferMicros, workMicros: WORK_MICROS, paceMicros: WORK_MICROS };
    this.#peer?.send(writeAck({ outcome: "shown", ...ack }));
  }
}

/** Leaves out the tiles, because reading them would take most of the time and this bench does not use them. */
function readTilesHead(body: Uint8Array): { frameNumber: number; isLast: boolean } {
  const reader = new BodyReader(body, "Tiles");
  const frameNumber = reader.u32();
  for (let stamps = 0; stamps < 3; stamps++) reader.u64();
  return { frameNumber, isLast: (reader.u8() & 1) !== 0 };
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
  for (const client of clients) client.tick();
}, PING_INTERVAL_MS);
report();
for await (const _ of console) report();
process.exit(0);
