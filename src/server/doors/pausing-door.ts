// A door that does not accept while the process can open no more files. A listening socket whose connections cannot be accepted would wake
// the process again and again, and keep a processor busy.

import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { freeFiles } from "../access/open-files.ts";
import type { TcpDoor } from "./tcp.ts";

/** With fewer free files than this the door closes, and with more than the other it opens again. */
const TOO_FEW_FILES = 2;
const ENOUGH_FILES = 8;
const CHECK_MS = 1_000;

export class PausingDoor implements Disposable {
  /** As in TcpDoor. */
  readonly port: number;
  readonly #open: (port: number) => TcpDoor;
  readonly #log: Log;
  /** Null while the door is closed. */
  #door: TcpDoor | null;
  readonly #checking: ReturnType<typeof setInterval>;
  #complaint = "";

  /** `open` opens the door at a port. It throws ConnectionError if that is not possible, and so does this constructor. */
  constructor(open: (port: number) => TcpDoor, port: number, log: Log) {
    this.#open = open;
    this.#log = log;
    this.#door = open(port);
    this.port = this.#door.port;
    this.#checking = setInterval(() => this.#check(), CHECK_MS);
  }

  /** Stops accepting connections for good. Open connections stay. */
  [Symbol.dispose](): void {
    clearInterval(this.#checking);
    this.#door?.close();
    this.#door = null;
  }

  #check(): void {
    const free = freeFiles();
    if (free === null) return;
    if (this.#door !== null && free < TOO_FEW_FILES) {
      this.#door.close();
      this.#door = null;
      this.#log.warning(
        "this process can open no more files (ulimit -n): no viewers are accepted until some are closed",
      );
    } else if (this.#door === null && free > ENOUGH_FILES) {
      this.#reopen();
    }
  }

  #reopen(): void {
    try {
      this.#door = this.#open(this.port);
      this.#complaint = "";
      this.#log.info("viewers are accepted again");
    } catch (error) {
      const text = messageOf(error);
      if (text !== this.#complaint) this.#log.warning(text);
      this.#complaint = text; // It is tried again with the next check.
    }
  }
}
