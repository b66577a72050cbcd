// Holds back a connection without TLS until it is clear that the server does not need TLS.

import { asksForTls, SpeaksOtherWay } from "./carriage.ts";
import type { Connection } from "./connection.ts";

/** The receiver of a socket's events. */
export type Receiver = Pick<Connection, "receive" | "drained" | "closed">;

/** The time after which the server counts as one without TLS. A server that needs TLS answers at once. */
const OTHER_WAY_TIMEOUT_MS = 500;

export interface HeldSocket {
  data: Receiver | null;
  terminate(): void;
}

/** Receives the result: the connection, or the error SpeaksOtherWay. */
export interface HeldOutcome {
  resolve(connection: Connection): void;
  reject(error: SpeaksOtherWay): void;
}

/**
 * Takes the events of a socket in place of its connection, which has already sent its Hello. The server's bytes are passed on to
 * the connection when the owner has the connection.
 */
export class HeldBack implements Receiver {
  readonly #socket: HeldSocket;
  readonly #connection: Connection;
  readonly #outcome: HeldOutcome;
  readonly #waiting = setTimeout(() => this.#release(), OTHER_WAY_TIMEOUT_MS);
  #held: Uint8Array[] = [];
  #closedBy: string | null = null;

  constructor(socket: HeldSocket, connection: Connection, outcome: HeldOutcome) {
    this.#socket = socket;
    this.#connection = connection;
    this.#outcome = outcome;
  }

  receive(chunk: Uint8Array): void {
    const isFirst = this.#held.length === 0;
    this.#held.push(new Uint8Array(chunk)); // copied, because the socket reuses its memory
    if (!isFirst) return;
    if (!asksForTls(chunk)) {
      this.#release();
      return;
    }
    clearTimeout(this.#waiting);
    this.#held = [];
    this.#outcome.reject(new SpeaksOtherWay("the server needs TLS"));
    this.#connection.closed("the server needs TLS");
    this.#socket.terminate();
  }

  drained(): void {
    this.#connection.drained();
  }

  closed(text: string): void {
    this.#closedBy = text;
    this.#release();
  }

  #release(): void {
    clearTimeout(this.#waiting);
    this.#outcome.resolve(this.#connection);
    // Only then has the owner got the connection.
    setImmediate(() => {
      if (this.#socket.data === this) this.#socket.data = this.#connection;
      for (const chunk of this.#held.splice(0)) this.#connection.receive(chunk);
      if (this.#closedBy !== null) this.#connection.closed(this.#closedBy);
    });
  }
}
