// A link: a TCP relay between viewers and a server. It makes the loopback as slow as a test needs, without root.
//
// Each connection has its own link, with a lane in each direction (lane.ts). A relay ends TCP on both sides, so it cannot lose
// packets. Before its queue are the buffers of the kernel. On the loopback they take megabytes at once, while those of a real sender
// grow with its congestion window. So this is a hard test for a sender that detects a slow link by a full socket. It does not test
// lost packets.

import type { Socket } from "bun";
import { Outbox } from "../../src/protocol/outbox.ts";
import { GONE } from "../../src/protocol/transport.ts";
import { Lane, type LinkFigures } from "./lane.ts";

export interface LinkOptions {
  /** The server's port on 127.0.0.1. The relay listens on 127.0.0.1, too. */
  serverPort: number;
  /** The rate in each direction. */
  bitsPerSecond: number;
  /** The delay in one direction. A round trip takes twice as long. */
  delayMs: number;
  /** The size of the queue before the line. The relay stops reading when it is full. Default: the bytes of 100 ms, at least 16 KiB. */
  queueBytes?: number;
}

export interface Link {
  /** The port to which viewers connect. */
  readonly port: number;
  /** Stops both directions for this time. No byte is lost. */
  stall(milliseconds: number): void;
  setRate(bitsPerSecond: number): void;
  /** Closes all connections. */
  close(): void;
}

export function openLink({ serverPort, bitsPerSecond, delayMs, queueBytes }: LinkOptions): Link {
  const link: LinkFigures = { bitsPerSecond, delayMs, queueBytes: queueBytes ?? null, stalledUntil: 0 };
  const passages = new Set<Passage>();
  const listener = Bun.listen<{ end: End }>({
    hostname: "127.0.0.1",
    port: 0,
    allowHalfOpen: true,
    socket: {
      open(socket) {
        socket.pause(); // the socket waits until the relay has a connection to the server
        const passage = new Passage(link, () => passages.delete(passage));
        passages.add(passage);
        passage.viewer.attach(socket);
        connect(serverPort, passage);
      },
      ...HANDLERS,
    },
  });
  const pump = () => {
    for (const passage of passages) passage.pump();
  };
  return {
    port: listener.port,
    stall(milliseconds) {
      link.stalledUntil = Math.max(link.stalledUntil, performance.now() + milliseconds);
      pump();
    },
    setRate(rate) {
      link.bitsPerSecond = rate;
      pump();
    },
    close() {
      listener.stop();
      for (const passage of passages) passage.abort();
    },
  };
}

function connect(serverPort: number, passage: Passage): void {
  Bun.connect<{ end: End }>({
    hostname: "127.0.0.1",
    port: serverPort,
    allowHalfOpen: true,
    socket: {
      ...HANDLERS,
      open(socket) {
        passage.server.attach(socket);
        passage.viewer.resume();
      },
      connectError: () => undefined, // the promise rejects, too
    },
  }).catch(() => passage.abort()); // no server listens, so the viewer's connection ends as it would without a relay
}

type RelaySocket = Socket<{ end: End }>;

const HANDLERS = {
  data: (socket: RelaySocket, chunk: Uint8Array) => socket.data.end.lane.feed(chunk),
  drain: (socket: RelaySocket) => socket.data.end.drained(),
  end: (socket: RelaySocket) => socket.data.end.ended(),
  close: (socket: RelaySocket, error?: Error) => socket.data.end.closed(error),
  error: (socket: RelaySocket, error: Error) => socket.data.end.closed(error),
};

/** The connection of one viewer, and the relay's connection to the server for it. */
class Passage {
  readonly viewer: End;
  readonly server: End;
  readonly #onGone: () => void;

  constructor(link: LinkFigures, onGone: () => void) {
    this.viewer = new End(link, () => this.server, this);
    this.server = new End(link, () => this.viewer, this);
    this.#onGone = onGone;
  }

  pump(): void {
    this.viewer.lane.pump();
    this.server.lane.pump();
  }

  /** Terminates both connections, because one of them was terminated. */
  abort(): void {
    this.viewer.terminate();
    this.server.terminate();
    this.#onGone();
  }

  /** Ends the passage if both sides have closed. */
  settle(): void {
    if (this.viewer.isClosed && this.server.isClosed) this.#onGone();
  }
}

/** One socket of a passage, and the lane that carries its bytes to the other socket. */
class End {
  readonly lane: Lane;
  readonly #passage: Passage;
  readonly #other: () => End;
  #socket: RelaySocket | null = null;
  #outbox = new Outbox({ write: () => GONE, bufferedBytes: 0 });
  #hasEnded = false;
  isClosed = false;

  constructor(link: LinkFigures, other: () => End, passage: Passage) {
    this.#passage = passage;
    this.#other = other;
    this.lane = new Lane(link, {
      deliver: (bytes) => other().#send(bytes),
      onFull: (isFull) => void (isFull ? this.#socket?.pause() : this.#socket?.resume()),
      onEnd: () => other().#finish(),
    });
  }

  attach(socket: RelaySocket): void {
    socket.data = { end: this };
    socket.setNoDelay(true);
    this.#socket = socket;
    this.#outbox = new Outbox({ write: (bytes) => socket.write(bytes), bufferedBytes: 0 });
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** The program behind this socket has sent its last byte. It may still receive. */
  ended(): void {
    this.#hasEnded = true;
    this.lane.end();
  }

  closed(error: Error | undefined): void {
    this.isClosed = true;
    if (error === undefined) this.lane.end();
    else this.#passage.abort();
    this.#passage.settle();
  }

  drained(): void {
    this.#outbox.drain();
    if (this.#outbox.idle) this.#other().lane.unblock();
  }

  terminate(): void {
    this.isClosed = true;
    this.lane.close();
    this.#outbox.close();
    this.#socket?.terminate();
  }

  #send(bytes: Uint8Array): boolean {
    this.#outbox.send(bytes);
    return this.#outbox.idle;
  }

  /** The last byte has been sent. Half-closes the socket, or closes it if the program behind it has sent its last byte too. */
  #finish(): void {
    if (this.#hasEnded) this.#socket?.end();
    else this.#socket?.shutdown();
  }
}
