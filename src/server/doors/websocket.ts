// The WebSocket door: it carries Slipstream's own protocol to viewers in web pages. Binary messages form the stream of bytes, and
// the bounds between them have no meaning.

import type { ServerWebSocket, WebSocketHandler } from "bun";
import { GONE } from "../../protocol/transport.ts";
import { MAX_VIEWER_MESSAGE_BYTES, WEB_SOCKET_PROTOCOL } from "../../protocol/wire.ts";
import type { Role } from "../access/role.ts";
import type { Session } from "../access/session.ts";
import type { ViewerConnection } from "../deliver/viewer-host.ts";
import type { FrameMeter, FrameWatch } from "./http/frame-watch.ts";
import { itemsOf } from "./http/header-lists.ts";
import type { KernelSocket } from "./http/kernel-socket.ts";
import type { Connect, DoorGuest } from "./tcp.ts";

/** Bun keeps at most this many bytes for a viewer that does not read. It is more than the largest picture. */
const QUEUE_BYTES = 64 * 1024 * 1024;
const MAX_PAYLOAD_BYTES = 4 * MAX_VIEWER_MESSAGE_BYTES; // a WebSocket message may have several messages of the protocol
/** Viewers send less than this in a second. */
const RECEIVE_BUFFER_BYTES = 32 * 1024;
/** The status code for a kind of message that the other end cannot accept (RFC 6455, 7.4.1). */
const UNSUPPORTED_DATA = 1003;

/** The data of a WebSocket. */
export interface WebSocketGuest {
  readonly ip: string;
  readonly address: string;
  readonly role: Role;
  readonly session: Session | null;
  readonly connect: Connect;
  /** The connection's socket. Null if the system cannot be asked about it. */
  readonly kernelSocket: KernelSocket | null;
  readonly frames: FrameWatch;
  meter: FrameMeter | null;
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
  maxPayloadLength: MAX_PAYLOAD_BYTES,
  backpressureLimit: QUEUE_BYTES,
  // The protocol has its own pings, and ends silent connections earlier than this.
  idleTimeout: 60,
  sendPings: false,
  open(socket) {
    const { kernelSocket, frames } = socket.data;
    kernelSocket?.limitReceiving(RECEIVE_BUFFER_BYTES);
    const mostPending = MAX_PAYLOAD_BYTES + RECEIVE_BUFFER_BYTES;
    socket.data.meter = kernelSocket && frames.follow(kernelSocket, mostPending, (count) => countEmpty(socket, count));
    socket.data.guest = socket.data.connect(new WebSocketConnection(socket));
  },
  message(socket, message) {
    socket.data.meter?.handed(message.length);
    if (typeof message === "string") socket.close(UNSUPPORTED_DATA, "this server takes binary messages only");
    else if (message.length === 0) countEmpty(socket, 1);
    else socket.data.guest?.receive(message);
  },
  // Bun answers each ping, but browsers send none.
  ping: countControl,
  pong: countControl,
  drain: (socket) => socket.data.guest?.drained(),
  close(socket) {
    const { meter, frames, guest } = socket.data;
    if (meter !== null) frames.forget(meter);
    guest?.closed("it closed the connection");
  },
};

function countControl(socket: ServerWebSocket<WebSocketGuest>, payload: Uint8Array): void {
  socket.data.meter?.handed(payload.length);
  countEmpty(socket, 1);
}

/** Counts frames without bytes. A connection that is refused gets no answers to pings while it reads its Goodbye. */
function countEmpty(socket: ServerWebSocket<WebSocketGuest>, count: number): void {
  const { guest } = socket.data;
  if (guest?.emptyFrames === undefined) socket.terminate();
  else guest.emptyFrames(count);
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

  get session(): Session | null {
    return this.#socket.data.session;
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
