// Hostile peers of one kind in a process of their own. They connect, misbehave, and connect again when they are disconnected.
//
// Usage: bun test/support/hostile-peers.ts PORT KIND COUNT [HOST]     prints a HostileReport ten times a second

import type { Socket } from "bun";
import { writeControlsAsked } from "../../src/protocol/controls.ts";
import { writeHello } from "../../src/protocol/greeting.ts";
import { writeProof } from "../../src/protocol/handshake.ts";
import { writePing, writeWish } from "../../src/protocol/messages.ts";
import { newNonce } from "../../src/protocol/proof.ts";
import { HEADER_BYTES, KEY_ID_BYTES, MessageType, WEB_SOCKET_PROTOCOL, WIRE_VERSION } from "../../src/protocol/wire.ts";
import { upgradeRequest, webSocketFrame } from "./raw-web-socket.ts";

export interface HostileReport {
  /** Connections that are open at present. */
  open: number;
  /** All connections so far. */
  connects: number;
  /** Connections that the server has ended or refused. */
  ended: number;
}

/** The first bytes of a handshake record of 512 bytes with a ClientHello (RFC 8446, 4.1.2 and 5.1). */
const HALF_CLIENT_HELLO = Buffer.from(`1603010200010001fc0303${"5a".repeat(32)}00`, "hex");
/** A whole handshake record in which nothing makes sense. */
const TLS_GARBAGE = Buffer.from(`1603010040${"a7".repeat(64)}`, "hex");

const HELLO = writeHello({ version: WIRE_VERSION, software: "hostile", camera: "", paused: false, canProve: true });
const REQUEST = Buffer.from("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
const UPGRADE = upgradeRequest("/ws", { protocol: WEB_SOCKET_PROTOCOL });
const UPGRADE_AND_FRAGMENT = Buffer.concat([UPGRADE, webSocketFrame("binary", new Uint8Array(1), { isLast: false })]);
const UPGRADE_AND_HELLO = Buffer.concat([UPGRADE, webSocketFrame("binary", HELLO)]);

/** The behaviour of each kind after it has connected. */
const KINDS = {
  /** Sends no bytes. It pauses, so that hundreds of them do not use up the new connections of their address, which a good viewer there needs, too. */
  silent: { pauseMs: 2_000 },
  /** Sends its Hello at one byte a second. */
  "slow-greeting": { bytesPerSecond: 1 },
  /** Watches, but reads no bytes. */
  unread: { greets: true, readsNothing: true },
  pings: { greets: true, flood: () => writePing({ sentAt: 1 }) },
  wishes: {
    greets: true,
    flood: (turn: number) => writeWish({ paused: false, keepsSize: false, width: 100 + (turn % 1000), height: 100 }),
  },
  questions: { greets: true, readsNothing: true, flood: () => writeControlsAsked() },
  /** Proves wrong keys, to a server that needs one. */
  "wrong-keys": { greets: true, provesWrongly: true },
  garbage: { flood: (turn: number) => new Uint8Array(64).fill(turn) },
  /** Closes the connection at once. */
  "connect-close": { hangsUp: true },
  /** Begins a TLS handshake and sends no further bytes. */
  "half-handshake": { needsTls: true, opening: HALF_CLIENT_HELLO, pauseMs: 2_000 },
  "tls-garbage": { needsTls: true, opening: TLS_GARBAGE },
  /** Closes the connection when the TLS handshake is done, which costs the server a signature each time. */
  "tls-handshakes": { needsTls: true, speaksTls: true, hangsUp: true },
  /** Watches over TLS, but reads no bytes. */
  "tls-unread": { needsTls: true, speaksTls: true, greets: true, readsNothing: true },
  /** Sends no bytes to the HTTP door. */
  "http-silent": { needsHttp: true, pauseMs: 2_000 },
  /** Sends one request to the HTTP door, and keeps the connection open. */
  "http-once": { needsHttp: true, opening: REQUEST, pauseMs: 2_000 },
  /** Sends the headers of a request at one byte a second. */
  "http-slow-headers": { needsHttp: true, opening: REQUEST.subarray(0, -2), bytesPerSecond: 1 },
  /** Sends requests and reads no answers. */
  "http-requests": { needsHttp: true, readsNothing: true, flood: () => REQUEST },
  /** Sends requests for a name that is not the server's. */
  "http-foreign-names": { needsHttp: true, flood: () => Buffer.from("GET / HTTP/1.1\r\nHost: example.org\r\n\r\n") },
  /** Sends pings of a WebSocket, which the server's runtime answers. */
  "web-socket-pings": { needsHttp: true, opening: UPGRADE, flood: () => webSocketFrame("ping", new Uint8Array(125)) },
  /** Begins a message of a WebSocket and continues it without end and without bytes. */
  "web-socket-fragments": {
    needsHttp: true,
    opening: UPGRADE_AND_FRAGMENT,
    flood: () => webSocketFrame("more", new Uint8Array()),
  },
  /** Greets over a WebSocket, and reads no bytes. */
  "web-socket-unread": { needsHttp: true, opening: UPGRADE_AND_HELLO, readsNothing: true },
} satisfies Record<string, Habits>;

export type HostileKind = keyof typeof KINDS;
export const HOSTILE_KINDS = Object.keys(KINDS) as HostileKind[];

/** Whether the server needs TLS for this kind to be hostile. */
export function needsTls(kind: HostileKind): boolean {
  const habits: Habits = KINDS[kind];
  return habits.needsTls === true;
}

/** Whether the kind is for the server's HTTP door. */
export function needsHttp(kind: HostileKind): boolean {
  const habits: Habits = KINDS[kind];
  return habits.needsHttp === true;
}

interface Habits {
  /** The kind is meant for the HTTP door. */
  needsHttp?: boolean;
  /** The kind is meant for a server with TLS. */
  needsTls?: boolean;
  /** Speaks TLS and begins when the handshake is done. */
  speaksTls?: boolean;
  /** The first bytes. */
  opening?: Uint8Array;
  greets?: boolean;
  readsNothing?: boolean;
  /** Answers each Challenge with a wrong Proof. */
  provesWrongly?: boolean;
  bytesPerSecond?: number;
  hangsUp?: boolean;
  /** The pause before a disconnected peer connects again. Default: PAUSE_MS. */
  pauseMs?: number;
  /** Makes the messages of an endless flood. */
  flood?: (turn: number) => Uint8Array;
}

/** Floods are written in chunks of about this size. */
const CHUNK_BYTES = 16 * 1024;
const PAUSE_MS = 20;

function wrongProof(): Uint8Array {
  return writeProof({ keyId: newNonce().subarray(0, KEY_ID_BYTES), nonce: newNonce(), proof: newNonce() });
}

class HostilePeers {
  readonly report: HostileReport = { open: 0, connects: 0, ended: 0 };
  readonly #port: number;
  readonly #host: string;
  readonly #habits: Habits;

  constructor(port: number, kind: HostileKind, host: string) {
    this.#port = port;
    this.#host = host;
    this.#habits = KINDS[kind];
  }

  /** Keeps one peer connected. */
  async run(): Promise<never> {
    for (;;) {
      await this.#connectOnce().catch(() => undefined); // the connection was refused; the next attempt comes as after any other end
      await Bun.sleep(this.#habits.pauseMs ?? PAUSE_MS);
    }
  }

  async #connectOnce(): Promise<void> {
    const { report } = this;
    const closed = Promise.withResolvers<void>();
    report.connects++;
    let chunk: Uint8Array = new Uint8Array();
    let offset = 0;
    const flood = (socket: Socket) => {
      while (chunk.length > 0) {
        const taken = socket.write(chunk.subarray(offset));
        if (taken < 0) return;
        const isFull = taken < chunk.length - offset;
        offset = (offset + taken) % chunk.length;
        if (isFull) return;
      }
    };
    const speaksTls = this.#habits.speaksTls === true;
    const begin = (socket: Socket) => {
      chunk = this.#begin(socket);
      setImmediate(() => flood(socket));
    };
    await Bun.connect({
      hostname: this.#host,
      port: this.#port,
      ...(speaksTls ? { tls: { rejectUnauthorized: false } } : {}),
      socket: {
        open: (socket) => {
          report.open++;
          if (!speaksTls) begin(socket);
        },
        handshake: (socket) => {
          if (speaksTls) begin(socket);
        },
        data: (socket, chunk) => {
          if (this.#habits.provesWrongly && chunk[HEADER_BYTES - 1] === MessageType.challenge)
            socket.write(wrongProof());
        },
        drain: flood,
        close: () => {
          report.open--;
          report.ended++;
          closed.resolve();
        },
        error: () => undefined, // the handler of `close` follows
      },
    });
    await closed.promise;
  }

  /** Returns the next bytes of a flood. */
  #begin(socket: Socket): Uint8Array {
    const { opening, greets, readsNothing, bytesPerSecond, hangsUp, flood } = this.#habits;
    if (opening !== undefined) socket.write(opening);
    if (greets) socket.write(HELLO);
    if (readsNothing) socket.pause();
    if (hangsUp) socket.end();
    if (bytesPerSecond !== undefined) void this.#dribble(socket, bytesPerSecond);
    const messages: Uint8Array[] = [];
    for (let bytes = 0, turn = 0; flood !== undefined && bytes < CHUNK_BYTES; turn++) {
      const message = flood(turn);
      messages.push(new Uint8Array(message));
      bytes += message.length;
    }
    return Buffer.concat(messages);
  }

  async #dribble(socket: Socket, bytesPerSecond: number): Promise<void> {
    for (const byte of this.#habits.needsHttp ? Buffer.from("X-Slow: ".padEnd(4096, "a")) : HELLO) {
      if (socket.write(new Uint8Array([byte])) < 0) return;
      await Bun.sleep(1000 / bytesPerSecond);
    }
  }
}

if (import.meta.main) {
  const [port = "", kind = "", count = "", host = "127.0.0.1"] = process.argv.slice(2);
  const peers = new HostilePeers(Number(port), kind as HostileKind, host);
  for (let peer = 0; peer < Number(count); peer++) void peers.run();
  setInterval(() => console.log(JSON.stringify(peers.report)), 100);
}
