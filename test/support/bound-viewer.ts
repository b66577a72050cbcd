// A viewer that connects from an address that the test chooses, acknowledges its pictures, and counts bytes.

import { createConnection, type Socket } from "node:net";
import { Connection } from "../../src/connect/connection.ts";
import { GONE } from "../../src/protocol/transport.ts";

export class BoundViewer implements Disposable {
  /** All bytes that were received. */
  bytes = 0;
  frames = 0;
  readonly connection: Connection;
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const acknowledge = (frameNumber: number) => {
      this.frames++;
      this.connection.acknowledge({ frameNumber, outcome: "shown", transferMicros: 1, workMicros: 1, paceMicros: 1 });
    };
    const transport = {
      write(bytes: Uint8Array) {
        if (socket.destroyed) return GONE;
        socket.write(new Uint8Array(bytes));
        return bytes.length;
      },
      bufferedBytes: 0,
      end: () => void socket.end(),
      abort: () => void socket.destroy(),
    };
    this.connection = new Connection(
      transport,
      { host: "127.0.0.1", port: 1, camera: "" },
      {
        onWelcome: () => undefined,
        onStream: () => undefined,
        onNotice: () => undefined,
        onPicture: ({ frameNumber }) => acknowledge(frameNumber),
        onTiles: ({ frameNumber, isLast }) => {
          if (isLast) acknowledge(frameNumber);
        },
      },
    );
    socket.on("data", (chunk: Buffer) => {
      this.bytes += chunk.length;
      this.connection.receive(chunk);
    });
    socket.on("close", () => this.connection.closed("it closed the connection"));
    socket.on("error", () => undefined); // the handler of `close` follows
  }

  /** Connects from `localAddress` to a server on 127.0.0.1. The server sends pictures of the full size only. */
  static async connect(port: number, localAddress: string): Promise<BoundViewer> {
    const socket = createConnection({ host: "127.0.0.1", port, localAddress });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    const viewer = new BoundViewer(socket);
    viewer.connection.wish({ paused: false, keepsSize: true, width: 0, height: 0 });
    return viewer;
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}
