// A connection of raw bytes to a server, for tests of unknown peers. It sends the bytes of the test and keeps the answers.

import { createConnection, type Socket } from "node:net";
import { MessageSplitter } from "../../src/protocol/splitter.ts";
import { HEADER_BYTES, MAX_SERVER_MESSAGE_BYTES, MessageType } from "../../src/protocol/wire.ts";
import { until } from "./wait-until.ts";

interface ReceivedMessage {
  type: number;
  body: Uint8Array;
}

export class RawPeer implements Disposable {
  readonly messages: ReceivedMessage[] = [];
  isClosed = false;
  readonly #socket: Socket;
  readonly #splitter = new MessageSplitter(MAX_SERVER_MESSAGE_BYTES, (type, body) =>
    this.messages.push({ type, body: new Uint8Array(body) }),
  );

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => this.#splitter.feed(chunk));
    socket.on("error", () => undefined); // the handler of `close` follows
    socket.on("close", () => {
      this.isClosed = true;
    });
  }

  /** Connects to a server on 127.0.0.1, from an address of the loopback network. */
  static async connect(port: number, localAddress = "127.0.0.1"): Promise<RawPeer> {
    const socket = createConnection({ host: "127.0.0.1", port, localAddress });
    await new Promise<void>((resolve, reject) => socket.once("connect", resolve).once("error", reject));
    return new RawPeer(socket);
  }

  send(...messages: Uint8Array[]): this {
    for (const message of messages) this.#socket.write(new Uint8Array(message));
    return this;
  }

  /** Waits for a message of this type, or for the end of the connection, and returns the message. */
  async receive(type: number): Promise<ReceivedMessage | undefined> {
    const found = () => this.messages.find((message) => message.type === type);
    await until(() => found() !== undefined || this.isClosed, `message ${type}`, 10_000);
    return found();
  }

  /** Waits for the Goodbye, and returns its reason and the types of all messages. */
  async farewell(): Promise<{ reason: number | undefined; text: string; types: number[] }> {
    const goodbye = await this.receive(MessageType.goodbye);
    const text = Buffer.from(goodbye?.body.subarray(3) ?? []).toString();
    return { reason: goodbye?.body[0], text, types: this.messages.map((message) => message.type) };
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** The body of a whole message. */
export function bodyOf(message: Uint8Array): Uint8Array {
  return message.subarray(HEADER_BYTES);
}
