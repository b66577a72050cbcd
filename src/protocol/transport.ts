// What lies under a connection: a way to send bytes to the other side and to hear from it. TCP, a WebSocket, memory in tests.

/** What `write` returns when the connection is gone. */
export const GONE = -1;

/**
 * The sending half. Its bytes form one stream: where one `write` ends and the next begins means nothing to the other side.
 *
 * A transport without a queue of its own, such as a TCP socket, takes a part of the bytes when it is full. A transport with a
 * queue, such as a WebSocket, takes all of them and says in `bufferedBytes` how many have not left yet. (`send` of Bun's
 * ServerWebSocket answers −1 for "queued": that is `bytes.length` here. It answers 0 for "dropped": that is GONE.)
 */
export interface Transport {
  /**
   * Takes the first bytes and returns how many: 0 to `bytes.length`, or GONE. The memory belongs to the caller again when the
   * call returns. After taking fewer than all, the transport calls `drained` as soon as it takes more.
   */
  write(bytes: Uint8Array): number;
  /** Bytes in the transport's own queue; always 0 for a transport without one. */
  readonly bufferedBytes: number;
  /** Closes the connection once everything taken has been sent. */
  end(): void;
  /** Closes the connection at once; what was taken may be lost. */
  abort(): void;
}

/** The receiving half: the owner of a transport calls these, in the order of events. */
export interface TransportEvents {
  /** Bytes from the other side, cut anywhere. They are valid during the call only. */
  receive(chunk: Uint8Array): void;
  /** The transport can take bytes again. A transport without this event may leave it out: `Peer.tick` tries again. */
  drained(): void;
  /** The connection is closed. `text` says why, for people. Further calls have no effect. */
  closed(text: string): void;
}
