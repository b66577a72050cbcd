// The route `/stream`: multipart JPEG for programs and browsers that speak plain HTTP.

import type { Role } from "../../access/role.ts";
import type { Session } from "../../access/session.ts";
import type { Refusal } from "../../access/refusal.ts";
import { MULTIPART_TYPE } from "../../deliver/multipart-form.ts";
import type { MultipartConnection, MultipartViewer, MultipartWish } from "../../deliver/multipart-viewer.ts";
import { GoodbyeReason } from "../../../protocol/wire.ts";
import type { TcpState } from "../../deliver/multipart-sender.ts";
import { findSocket, type KernelSocket } from "./kernel-socket.ts";
import { numberIn, switchIn } from "./parameters.ts";
import { type Route, textResponse, type WebHost, type WebRequest } from "./request.ts";

/** The headers are those of ustreamer, for caches of any age. */
export const UNCACHED = {
  "cache-control": "no-store, no-cache, must-revalidate, max-age=0",
  pragma: "no-cache",
  expires: "Mon, 3 Jan 2000 12:34:56 GMT",
} as const;

export function streamRoutes(host: WebHost): Route[] {
  const handle = (request: WebRequest) => answerStream(request, host);
  return [{ path: "/stream", perCamera: true, handle }];
}

/** Answers with the stream of a camera. `camera` is the name if it is not in the path. */
export function answerStream(request: WebRequest, { reception }: WebHost, camera = request.camera): Response {
  const wish = wishOf(request);
  if (typeof wish === "string") return textResponse(400, wish);
  const connection = new StreamConnection(request);
  const viewer = reception.connectMultipart(connection, camera, wish);
  if ("reason" in viewer) {
    reception.refusedRequest(request.ip, request.address, viewer.text);
    return refusalResponse(viewer);
  }
  // The connection is for the stream alone, so a client gets no other answer after it.
  // The last header is for nginx, which would keep old pictures for a slow client.
  const headers = { "content-type": MULTIPART_TYPE, connection: "close", ...UNCACHED, "x-accel-buffering": "no" };
  if (request.request.method === "HEAD") {
    viewer.closed("it asked for the headers only");
    return new Response(null, { headers });
  }
  request.keepOpen();
  return new Response(connection.open(viewer), { headers });
}

/** Answers a request that gets no camera. */
export function refusalResponse({ reason, text }: Refusal): Response {
  if (reason === GoodbyeReason.noCamera) return textResponse(404, text);
  return textResponse(503, text, { "retry-after": "1" });
}

/** Reads the parameters. Returns what is wrong with them as text. */
function wishOf({ request, url: { searchParams } }: WebRequest): MultipartWish | string {
  const width = numberIn(searchParams, "width", 1, 65_535);
  if (typeof width === "string") return width;
  // Chromium needs the headers of the next part to show a picture. Browsers say what kinds of pictures they show, and other
  // programs do not.
  const isBrowser = /\bimage\/(webp|avif|apng|\*)/.test(request.headers.get("accept") ?? "");
  const hasExtraHeaders = switchIn(searchParams, "extra_headers", false);
  return {
    form: {
      advancesHeaders: switchIn(searchParams, "advance_headers", isBrowser && !hasExtraHeaders),
      hasExtraHeaders,
    },
    wantsAll: switchIn(searchParams, "every", false),
    keepsSize: switchIn(searchParams, "keep_size", false),
    size: width === null ? { width: 0, height: 0 } : { width, height: 1 },
  };
}

/** Bun's stream that writes directly to the socket. `write` returns a promise when the socket does not take everything. */
interface DirectController {
  write(bytes: Uint8Array<ArrayBuffer>): number | Promise<number>;
  flush(): number | Promise<number>;
  close(): void;
}

class StreamConnection implements MultipartConnection {
  readonly #request: WebRequest;
  readonly #socket: KernelSocket | null;
  readonly #over = Promise.withResolvers<void>();
  #controller: DirectController | null = null;
  /** The number of bytes of writes that Bun has not passed on completely. */
  #unwrittenBytes = 0;
  #isOpen = true;

  constructor(request: WebRequest) {
    this.#request = request;
    const { peer, localPort } = request;
    this.#socket = findSocket({ peerIp: peer.ip, peerPort: peer.port, localPort });
  }

  get ip(): string {
    return this.#request.ip;
  }

  get address(): string {
    return this.#request.address;
  }

  get role(): Role {
    return this.#request.role;
  }

  get session(): Session | null {
    return this.#request.session;
  }

  /** Returns the body of the answer. The viewer begins when Bun reads it. */
  open(viewer: MultipartViewer): ReadableStream<Uint8Array> {
    const gone = () => {
      this.#isOpen = false;
      viewer.closed("it closed the connection");
      this.#over.resolve();
    };
    this.#request.request.signal.addEventListener("abort", gone, { once: true });
    const source = {
      type: "direct" as const,
      pull: (controller: DirectController) => {
        this.#controller = controller;
        if (this.#isOpen) viewer.begin();
        return this.#over.promise; // Bun would end the answer when the promise resolves.
      },
      cancel: gone,
    };
    return new ReadableStream(source as unknown as Bun.DirectUnderlyingSource<Uint8Array>);
  }

  write(bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOpen || this.#controller === null) return;
    const written = this.#controller.write(bytes);
    const flushed = this.#controller.flush();
    const waits = [written, flushed].find((answer) => answer instanceof Promise);
    if (waits === undefined) return;
    this.#unwrittenBytes += bytes.length;
    const done = () => {
      this.#unwrittenBytes -= bytes.length;
    };
    (waits as Promise<number>).then(done, done); // a rejection means that the connection is gone, which `gone` handles
  }

  get waitingBytes(): number {
    if (!this.#isOpen) return 0;
    return this.#unwrittenBytes + (this.#socket?.waitingBytes ?? 0);
  }

  tcpState(): TcpState | null {
    return this.#isOpen ? (this.#socket?.tcpState() ?? null) : null;
  }

  end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#controller?.close();
    this.#over.resolve();
  }

  abort(): void {
    if (!this.#isOpen) return;
    this.#socket?.reset();
    this.end();
  }
}
