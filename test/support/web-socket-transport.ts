// A transport over a real WebSocket to a server, as a web page has it.

import { GONE, type Transport, type TransportEvents } from "../../src/protocol/transport.ts";
import { WEB_SOCKET_PROTOCOL } from "../../src/protocol/wire.ts";

/** Bun's WebSocket takes headers as well, which a browser adds by itself. */
const BunWebSocket = WebSocket as unknown as new (
  url: string,
  options: { protocols: string[]; headers: Record<string, string>; tls?: { rejectUnauthorized: boolean } },
) => WebSocket;

/**
 * Connects, and passes events to what `receiver` makes from the transport. Rejects with the text of the failure if the server
 * refuses the WebSocket.
 */
export async function openWebSocket<Receiver extends TransportEvents>(
  url: string,
  receiver: (transport: Transport) => Receiver,
  headers: Record<string, string> = {},
): Promise<{ socket: WebSocket; receiver: Receiver }> {
  const socket = new BunWebSocket(url, {
    protocols: [WEB_SOCKET_PROTOCOL],
    headers,
    tls: { rejectUnauthorized: false },
  });
  socket.binaryType = "arraybuffer";
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  socket.onclose = ({ reason, code }) => opened.reject(new Error(`refused: ${code} ${reason}`));
  await opened.promise;
  const events = receiver({
    write(bytes) {
      if (socket.readyState !== WebSocket.OPEN) return GONE;
      socket.send(new Uint8Array(bytes));
      return bytes.length;
    },
    get bufferedBytes() {
      return socket.bufferedAmount;
    },
    end: () => socket.close(),
    abort: () => socket.close(),
  });
  socket.onmessage = ({ data }) => events.receive(new Uint8Array(data));
  socket.onclose = ({ reason }) => events.closed(reason || "the server closed the connection");
  return { socket, receiver: events };
}
