// A camera's web server that writes exactly the bytes of a test, even if they are odd.

/** One request of a client. */
export interface Asked {
  /** The number of the request, from 1 on. */
  number: number;
  /** The number of its connection, from 1 on. */
  connection: number;
  /** The request line and the header fields. */
  head: string;
}

/** Writes an answer. Resolves when the answer is complete. The connection stays open unless the answer has closed it. */
export type WriteAnswer = (to: Client, asked: Asked) => Promise<void> | void;

export interface Client {
  /** Writes at once. Text is written as single bytes (Latin-1). Does nothing if the client has disconnected. */
  write(data: string | Uint8Array): void;
  close(): void;
  /** Closes the connection with a reset. */
  reset(): void;
  readonly isGone: boolean;
}

interface State {
  number: number;
  received: string;
  unsent: Buffer[];
  client: Client;
  isGone: boolean;
}

/** Listens until the end of the scope. */
export class RawCamera implements Disposable {
  readonly asked: Asked[] = [];
  connections = 0;
  /** The number of connections that are open now, and the largest number so far. */
  open = 0;
  mostOpen = 0;
  readonly #listener: Bun.TCPSocketListener<State>;
  readonly #clients = new Set<Client>();

  constructor(answer: WriteAnswer) {
    this.#listener = Bun.listen<State>({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        open: (socket) => {
          this.connections++;
          this.mostOpen = Math.max(this.mostOpen, ++this.open);
          const state: State = {
            number: this.connections,
            received: "",
            unsent: [],
            isGone: false,
            client: {
              write(data) {
                if (state.isGone) return;
                const bytes = typeof data === "string" ? Buffer.from(data, "latin1") : Buffer.from(data);
                if (state.unsent.length > 0) return void state.unsent.push(bytes);
                const written = Math.max(0, socket.write(bytes));
                if (written < bytes.length) state.unsent.push(bytes.subarray(written));
                socket.flush();
              },
              close: () => void socket.end(),
              reset: () => void socket.terminate(),
              get isGone() {
                return state.isGone;
              },
            },
          };
          socket.data = state;
          this.#clients.add(state.client);
        },
        drain(socket) {
          const { unsent } = socket.data;
          for (let first = unsent[0]; first !== undefined; first = unsent[0]) {
            const written = Math.max(0, socket.write(first));
            if (written < first.length) {
              unsent[0] = first.subarray(written);
              return;
            }
            unsent.shift();
          }
        },
        data: (socket, bytes) => {
          const state = socket.data;
          state.received += bytes.toString("latin1");
          for (let end = state.received.indexOf("\r\n\r\n"); end >= 0; end = state.received.indexOf("\r\n\r\n")) {
            const asked = {
              number: this.asked.length + 1,
              connection: state.number,
              head: state.received.slice(0, end),
            };
            state.received = state.received.slice(end + 4);
            this.asked.push(asked);
            void answer(state.client, asked);
          }
        },
        close: (socket) => {
          this.open--;
          socket.data.isGone = true;
          this.#clients.delete(socket.data.client);
        },
        error: () => undefined, // the handler of `close` follows
      },
    });
  }

  get port(): number {
    return this.#listener.port;
  }

  /** The address of `path`, with user and password if `user` is given, for example `admin:secret`. */
  address(path: string, user = ""): string {
    return `http://${user === "" ? "" : `${user}@`}127.0.0.1:${this.port}${path}`;
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients) client.reset();
    this.#listener.stop(true);
  }
}

/** The value of a header field of a request, or null if it is missing. */
export function fieldOf({ head }: Asked, name: string): string | null {
  const line = head.split("\r\n").find((text) => text.toLowerCase().startsWith(`${name.toLowerCase()}:`));
  return line?.slice(name.length + 1).trim() ?? null;
}
