// Requests an address of a camera whose answers `fetch` refuses, or whose answers have a wrong length. Each request has its own
// connection.

import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { onAbort } from "../../core/on-abort.ts";
import { Unchunker } from "./chunked-body.ts";
import { type AnswerHead, readHead } from "./lenient-head.ts";

export interface LenientRequest {
  fields: Readonly<Record<string, string>>;
  /** The trusted certificates as PEM. Null means the certificates of the public authorities. */
  certificate: string | null;
  /** When this signal aborts, the connection ends, even while the body is read. */
  signal: AbortSignal;
}

/**
 * Sends a request and resolves when the head of the answer has come. The body ends where the camera closes the connection.
 * Rejects with the error of the socket.
 */
export async function fetchLeniently(url: URL, { fields, certificate, signal }: LenientRequest): Promise<Response> {
  signal.throwIfAborted();
  const socket = openSocket(url, certificate);
  const stopping = onAbort(signal, () => socket.destroy(signal.reason));
  socket.once("close", () => stopping[Symbol.dispose]());
  // The request is HTTP/1.0, which has neither chunked bodies nor further requests on the connection. Cameras whose answers have a
  // malformed header often handle both wrongly, too.
  const lines = Object.entries({ Host: url.host, ...fields, Connection: "close" }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.write(Buffer.from(`GET ${url.pathname}${url.search} HTTP/1.0\r\n${lines.join("\r\n")}\r\n\r\n`, "latin1"));
  const chunks: AsyncIterator<Buffer> = socket[Symbol.asyncIterator]();
  let bytes = Buffer.alloc(0);
  for (;;) {
    const { done = false, value } = await chunks.next();
    if (!done) bytes = Buffer.concat([bytes, value]);
    const head = readHead(bytes, done);
    if (head !== null) return answerOf(head, bytes.subarray(head.bodyAt), chunks);
    if (done) throw new Error("the connection was closed before the answer");
  }
}

function openSocket({ protocol, hostname, port }: URL, certificate: string | null) {
  const host = hostname.replace(/^\[|\]$/g, "");
  if (protocol !== "https:") return connect({ host, port: Number(port || 80) });
  const trust = certificate === null ? {} : { ca: certificate, checkServerIdentity: () => undefined };
  return connectTls({ host, port: Number(port || 443), servername: host, ...trust });
}

function answerOf({ status, statusText, headers }: AnswerHead, first: Buffer, chunks: AsyncIterator<Buffer>): Response {
  const unchunker = /chunked/i.test(headers.get("Transfer-Encoding") ?? "") ? new Unchunker() : null;
  let restBytes = unchunker === null ? bodyBytes(headers) : Infinity;
  const take = (controller: ReadableStreamDefaultController<Uint8Array>, chunk: Uint8Array) => {
    const body = unchunker === null ? chunk.subarray(0, restBytes) : unchunker.take(chunk);
    restBytes -= body.length;
    if (body.length > 0) controller.enqueue(body);
    if (restBytes > 0 && unchunker?.isOver !== true) return;
    controller.close();
    void chunks.return?.();
  };
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => take(controller, first),
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else take(controller, value);
    },
    cancel: async () => void (await chunks.return?.()),
  });
  // By the Fetch Standard, a Response with these must not have a body.
  const hasBody = status !== 204 && status !== 205 && status !== 304;
  return new Response(hasBody ? body : null, { status, statusText, headers });
}

/**
 * Returns the number of bytes of the body, as far as the head tells it. In multipart answers, Content-Length is often the length
 * of a part, so it is not used.
 */
function bodyBytes(headers: Headers): number {
  const length = headers.get("Content-Length") ?? "";
  const isStream = /^multipart\//i.test(headers.get("Content-Type") ?? "");
  return isStream || !/^\d+$/.test(length) || Number(length) === 0 ? Infinity : Number(length);
}
