// The socket of a service manager: a Unix datagram socket of Python, because Bun has none. It keeps what services tell.

import { DEBIAN_PYTHON } from "../../scripts/setup/package-table.ts";
import { eachLine } from "./programs.ts";
import { until } from "./wait-until.ts";

const SCRIPT = `
import socket, sys
name = sys.argv[1]
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
while True:
    print(listener.recv(65536).decode().replace("\\n", " | "), flush=True)
`;

/** A test fails when it has waited this long for a message. */
const PATIENCE_MS = 20_000;

export class NotifySocket implements AsyncDisposable {
  /** The messages so far, with their lines joined by " | ". */
  readonly messages: string[] = [];
  readonly #child: Bun.Subprocess<"ignore", "pipe", "inherit">;

  private constructor(name: string) {
    this.#child = Bun.spawn([DEBIAN_PYTHON, "-c", SCRIPT, name], {
      stdin: "ignore",
      stdout: "pipe",
      stderr: "inherit",
    });
    void eachLine(this.#child.stdout, (line) => this.messages.push(line));
  }

  /** Opens a socket. A name that begins with @ is in the abstract namespace. */
  static async open(name: string): Promise<NotifySocket> {
    const socket = new NotifySocket(name);
    await socket.until("the socket", (messages) => messages[0] === "bound");
    socket.messages.shift();
    return socket;
  }

  async until(what: string, isTrue: (messages: readonly string[]) => boolean): Promise<void> {
    await until(() => isTrue(this.messages), what, PATIENCE_MS);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#child.exited;
  }
}
