// The bytes of a TCP connection as a stream. When the reader is slow, the sender has to wait.

import { SourceError } from "../../core/errors.ts";
import { onAbort } from "../../core/on-abort.ts";
import type { NetworkAddress } from "./address.ts";

/** The time limit for a connection. A machine that is switched on answers within it, even over a bad link. */
const CONNECT_PATIENCE_MS = 10_000;
/** The largest number of bytes that wait in the stream. When there are more, the sender has to wait. */
const MAX_WAITING_BYTES = 1 << 20;

/**
 * Connects. Rejects with the system's error, with SourceError when no answer comes in time, and with the reason of `signal` when
 * it aborts. `signal` also ends the stream. `name` is the camera's name for error messages.
 */
export async function connectTcp(
  { host, port }: NetworkAddress,
  name: string,
  signal: AbortSignal,
): Promise<ReadableStream<Uint8Array>> {
  const patience = AbortSignal.timeout(CONNECT_PATIENCE_MS);
  const connection = new TcpStream(signal);
  const connecting = Bun.connect({ hostname: host, port, socket: connection.handler });
  const failed = Promise.withResolvers<never>();
  using _aborted = onAbort(signal, () => failed.reject(signal.reason));
  using _late = onAbort(patience, () => {
    failed.reject(new SourceError(`cannot read video from ${name}: it does not answer`, { retry: "growing" }));
  });
  try {
    connection.socket = await Promise.race([connecting, failed.promise]);
  } catch (error) {
    connecting.then(
      (socket) => socket.terminate(),
      () => undefined, // the connection failed after the time limit, so the failure no longer matters
    );
    throw error;
  }
  return connection.stream;
}

class TcpStream {
  readonly stream: ReadableStream<Uint8Array>;
  readonly handler: Bun.SocketHandler<unknown>;
  socket: Bun.Socket<unknown> | null = null;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isOver = false;

  constructor(signal: AbortSignal) {
    this.stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => void this.socket?.resume(),
        cancel: () => this.#end(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: MAX_WAITING_BYTES }),
    );
    const stopping = onAbort(signal, () => this.#end(signal.reason));
    this.handler = {
      data: (socket, chunk) => {
        if (this.#isOver) return;
        this.#controller.enqueue(chunk);
        if ((this.#controller.desiredSize ?? 0) <= 0) socket.pause();
      },
      close: (_, error) => {
        stopping[Symbol.dispose]();
        this.#end(error);
      },
      error: (_, error) => this.#end(error),
    };
  }

  #end(error?: unknown): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.socket?.terminate();
    if (error === undefined || error === null) this.#controller.close();
    else this.#controller.error(error);
  }
}
