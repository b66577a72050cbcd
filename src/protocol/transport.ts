// The interface of a transport, which carries the bytes of a connection: TCP, a WebSocket, or memory in tests.

/** The result of `write` when the connection is closed. */
export const GONE = -1;

/**
 * The sending half of a transport. All bytes form one stream. The other side does not see where one `write` ends and the next
 * begins.
 *
 * A transport without its own queue, for example a TCP socket, accepts only a part of the bytes when it is full. A transport with
 * a queue, for example a WebSocket, accepts all bytes, and `bufferedBytes` is the number of bytes in its queue. The method `send`
 * of Bun's ServerWebSocket returns −1 for "queued", which is `bytes.length` here. It returns 0 for "dropped", which is GONE here.
 */
export interface Transport {
  /**
   * Accepts bytes from the start of `bytes` and returns how many it accepted: 0 to `bytes.length`, or GONE. The caller may reuse
   * the memory when the call returns. If the transport accepted fewer than all bytes, it calls `drained` when it can accept more.
   */
  write(bytes: Uint8Array): number;
  /** The number of bytes in the transport's own queue. It is always 0 for a transport without a queue. */
  readonly bufferedBytes: number;
  /**
   * 32 bytes that only the two ends of this TLS session know (RFC 9266), to which proofs of keys are bound. Null or missing
   * without TLS.
   */
  readonly binding?: Uint8Array | null;
  /** Closes the connection after all accepted bytes have been sent. */
  end(): void;
  /** Closes the connection immediately. Accepted bytes may be lost. */
  abort(): void;
}

/** The receiving half of a transport. The owner of the transport calls these methods in the order of events. */
export interface TransportEvents {
  /** Handles bytes from the other side, which are valid during the call only. Messages may be split anywhere. */
  receive(chunk: Uint8Array): void;
  /**
   * The transport calls this when it can accept bytes again. Some transports do not have this event. For them, `Peer.tick` tries
   * again.
   */
  drained(): void;
  /** The transport calls this when the connection is closed. `text` tells people why. Further calls have no effect. */
  closed(text: string): void;
}
