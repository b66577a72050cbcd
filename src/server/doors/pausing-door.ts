// A door that stops accepting connections while the process can open no more files. Otherwise the listening socket would wake the
// process again and again for a connection that cannot be accepted, and keep a processor busy.

import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { freeFiles } from "../access/open-files.ts";
import type { TcpDoor } from "./tcp.ts";

/** The visitors of a door in messages. */
export type Visitors = "viewers" | "browsers";

/** With fewer free files than TOO_FEW_FILES the door closes. With more than ENOUGH_FILES it opens again. */
const TOO_FEW_FILES = 2;
const ENOUGH_FILES = 8;
const CHECK_MS = 1_000;

export class PausingDoor implements Disposable {
  /** The port (see TcpDoor). */
  readonly port: number;
  readonly #open: (port: number) => TcpDoor;
  readonly #visitors: Visitors;
  readonly #log: Log;
  /** Null while the door is closed. */
  #door: TcpDoor | null;
  readonly #checking: ReturnType<typeof setInterval>;
  #complaint = "";

  /** `open` opens the door at a port. If it throws ConnectionError, the constructor throws it too. */
  constructor(open: (port: number) => TcpDoor, port: number, visitors: Visitors, log: Log) {
    this.#open = open;
    this.#visitors = visitors;
    this.#log = log;
    this.#door = open(port);
    this.port = this.#door.port;
    this.#checking = setInterval(() => this.#check(), CHECK_MS);
  }

  /** Stops accepting connections permanently. Open connections stay. */
  [Symbol.dispose](): void {
    clearInterval(this.#checking);
    this.#door?.close();
    this.#door = null;
  }

  /** Closes the door and opens it again, because what it shows to new connections has changed. Open connections stay. */
  renew(): void {
    if (this.#door === null) return; // it is opened again later
    this.#door.close();
    this.#door = null;
    this.#reopen();
  }

  #check(): void {
    const free = freeFiles();
    if (free === null) return;
    if (this.#door !== null && free < TOO_FEW_FILES) {
      this.#door.close();
      this.#door = null;
      this.#log.warning(
        `this process can open no more files (ulimit -n): no ${this.#visitors} are accepted until some are closed`,
      );
    } else if (this.#door === null && free > ENOUGH_FILES) {
      if (this.#reopen()) this.#log.info(`${this.#visitors} are accepted again`);
    }
  }

  #reopen(): boolean {
    try {
      this.#door = this.#open(this.port);
      this.#complaint = "";
      return true;
    } catch (error) {
      const text = messageOf(error);
      if (text !== this.#complaint) this.#log.warning(text);
      this.#complaint = text; // the next check tries again
      return false;
    }
  }
}
