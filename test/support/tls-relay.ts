// A man in the middle in a process of its own. It speaks TLS with its own certificate to the viewer, and TLS to the server.
//
// Usage: bun test/support/tls-relay.ts SERVER_PORT CERTIFICATE KEY     prints its port

import type { Socket } from "bun";

/** One side of a relayed connection, and the bytes that wait for this side. */
interface Side {
  socket: Socket<Passage> | null;
  waiting: Uint8Array[];
}

interface Passage {
  viewer: Side;
  server: Side;
}

function write(side: Side): void {
  while (side.socket !== null && side.waiting.length > 0) {
    const bytes = side.waiting.shift() as Uint8Array;
    const taken = Math.max(0, side.socket.write(bytes));
    if (taken < bytes.length) {
      side.waiting.unshift(bytes.subarray(taken));
      return;
    }
  }
}

/** The events of one side. Its bytes go to the other side. */
function events(own: keyof Passage, other: keyof Passage) {
  return {
    data(socket: Socket<Passage>, bytes: Uint8Array) {
      socket.data[other].waiting.push(new Uint8Array(bytes));
      write(socket.data[other]);
    },
    drain: (socket: Socket<Passage>) => write(socket.data[own]),
    close: (socket: Socket<Passage>) => void socket.data[other].socket?.end(),
    error: () => undefined,
  };
}

const [serverPort = "", certificate = "", key = ""] = process.argv.slice(2);
const listener = Bun.listen<Passage>({
  hostname: "127.0.0.1",
  port: 0,
  tls: { cert: await Bun.file(certificate).text(), key: await Bun.file(key).text() },
  socket: {
    ...events("viewer", "server"),
    open: () => undefined,
    handshake(socket, isDone) {
      if (!isDone) return;
      const passage: Passage = { viewer: { socket, waiting: [] }, server: { socket: null, waiting: [] } };
      socket.data = passage;
      void Bun.connect<Passage>({
        hostname: "127.0.0.1",
        port: Number(serverPort),
        data: passage,
        tls: { rejectUnauthorized: false },
        socket: {
          ...events("server", "viewer"),
          open: () => undefined,
          handshake(server) {
            passage.server.socket = server;
            write(passage.server);
          },
        },
      });
    },
  },
});
console.log(listener.port);
