// A server of an older version, whose answers a test chooses.

import type { AskedServer } from "../../src/connect/ask.ts";
import { withoutKey } from "../../src/connect/server-access.ts";
import { writeWelcome } from "../../src/protocol/greeting.ts";
import { readPing, writePing, writePong } from "../../src/protocol/messages.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { MessageType, WIRE_VERSION } from "../../src/protocol/wire.ts";

/**
 * An older server. It has one camera, greets and pings, and skips messages that it does not know. `answers` are its answers to other
 * messages.
 */
export function listenAsOlderServer(
  sourceName = "only one",
  answers = new Map<number, Uint8Array[]>(),
): { port: number; close: () => void } {
  const listener = Bun.listen<{ splitter: MessageSplitter }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        const splitter = new MessageSplitter(4096, (type, body) => {
          if (type === MessageType.hello) {
            socket.write(writeWelcome({ version: WIRE_VERSION, software: "slipstream 0", sourceName }));
            socket.write(writePing({ sentAt: 1 }));
          } else if (type === MessageType.ping) {
            socket.write(writePong({ ...readPing(body), receivedAt: 1, repliedAt: 1 }));
          }
          for (const answer of answers.get(type) ?? []) socket.write(answer);
        });
        socket.data = { splitter };
      },
      data: (socket, chunk) => socket.data.splitter.feed(chunk),
    },
  });
  return { port: listener.port, close: () => listener.stop(true) };
}

/** The server on this port of this machine, for questions. */
export function askedServer(port: number): AskedServer {
  const address = { host: "127.0.0.1", port, camera: "" };
  return { address, access: withoutKey(address) };
}
