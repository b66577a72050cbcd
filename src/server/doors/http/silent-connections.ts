// Ends connections of the HTTP door that have sent no request, when there are many of them.
//
// Bun.serve tells neither when a connection opens nor how many there are, and ends a silent one after 12 s. Thousands of silent
// connections would use up the files of the process, and then no door could accept a viewer. So their number is kept low by
// looking at the open files of the process. Without /proc they end after 12 s only.

import { addressGroup } from "../../access/address-group.ts";
import { freeFiles, openFiles } from "../../access/open-files.ts";
import { type NamedSocket, peerName, socketsAt } from "./kernel-socket.ts";

/** The most files for silent connections and for what the cameras open, beyond those of the viewers. */
const SPARE_FILES = 256;
/** With few files for the process, the share of those that the viewers do not use. The rest is for viewers that come. */
const SPARE_SHARE = 0.5;
/** An address with more silent connections loses all of them first. Browsers open fewer. */
const MOST_OF_ADDRESS = 8;
/** The names of so many connections are kept before those of closed ones are removed. */
const MOST_NAMES = 4096;
const CHECK_MS = 50;

export interface SilentConnectionsOptions {
  /** The port of the door. */
  port: number;
  /** Returns the number of connections of viewers at all doors. */
  countViewers: () => number;
  /** Called with the number of connections that were ended. */
  onEnded: (count: number) => void;
}

export class SilentConnections implements Disposable {
  readonly #options: SilentConnectionsOptions;
  /** The names of connections that have sent a request. */
  readonly #heard = new Set<string>();
  /** The numbers of open and of free files at the start. */
  readonly #open: number;
  readonly #free: number;
  readonly #checking: ReturnType<typeof setInterval>;

  constructor(options: SilentConnectionsOptions) {
    this.#options = options;
    this.#open = openFiles() ?? 0;
    this.#free = freeFiles() ?? Number.POSITIVE_INFINITY;
    this.#checking = setInterval(() => this.#check(), CHECK_MS);
    this.#checking.unref();
  }

  [Symbol.dispose](): void {
    clearInterval(this.#checking);
  }

  /** Notes that a connection has sent a request. */
  heard(ip: string, port: number): void {
    this.#heard.add(peerName(ip, port));
  }

  #check(): void {
    const viewers = this.#options.countViewers();
    const others = (openFiles() ?? 0) - this.#open - viewers;
    if (others > Math.min(SPARE_FILES, SPARE_SHARE * (this.#free - viewers))) this.#endSilent();
    else if (this.#heard.size > MOST_NAMES) this.#find();
  }

  #endSilent(): void {
    const groups = Map.groupBy(this.#find(), ({ ip }) => addressGroup(ip));
    const crowds = [...groups.values()].filter((sockets) => sockets.length > MOST_OF_ADDRESS);
    const ended = (crowds.length > 0 ? crowds : [...groups.values()]).flat();
    for (const { socket } of ended) socket.reset();
    if (ended.length > 0) this.#options.onEnded(ended.length);
  }

  /** Returns the silent connections. Forgets the names of those that are closed. */
  #find(): NamedSocket[] {
    const sockets = [...socketsAt(this.#options.port)];
    const open = new Set(sockets.map(({ name }) => name));
    for (const name of this.#heard) if (!open.has(name)) this.#heard.delete(name);
    return sockets.filter(({ name }) => !this.#heard.has(name));
  }
}
