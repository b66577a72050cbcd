// The datagrams that arrive at a UDP port as a stream of bytes.

import { createSocket, type Socket } from "node:dgram";
import { isIP } from "node:net";
import { codeOf, messageOf, SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import type { NetworkAddress } from "./address.ts";

/**
 * The size of the kernel's buffer. A picture comes as a burst of datagrams, and they wait in this buffer while the thread does
 * something else.
 */
const RECEIVE_BUFFER_BYTES = 4 << 20;
/** The largest number of bytes that wait in the stream. More are dropped, because UDP cannot make its sender wait. */
const MAX_WAITING_BYTES = 8 << 20;

/**
 * Receives the datagrams for a port. If the host is an address of this machine, only datagrams to this address are received,
 * otherwise those to all addresses. For the address of a multicast group, the function joins the group. Rejects with SourceError.
 * `signal` ends the stream. `name` is the camera's name for error messages.
 */
export async function receiveUdp(
  { host, port }: NetworkAddress,
  name: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const isV6 = isIP(host) === 6;
  const isGroup = isMulticast(host);
  const anywhere = isV6 ? "::" : "0.0.0.0";
  const fail = (cause: unknown) => {
    const reason = codeOf(cause) === "EADDRINUSE" ? `port ${port} is in use` : messageOf(cause);
    return new SourceError(`cannot read video from ${name}: ${reason}`, { retry: "growing", cause });
  };
  let socket: Socket;
  try {
    const own = isIP(host) !== 0 && !isGroup ? host : anywhere;
    socket = await bind({ isV6, isGroup, host: own, port }).catch((error: unknown) => {
      if (codeOf(error) !== "EADDRNOTAVAIL") throw error;
      return bind({ isV6, isGroup, host: anywhere, port });
    });
    if (isGroup) socket.addMembership(host);
  } catch (cause) {
    throw fail(cause);
  }
  let isOpen = true;
  const close = () => {
    if (isOpen) socket.close();
    isOpen = false;
  };
  const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES });
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const stopping = onAbort(signal, () => {
          close();
          controller.error(signal.reason);
        });
        socket.on("message", (datagram) => {
          if (isOpen && (controller.desiredSize ?? 0) > 0) controller.enqueue(datagram);
        });
        socket.on("error", (error) => {
          stopping[Symbol.dispose]();
          if (!isOpen) return;
          close();
          controller.error(fail(error));
        });
      },
      cancel: close,
    },
    strategy,
  );
}

interface Binding {
  isV6: boolean;
  isGroup: boolean;
  host: string;
  port: number;
}

function bind({ isV6, isGroup, host, port }: Binding): Promise<Socket> {
  const socket = createSocket({
    type: isV6 ? "udp6" : "udp4",
    reuseAddr: isGroup,
    recvBufferSize: RECEIVE_BUFFER_BYTES,
  });
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket.once("error", (error) => {
    socket.close();
    reject(error);
  });
  socket.bind(port, host, () => {
    socket.removeAllListeners("error");
    resolve(socket);
  });
  return promise;
}

/** Returns whether an address is a multicast group: 224.0.0.0/4 (RFC 1112) or ff00::/8 (RFC 4291 2.7). */
function isMulticast(host: string): boolean {
  if (isIP(host) === 6) return /^ff/i.test(host);
  const first = Number(host.split(".", 1)[0]);
  return isIP(host) === 4 && first >= 224 && first <= 239;
}
