// Ends connections of the HTTP door that carry no viewer, when there are many of them.
//
// Bun.serve tells neither when a connection opens nor how many there are, and ends a silent one after 12 s. Thousands of silent
// connections would use up the files of the process, and then no door could accept a viewer. So would connections that send one
// request each and stay open. So their number is kept low by looking at the open files of the process. Those that have sent no
// request end first. Without /proc they end after 12 s only.

import { addressGroup } from "../../access/address-group.ts";
import { freeFiles, openFiles } from "../../access/open-files.ts";
import { type NamedSocket, peerName, socketsAt } from "./kernel-socket.ts";

/** The largest number of files for silent connections and for what the cameras open, beyond those of the viewers. */
const SPARE_FILES = 256;
/** With few files for the process, the share of those that the viewers do not use. The rest is for viewers that come. */
const SPARE_SHARE = 0.5;
/** An address with more silent connections loses all of them first. Browsers open fewer. */
const MOST_OF_ADDRESS = 8;
/** The same for connections that have sent a request. Several browsers may share an address. */
const MOST_HEARD_OF_ADDRESS = 32;
/** The names of this many connections are kept before those of closed ones are removed. */
const MOST_NAMES = 4096;
const CHECK_MS = 50;
/** After this many new connections with a request, the next check comes early. */
const CHECK_EACH = 16;

export interface IdleConnectionsOptions {
  /** The port of the door. */
  port: number;
  /** Returns the number of connections of viewers at all doors. */
  countViewers: () => number;
  /** Called with the number of connections that were ended. */
  onEnded: (count: number) => void;
}

export class IdleConnections implements Disposable {
  readonly #options: IdleConnectionsOptions;
  /** The names of connections that have sent a request. */
  readonly #heard = new Set<string>();
  /** The names of connections that carry viewers. */
  readonly #viewers = new Set<string>();
  /** The numbers of open and of free files at the start. */
  readonly #open: number;
  readonly #free: number;
  #heardSinceCheck = 0;
  readonly #checking: ReturnType<typeof setInterval>;

  constructor(options: IdleConnectionsOptions) {
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
    const name = peerName(ip, port);
    if (this.#heard.has(name)) return;
    this.#heard.add(name);
    if (++this.#heardSinceCheck >= CHECK_EACH) this.#check();
  }

  /** Notes that a connection carries a viewer, whose number has limits of its own. */
  carriesViewer(ip: string, port: number): void {
    this.#viewers.add(peerName(ip, port));
  }

  #check(): void {
    this.#heardSinceCheck = 0;
    const viewers = this.#options.countViewers();
    const others = (openFiles() ?? 0) - this.#open - viewers;
    if (others > this.#most(viewers)) this.#endExcess(viewers);
    else if (this.#heard.size > MOST_NAMES || this.#viewers.size > MOST_NAMES) this.#find();
  }

  #most(viewers: number): number {
    return Math.min(SPARE_FILES, SPARE_SHARE * (this.#free - viewers));
  }

  #endExcess(viewers: number): void {
    const idle = this.#find();
    const excess = idle.length - this.#most(viewers);
    if (excess <= 0) return; // others have opened files since the start, for example cameras
    const silent = idle.filter(({ name }) => !this.#heard.has(name));
    const heard = idle.filter(({ name }) => this.#heard.has(name));
    const choices = [
      () => crowds(silent, MOST_OF_ADDRESS),
      () => silent,
      () => crowds(heard, MOST_HEARD_OF_ADDRESS),
      () => heard,
    ];
    const ended = new Set<NamedSocket>();
    for (const choose of choices) {
      if (ended.size < excess) for (const each of choose()) ended.add(each);
    }
    for (const { socket } of ended) socket.reset();
    if (ended.size > 0) this.#options.onEnded(ended.size);
  }

  /** Returns the connections without a viewer. Forgets the names of those that are closed. */
  #find(): NamedSocket[] {
    const sockets = [...socketsAt(this.#options.port)];
    const open = new Set(sockets.map(({ name }) => name));
    for (const names of [this.#heard, this.#viewers]) {
      for (const name of names) if (!open.has(name)) names.delete(name);
    }
    return sockets.filter(({ name }) => !this.#viewers.has(name));
  }
}

/** Returns the connections of addresses that have more than `most` of them. */
function crowds(sockets: readonly NamedSocket[], most: number): NamedSocket[] {
  const groups = Map.groupBy(sockets, ({ ip }) => addressGroup(ip));
  return [...groups.values()].filter(({ length }) => length > most).flat();
}
