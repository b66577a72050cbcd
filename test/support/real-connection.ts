// A real connection to a small server in the same process, which keeps the acknowledgements that reach it.

import type { Connection } from "../../src/client/connect/connection.ts";
import { connectTcp } from "../../src/client/connect/tcp.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { type Ack, readAck, readPing, writePong } from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { until } from "./wait-until.ts";

export interface RealConnection {
  connection: Connection;
  /** What the server was told, in order. */
  acks: Ack[];
  close(): void;
}

/** Connects, greets, and waits for the first Pong, so that latencies are known. */
export async function openConnection(): Promise<RealConnection> {
  const acks: Ack[] = [];
  const listener = Bun.listen<{ splitter: MessageSplitter }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const splitter = new MessageSplitter(4096, (type, body) => {
          if (type === MessageType.hello)
            socket.write(writeWelcome({ version: WIRE_VERSION, software: "test", sourceName: "test" }));
          else if (type === MessageType.ack) acks.push(readAck(body));
          else if (type === MessageType.ping) {
            const { sentAt } = readPing(body);
            socket.write(writePong({ sentAt, receivedAt: sentAt, repliedAt: sentAt }));
          }
        });
        socket.data = { splitter };
      },
      data: (socket, chunk) => socket.data.splitter.feed(chunk),
    },
  });
  const nothing = () => undefined;
  const events = { onWelcome: nothing, onStream: nothing, onPicture: nothing, onTiles: nothing, onNotice: nothing };
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
