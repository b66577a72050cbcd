// The TCP door: where viewers that speak Slipstream's own protocol come in.

import { isIP } from "node:net";
import type { TCPSocketListener } from "bun";
import { codeOf, ConnectionError, messageOf } from "../../core/errors.ts";
import { formatHostPort } from "../../core/host-port.ts";
import type { Viewer, ViewerConnection } from "../deliver/viewer.ts";

export interface TcpDoor {
  /** The real port, where 0 had been asked for. */
  readonly port: number;
  /** Takes no more connections; those there are go on. */
  close(): void;
}

/** Listens. Throws ConnectionError where that address cannot be had. */
export function openTcpDoor(host: string, port: number, connect: (connection: ViewerConnection) => Viewer): TcpDoor {
  let listener: TCPSocketListener<{ viewer: Viewer }>;
  try {
    listener = Bun.listen<{ viewer: Viewer }>({
      hostname: host,
      port,
      socket: {
        open(socket) {
          socket.setNoDelay(true); // a picture's last bytes must not wait for an acknowledgement (Nagle, RFC 896)
          const peer = formatHostPort(socket.remoteAddress, socket.remotePort);
          const viewer = connect({
            peer,
            write: (bytes) => socket.write(bytes),
            end: () => void socket.end(),
            abort: () => socket.terminate(),
          });
          socket.data = { viewer };
        },
        data: (socket, chunk) => socket.data.viewer.receive(chunk),
        drain: (socket) => socket.data.viewer.drained(),
        close: (socket, error) => socket.data?.viewer.closed(error ? messageOf(error) : "it hung up"),
        error: (socket, error) => socket.data?.viewer.closed(messageOf(error)),
      },
    });
  } catch (cause) {
    throw new ConnectionError(explain(host, port, cause), { cause });
  }
  return { port: listener.port, close: () => listener.stop() };
}

function explain(host: string, port: number, cause: unknown): string {
  const code = codeOf(cause);
  // Bun gives no code for a name that the network does not know.
  if (code === undefined && isIP(host) === 0) {
    return `unknown host: ${host}: --host takes an address of this machine, or 0.0.0.0 for all`;
  }
  switch (code) {
    case "EADDRINUSE":
      return `port ${port} on ${host} is taken: stop what listens there, or choose another with --port`;
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
      return `${host} is no address of this machine: --host takes one of its own, or 0.0.0.0 for all`;
    case "EACCES":
      return `no permission to listen on port ${port}: choose one above 1023 with --port`;
    default:
      return `cannot listen on ${formatHostPort(host, port)}: ${messageOf(cause)}`;
  }
}
