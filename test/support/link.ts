// A link: a relay on TCP between viewers and a server that makes the loopback as thin a link as one likes; no root needed.
//
// Each connection has the link to itself, in each direction a lane of its own (lane.ts). A relay ends TCP on both sides, so it
// cannot lose packets, and the kernel's own buffers stand before its queue: on the loopback they take megabytes at once,
// where a real sender's grow with its congestion window. So this is the harder test for whoever counts on a full
// socket to be told that the link is slow, and no test at all of what a lost packet does.

import type { Socket } from "bun";
import { Outbox } from "../../src/protocol/outbox.ts";
import { GONE } from "../../src/protocol/transport.ts";
import { Lane, type LinkFigures } from "./lane.ts";

export interface LinkOptions {
  /** On 127.0.0.1, as the relay's own. */
  serverPort: number;
  /** In each direction. */
  bitsPerSecond: number;
  /** One way: a round trip takes twice as long. */
  delayMs: number;
  /** The queue before the line, when it is full the relay stops reading; default: 100 ms worth, at least 16 KiB. */
  queueBytes?: number;
}

export interface Link {
  /** Where viewers connect to. */
  readonly port: number;
  /** Nothing passes for so long, in neither direction; nothing is lost by it. */
  stall(milliseconds: number): void;
  setRate(bitsPerSecond: number): void;
  /** Hangs up on everybody. */
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
        socket.pause(); // until there is somebody to pass it on to
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
      connectError: () => undefined, // the promise says it
    },
  }).catch(() => passage.abort()); // nobody listens there: the viewer is hung up on, as it would be without a relay
}

type RelaySocket = Socket<{ end: End }>;

const HANDLERS = {
  data: (socket: RelaySocket, chunk: Uint8Array) => socket.data.end.lane.feed(chunk),
  drain: (socket: RelaySocket) => socket.data.end.drained(),
  end: (socket: RelaySocket) => socket.data.end.ended(),
  close: (socket: RelaySocket, error?: Error) => socket.data.end.closed(error),
  error: (socket: RelaySocket, error: Error) => socket.data.end.closed(error),
};

/** One viewer's connection and the one that was made for it to the server. */
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

  /** Hangs up on both without a word, as one of them did. */
  abort(): void {
    this.viewer.terminate();
    this.server.terminate();
    this.#onGone();
  }

  /** Both have hung up in good order. */
  settle(): void {
    if (this.viewer.isClosed && this.server.isClosed) this.#onGone();
  }
}

/** One socket of a passage, and the lane that takes what it says to the other. */
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

  /** The peer has said that nothing more comes; it may still listen. */
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

  /** Says to the peer that nothing more comes; where it has said so itself, that was all. */
  #finish(): void {
    if (this.#hasEnded) this.#socket?.end();
    else this.#socket?.shutdown();
  }
}
