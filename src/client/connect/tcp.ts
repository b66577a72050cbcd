// Opens a connection over TCP. In connect/ only this file, discover.ts and known-servers.ts use Bun.

import type { Socket } from "bun";
import { codeOf, ConnectionError, messageOf, UsageError } from "../../core/errors.ts";
import { addressesOf } from "../../core/host-port.ts";
import { onAbort } from "../../core/on-abort.ts";
import { type Address, formatAddress, type Scheme } from "./address.ts";
import { Connection, type ConnectionEvents, type ConnectionOptions } from "./connection.ts";
import type { KnownServers } from "./server-access.ts";

const CONNECT_TIMEOUT_MS = 5_000;

export interface TcpOptions extends ConnectionOptions {
  /** Gives up connecting. */
  signal?: AbortSignal;
  /** The scheme of the user's link. Default: null. */
  scheme?: Scheme | null;
  /** Has the pins of servers, and learns them. Null, which is the default, keeps nothing. */
  knownServers?: KnownServers | null;
  /** Receives lines for the user. */
  say?: (text: string) => void;
}

/**
 * Connects and sends Hello. Throws ConnectionError if no server can be reached, and as soon as `signal` aborts. For `localhost` both
 * families of addresses are tried.
 */
export async function connectTcp(
  address: Address,
  events: ConnectionEvents,
  { signal, ...options }: TcpOptions = {},
): Promise<Connection> {
  if (options.scheme === "slips")
    throw new UsageError(`${formatAddress(address)}: this viewer has no TLS: write slip:// instead of slips://`);
  const givingUp = new AbortController();
  using _deadline = onAbort(AbortSignal.timeout(CONNECT_TIMEOUT_MS), () => givingUp.abort(new Error("no answer")));
  using _stopping = signal && onAbort(signal, () => givingUp.abort(new Error("the viewer was closed")));
  let failure: unknown;
  for (const host of addressesOf(address.host)) {
    try {
      const greet = (socket: ViewerSocket) => new Connection(transportOver(socket), address, events, options);
      return await connectTo(host, address.port, greet, givingUp.signal);
    } catch (cause) {
      failure = cause;
    }
  }
  throw new ConnectionError(explain(address, failure), { cause: failure });
}

type ViewerSocket = Socket<Connection | undefined>;

/** Opens a socket and greets. Rejects with the system's error, or with the reason of `signal` when it aborts. */
async function connectTo(
  hostname: string,
  port: number,
  greet: (socket: ViewerSocket) => Connection,
  signal: AbortSignal,
): Promise<Connection> {
  const { promise, resolve, reject } = Promise.withResolvers<Connection>();
  using _ = onAbort(signal, () => reject(signal.reason));
  Bun.connect<Connection | undefined>({
    hostname,
    port,
    socket: {
      open(socket) {
        if (signal.aborted) {
          socket.terminate();
          return;
        }
        socket.setNoDelay(true); // Without this an Ack may wait for more bytes (Nagle's algorithm, RFC 896).
        socket.data = greet(socket);
        resolve(socket.data);
      },
      data: (socket, chunk) => socket.data?.receive(chunk),
      drain: (socket) => socket.data?.drained(),
      close: (socket) => socket.data?.closed("the server closed the connection"),
      error: (socket, error) => socket.data?.closed(`the connection broke: ${messageOf(error)}`),
      // Without this handler Bun also reports a failed connect as an uncaught error. The promise rejects in either case.
      connectError: () => undefined,
    },
  }).catch(reject);
  return await promise; // The listener of `signal` stays until then.
}
function transportOver(socket: ViewerSocket) {
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
