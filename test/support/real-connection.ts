// A real connection to a small server in the same process, which keeps the Acks that it receives.

import type { Connection } from "../../src/connect/connection.ts";
import { connectTcp } from "../../src/connect/tcp.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { type Ack, readAck } from "../../src/protocol/messages.ts";
import { Peer } from "../../src/protocol/peer.ts";
import { MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { until } from "./wait-until.ts";

export interface RealConnection {
  connection: Connection;
  /** The messages that the server has received, in order. */
  acks: Ack[];
  close(): void;
}

/** Connects, greets, and waits for the first Pong, after which latencies are known. */
export async function openConnection(): Promise<RealConnection> {
  const acks: Ack[] = [];
  const listener = Bun.listen<{ peer: Peer }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const transport = {
          write: (bytes: Uint8Array) => socket.write(bytes),
          bufferedBytes: 0,
          end: () => void socket.end(),
          abort: () => socket.terminate(),
        };
        const peer = new Peer(transport, "server", {
          onGreeting() {
            peer.send(writeWelcome({ version: WIRE_VERSION, software: "test", sourceName: "test" }));
            peer.accept();
          },
          onMessage(type, body) {
            if (type === MessageType.ack) acks.push(readAck(body));
            return true;
          },
          onGone: () => undefined,
        });
        socket.data = { peer };
      },
      data: (socket, chunk) => socket.data.peer.receive(chunk),
      drain: (socket) => socket.data.peer.drained(),
      close: (socket) => socket.data.peer.closed("it hung up"),
    },
  });
  const ignore = () => undefined;
  const events = { onWelcome: ignore, onStream: ignore, onPicture: ignore, onTiles: ignore, onNotice: ignore };
  const connection = await connectTcp({ host: "127.0.0.1", port: listener.port, camera: "" }, events);
  await until(() => connection.clock.known, "the first Pong");
  return {
    connection,
    acks,
    close() {
      connection.close();
      listener.stop(true);
    },
  };
}
