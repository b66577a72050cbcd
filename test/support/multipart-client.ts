// A client of a multipart stream over HTTP/1.0, which has no chunks. It can stop reading its socket.

import type { Socket } from "bun";
import { until } from "./wait-until.ts";

export interface MultipartPart {
  headers: Record<string, string>;
  body: Buffer;
  /** The time when the last byte of the part was read (performance.now). */
  readAt: number;
}

export class MultipartClient {
  readonly parts: MultipartPart[] = [];
  status = 0;
  headers: Record<string, string> = {};
  receivedBytes = 0;
  isClosed = false;
  /** Bytes that are not a whole part yet. */
  rest: Buffer = Buffer.alloc(0);
  #socket: Socket | null = null;

  static async open(port: number, path: string, headers: Record<string, string> = {}): Promise<MultipartClient> {
    const client = new MultipartClient();
    const lines = Object.entries({ Host: `127.0.0.1:${port}`, ...headers }).map(([name, value]) => `${name}: ${value}`);
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => void socket.write(`GET ${path} HTTP/1.0\r\n${lines.join("\r\n")}\r\n\r\n`),
        data: (_socket, chunk) => client.#take(chunk),
        close: () => {
          client.isClosed = true;
        },
      },
    });
    return client;
  }

  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  close(): void {
    this.#socket?.terminate();
  }

  /** Waits for at least this many parts. */
  async wait(count: number): Promise<MultipartPart[]> {
    await until(() => this.parts.length >= count || this.isClosed, `${count} parts`, 30_000);
    return this.parts;
  }

  #take(chunk: Uint8Array): void {
    this.receivedBytes += chunk.length;
    this.rest = Buffer.concat([this.rest, chunk]);
    if (this.status === 0) this.#takeHead();
    if (this.status !== 0) while (this.#takePart()) {}
  }

  #takeHead(): void {
    const end = this.rest.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = this.rest.subarray(0, end).toString("latin1");
    this.status = Number(head.split(" ")[1]);
    this.headers = fieldsOf(head.slice(head.indexOf("\r\n") + 2));
    this.rest = this.rest.subarray(end + 4);
  }

  #takePart(): boolean {
    const delimiter = `--${/boundary="?([^";]+)/.exec(this.headers["content-type"] ?? "")?.[1]}`;
    const start = this.rest.indexOf(delimiter);
    const headEnd = this.rest.indexOf("\r\n\r\n", start);
    if (start < 0 || headEnd < 0) return false;
    const headers = fieldsOf(this.rest.subarray(start + delimiter.length + 2, headEnd).toString("latin1"));
    const length = headers["content-length"];
    const bodyAt = headEnd + 4;
    const end = length === undefined ? this.rest.indexOf(`\r\n${delimiter}`, bodyAt) : bodyAt + Number(length);
    if (end < 0 || this.rest.length < end) return false;
    this.parts.push({ headers, body: Buffer.from(this.rest.subarray(bodyAt, end)), readAt: performance.now() });
    this.rest = this.rest.subarray(end);
    return true;
  }
}

function fieldsOf(text: string): Record<string, string> {
  const lines = text.split("\r\n").filter((line) => line.includes(":"));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
}
