// The TCP door: it accepts viewers that speak Slipstream's own protocol.

import { isIP } from "node:net";
import type { TCPSocketListener } from "bun";
import { codeOf, ConnectionError, messageOf } from "../../core/errors.ts";
import { addressesOf, formatHostPort } from "../../core/host-port.ts";
import type { TransportEvents } from "../../protocol/transport.ts";
import type { GoodbyeReason } from "../../protocol/wire.ts";
import type { IdentitySource } from "../access/identity.ts";
import type { ViewerConnection } from "../deliver/viewer-host.ts";
import { acceptTls } from "./tls.ts";

export interface TcpDoor {
  /** The port on which the door listens. If port 0 was requested, it is the port that the system chose. */
  readonly port: number;
  /** Stops accepting connections. Open connections stay. */
  close(): void;
}

/** The receiver of a connection's events: a viewer, or a connection that is refused. */
export interface DoorGuest extends TransportEvents {
  /** Sends Goodbye and closes the connection. A refused connection does not have this method, because it is already ending. */
  leave?(reason: GoodbyeReason, text: string): void;
  /** Counts frames of the transport without bytes, for example pings of a WebSocket. Too many of them end the connection. */
  emptyFrames?(count: number): void;
}

/** Accepts or refuses a connection. Returns null if the connection was aborted. */
export type Connect = (connection: ViewerConnection) => DoorGuest | null;

export interface TcpDoorOptions {
  host: string;
  port: number;
  /** The server's identity for TLS. Null for a door without TLS. */
  identity: IdentitySource | null;
  connect: Connect;
  /** Returns whether a new connection from this address is ended at once. By default none is. */
  shuns?: (ip: string) => boolean;
}

type Listener = TCPSocketListener<TransportEvents | null>;

/**
 * The most tries with port 0. The system chooses a port for IPv4 or IPv6, and if this port is in use for the other family,
 * another one is tried.
 */
const MOST_PORT_TRIES = 20;

/**
 * Listens, and passes the events of each connection to its viewer. For `localhost`, the door listens on the loopback addresses of
 * IPv4 and IPv6, as far as the machine has them. Throws ConnectionError if the address cannot be used.
 */
export function openTcpDoor(options: TcpDoorOptions): TcpDoor {
  const { host, port } = options;
  for (let tries = 1; ; tries++) {
    const listeners: Listener[] = [];
    const close = () => {
      for (const listener of listeners) listener.stop();
    };
    let failure: unknown;
    for (const address of addressesOf(host)) {
      try {
        listeners.push(listen(address, listeners[0]?.port ?? port, options));
      } catch (cause) {
        failure = cause;
      }
    }
    const [first] = listeners;
    const isInUse = codeOf(failure) === "EADDRINUSE";
    if (first !== undefined && !isInUse) return { port: first.port, close };
    close();
    if (port !== 0 || !isInUse || tries === MOST_PORT_TRIES) {
      throw new ConnectionError(explain(host, port, failure), { cause: failure });
    }
  }
}

function listen(hostname: string, port: number, { identity, connect, shuns }: TcpDoorOptions): Listener {
  return Bun.listen<TransportEvents | null>({
    hostname,
    port,
    socket: {
      open(socket) {
        if (shuns?.(socket.remoteAddress) === true) {
          socket.terminate();
          return;
        }
        // Without this, the last bytes of a picture may wait for an acknowledgement of TCP (Nagle's algorithm, RFC 896).
        socket.setNoDelay(true);
        if (identity !== null) {
          acceptTls(socket, identity.current, connect);
          return;
        }
        socket.data = connect({
          door: "tcp",
          address: formatHostPort(socket.remoteAddress, socket.remotePort),
          ip: socket.remoteAddress,
          write: (bytes) => socket.write(bytes),
          bufferedBytes: 0,
          // Not `end`, which closes the socket: then the kernel keeps what the other end does not read, for minutes, and `terminate`
          // cannot free it.
          end: () => void socket.shutdown(),
          abort: () => socket.terminate(),
        });
      },
      data: (socket, chunk) => socket.data?.receive(chunk),
      drain: (socket) => socket.data?.drained(),
      close: (socket, error) => socket.data?.closed(error ? messageOf(error) : "it closed the connection"),
      error: (socket, error) => socket.data?.closed(messageOf(error)),
    },
  });
}

function explain(host: string, port: number, cause: unknown): string {
  const code = codeOf(cause);
  // Bun gives no code for an unknown host name.
  if (code === undefined && isIP(host) === 0) {
    return `unknown host: ${host}: --host takes an address of this machine, or 0.0.0.0 for all`;
  }
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is in use: stop the program that listens there, or choose another port with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is not an address of this machine: --host takes one of its addresses, or 0.0.0.0 for all`;
    case "EACCES":
      return `no permission to listen on port ${port}: choose one above 1023 with --port`;
    default:
      return `cannot listen on ${formatHostPort(host, port)}: ${messageOf(cause)}`;
  }
}
