// The yardstick of `bench fan-out`: a server that does nothing but write the same number of bytes to each client 30 times a second and
// read their acknowledgements, and its clients. So its processor time is that of the system and of Bun's sockets.
//
// Usage: bun bench/bare-fan-out.ts serve BYTES FPS     prints {"port":N}
//        bun bench/bare-fan-out.ts read BYTES PORT COUNT    prints {"connected":COUNT}
//
// Both end when their standard input ends. The server then prints a BareReport.

import type { Socket } from "bun";

export interface BareReport {
  /** The frames that were written, over all clients. */
  sent: number;
  /** The frames that were left out, because a client had not acknowledged the one before. */
  skipped: number;
}

/** The bytes of an acknowledgement of a viewer (protocol/messages.ts). */
const ACK_BYTES = 26;
const CONNECTING_AT_ONCE = 32;

interface Client {
  isWaiting: boolean;
  rest: Uint8Array | null;
}

async function serve(bytes: number, fps: number): Promise<void> {
  const report: BareReport = { sent: 0, skipped: 0 };
  const clients = new Set<Socket<Client>>();
  const message = new Uint8Array(bytes);
  const send = (socket: Socket<Client>, part: Uint8Array) => {
    const taken = socket.write(part);
    socket.data.rest = taken < part.length ? part.subarray(Math.max(0, taken)) : null;
  };
  const server = Bun.listen<Client>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.setNoDelay(true);
        socket.data = { isWaiting: false, rest: null };
        clients.add(socket);
      },
      data: (socket) => {
        socket.data.isWaiting = false;
      },
      drain: (socket) => {
        if (socket.data.rest !== null) send(socket, socket.data.rest);
      },
      close: (socket) => void clients.delete(socket),
    },
  });
  setInterval(() => {
    for (const socket of clients) {
      if (socket.data.isWaiting) {
        report.skipped++;
        continue;
      }
      socket.data.isWaiting = true;
      report.sent++;
      send(socket, message);
    }
  }, 1000 / fps);
  console.log(JSON.stringify({ port: server.port }));
  for await (const _ of console);
  console.log(JSON.stringify(report));
}

async function read(bytes: number, port: number, count: number): Promise<void> {
  const ack = new Uint8Array(ACK_BYTES);
  const connect = () => {
    let missing = bytes;
    return Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.setNoDelay(true),
        data(socket, chunk) {
          missing -= chunk.length;
          if (missing > 0) return;
          missing += bytes;
          socket.write(ack);
        },
      },
    });
  };
  for (let left = count; left > 0; left -= CONNECTING_AT_ONCE) {
    await Promise.all(Array.from({ length: Math.min(left, CONNECTING_AT_ONCE) }, connect));
  }
  console.log(JSON.stringify({ connected: count }));
  for await (const _ of console);
}

if (import.meta.main) {
  const [mode, ...numbers] = process.argv.slice(2);
  const [bytes = 0, second = 0, third = 0] = numbers.map(Number);
  await (mode === "serve" ? serve(bytes, second) : read(bytes, second, third));
  process.exit(0);
}
