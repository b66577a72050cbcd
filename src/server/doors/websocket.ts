// The WebSocket door: it carries Slipstream's own protocol to viewers in web pages. Binary messages form the stream of bytes, and
// the bounds between them have no meaning.

import type { ServerWebSocket, WebSocketHandler } from "bun";
import { GONE } from "../../protocol/transport.ts";
import { MAX_VIEWER_MESSAGE_BYTES, WEB_SOCKET_PROTOCOL } from "../../protocol/wire.ts";
import type { Role } from "../access/role.ts";
import type { ViewerConnection } from "../deliver/viewer-host.ts";
import { itemsOf } from "./http/header-lists.ts";
import type { Connect, DoorGuest } from "./tcp.ts";

/** Bun keeps at most this many bytes for a viewer that does not read. It is more than the largest picture. */
const QUEUE_BYTES = 64 * 1024 * 1024;
/** The status code for a kind of message that the other end cannot accept (RFC 6455, 7.4.1). */
const UNSUPPORTED_DATA = 1003;

/** The data of a WebSocket. */
export interface WebSocketGuest {
  readonly ip: string;
  readonly address: string;
  readonly role: Role;
  readonly connect: Connect;
  /** The receiver of the connection's events, after the connection has opened. */
  guest: DoorGuest | null;
}

/** Returns whether a request asks for a WebSocket with this version of the protocol. */
export function offersProtocol(request: Request): boolean {
  return itemsOf(request.headers.get("sec-websocket-protocol")).includes(WEB_SOCKET_PROTOCOL);
}

/** The handlers and limits of all WebSockets of an HTTP door. */
export const WEB_SOCKET_HANDLER: WebSocketHandler<WebSocketGuest> = {
  // Pictures are compressed already.
  perMessageDeflate: false,
  maxPayloadLength: 4 * MAX_VIEWER_MESSAGE_BYTES, // a WebSocket message may have several messages of the protocol
  backpressureLimit: QUEUE_BYTES,
  // The protocol has its own pings, and ends silent connections earlier than this.
  idleTimeout: 60,
  sendPings: false,
  open(socket) {
    socket.data.guest = socket.data.connect(new WebSocketConnection(socket));
  },
  message(socket, message) {
    if (typeof message === "string") socket.close(UNSUPPORTED_DATA, "this server takes binary messages only");
    else if (message.length === 0) countEmpty(socket);
    else socket.data.guest?.receive(message);
  },
  // Bun answers each ping, but browsers send none.
  ping: countEmpty,
  pong: countEmpty,
  drain: (socket) => socket.data.guest?.drained(),
  close: (socket) => socket.data.guest?.closed("it closed the connection"),
};

/** Counts a frame without bytes. A connection that is refused gets no answers to pings while it reads its Goodbye. */
function countEmpty(socket: ServerWebSocket<WebSocketGuest>): void {
  const { guest } = socket.data;
  if (guest?.emptyFrame === undefined) socket.terminate();
  else guest.emptyFrame();
}

class WebSocketConnection implements ViewerConnection {
  readonly door = "websocket";
  readonly #socket: ServerWebSocket<WebSocketGuest>;

  constructor(socket: ServerWebSocket<WebSocketGuest>) {
    this.#socket = socket;
  }

  get ip(): string {
    return this.#socket.data.ip;
  }

  get address(): string {
    return this.#socket.data.address;
  }

  get role(): Role {
    return this.#socket.data.role;
  }

  get bufferedBytes(): number {
    return this.#socket.getBufferedAmount();
  }

  write(bytes: Uint8Array): number {
    const answer = this.#socket.sendBinary(bytes);
    return answer === 0 ? GONE : bytes.length; // −1 means queued
  }

  end(): void {
    this.#socket.close();
  }

  abort(): void {
    this.#socket.terminate();
  }
}
