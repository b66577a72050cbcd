// Opens a connection over TCP. In connect/ only this file and discover.ts use Bun.

import type { Socket } from "bun";
import { codeOf, ConnectionError, messageOf } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import { type Address, formatAddress } from "./address.ts";
import { Connection, type ConnectionEvents, type ConnectionOptions } from "./connection.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** Connects and sends Hello. Throws ConnectionError if no server can be reached. */
export async function connectTcp(
  address: Address,
  events: ConnectionEvents,
  options: ConnectionOptions = {},
): Promise<Connection> {
  const timeout = Promise.withResolvers<never>();
  const deadline = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
  using _ = onAbort(deadline, () => timeout.reject(new Error("no answer")));
  const connecting = Bun.connect<Connection | undefined>({
    hostname: address.host,
    port: address.port,
    socket: {
      open(socket) {
        if (deadline.aborted) {
          socket.terminate();
          return;
        }
        socket.setNoDelay(true); // Without this an Ack may wait for more bytes (Nagle's algorithm, RFC 896).
        socket.data = new Connection(transportOver(socket), address, events, options);
      },
      data: (socket, chunk) => socket.data?.receive(chunk),
      drain: (socket) => socket.data?.drained(),
      close: (socket) => socket.data?.closed("the server closed the connection"),
      error: (socket, error) => socket.data?.closed(`the connection broke: ${messageOf(error)}`),
      // Without this handler Bun also reports a failed connect as an uncaught error. The promise rejects in either case.
      connectError: () => undefined,
    },
  });
  try {
    const { data } = await Promise.race([connecting, timeout.promise]);
    if (data === undefined) throw new Error("no answer");
    return data;
  } catch (cause) {
    connecting.catch(() => undefined); // The connection opened after the time limit, so it is closed.
    throw new ConnectionError(explain(address, cause), { cause });
  }
}

function transportOver(socket: Socket<Connection | undefined>) {
  return {
    write: (bytes: Uint8Array) => socket.write(bytes),
    bufferedBytes: 0,
    end: () => void socket.end(),
    abort: () => socket.terminate(),
  };
}

function explain(address: Address, cause: unknown): string {
  const where = formatAddress(address);
  switch (codeOf(cause)) {
    case "ECONNREFUSED":
      return `no program listens on ${where}: start 'bun run serve' there`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `unknown host: ${address.host}`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `there is no route to ${where}: check the network`;
    default:
      return `cannot connect to ${where}: ${messageOf(cause)}`;
  }
}
