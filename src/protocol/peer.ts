// One end of a connection, the same for server and viewer: greeting, size limits, pings, silence and goodbye.

import { type Micros, nowMicros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { SOFTWARE } from "../core/version.ts";
import { ClockOffset } from "./clock-offset.ts";
import { readGoodbye, readGreetingVersion, writeGoodbye } from "./greeting.ts";
import { readPing, readPong, writePing, writePong } from "./messages.ts";
import { Outbox } from "./outbox.ts";
import { MessageSplitter } from "./splitter.ts";
import type { Transport, TransportEvents } from "./transport.ts";
import {
  FIRST_OPTIONAL_TYPE,
  GoodbyeReason,
  GREETING_TIMEOUT_MS,
  MAX_GREETING_BYTES,
  MAX_SERVER_MESSAGE_BYTES,
  MAX_VIEWER_MESSAGE_BYTES,
  MessageType,
  SILENCE_TIMEOUT_MS,
  WIRE_VERSION,
} from "./wire.ts";

/** With this many messages waiting, pings are no longer answered: the other side asks and does not read. */
const MAX_WAITING_MESSAGES = 64;

/** How long the other side may take to read the goodbye. */
const GOODBYE_TIMEOUT_MS = 1_000;

interface Role {
  /** The message that the other side greets with. */
  greeting: number;
  /** The longest message of the other side after the greeting. */
  maxMessageBytes: number;
  /** The other side as an error names it: `message type 7, which a viewer never sends`. */
  sender: string;
  /** The other side as the subject of a sentence. */
  subject: string;
  /** What is said when the first bytes are not Slipstream's. */
  stranger: string;
  otherVersion: (version: number) => string;
}

const ROLES = {
  server: {
    greeting: MessageType.hello,
    maxMessageBytes: MAX_VIEWER_MESSAGE_BYTES,
    sender: "a viewer",
    subject: "it",
    stranger: "it does not speak Slipstream's protocol",
    otherVersion: (version) =>
      `it speaks version ${version} of the protocol, this server (${SOFTWARE}) version ${WIRE_VERSION}`,
  },
  viewer: {
    greeting: MessageType.welcome,
    maxMessageBytes: MAX_SERVER_MESSAGE_BYTES,
    sender: "a server",
    subject: "the server",
    stranger: "what listens there is no Slipstream server",
    otherVersion: (version) => `the server speaks version ${version}`,
  },
} satisfies Record<string, Role>;

/** How a connection ended. `text` is for people. */
export type PeerEnd =
  /** The other side said goodbye. */
  | { how: "goodbye"; reason: number; text: string }
  /** This side said goodbye: `leave` was called, or the other side was silent or broke the protocol (`cause` says how). */
  | { how: "left"; reason: GoodbyeReason; text: string; cause?: ProtocolError }
  /** The transport closed without a goodbye. */
  | { how: "closed"; text: string };

/** What a peer tells its owner. A ProtocolError that is thrown here ends the connection with a goodbye. */
export interface PeerEvents {
  /** The other side greeted and speaks this version. The owner answers, if it is the server, then calls `accept` or `leave`. */
  onGreeting(body: Uint8Array): void;
  /**
   * Any message after `accept` but Goodbye. The peer itself answers Ping and takes Pong. Returns false for a type that the owner
   * does not know: the peer skips it or ends the connection. `body` is valid during the call only; `startedAt` is when the first
   * byte of the message came.
   */
  onMessage(type: number, body: Uint8Array, startedAt: Micros, now: Micros): boolean;
  /** Called once: nothing more is heard, and nothing more is sent but a goodbye. */
  onGone(end: PeerEnd): void;
  /** Called once, after everything else: the transport is closed, or is about to. */
  onClosed?(): void;
}

/** greeting → open → leaving → closed; the two in the middle can be left out. */
type State = "greeting" | "open" | "leaving" | "closed";

/**
 * Owns the protocol of one connection over a transport. The owner of the transport calls `receive`, `drained` and `closed`, and a
 * timer calls `tick` about ten times a second. A viewer sends its Hello right after construction.
 */
export class Peer implements TransportEvents {
  /** The offset of the other side's clock, and the round trip. */
  readonly clock = new ClockOffset();
  readonly outbox: Outbox;
  readonly #transport: Transport;
  readonly #role: Role;
  readonly #events: PeerEvents;
  readonly #splitter: MessageSplitter;
  readonly #startedAt = nowMicros();
  #heardAt = this.#startedAt;
  #hasSpoken = false;
  #state: State = "greeting";
  #hasEnded = false;
  #goodbyeTimer: ReturnType<typeof setTimeout> | null = null;

  /** `role` is the role of this side. */
  constructor(transport: Transport, role: keyof typeof ROLES, events: PeerEvents) {
    this.#transport = transport;
    this.#role = ROLES[role];
    this.#events = events;
    this.outbox = new Outbox(transport);
    this.#splitter = new MessageSplitter(MAX_GREETING_BYTES, (type, body, startedAt) =>
      this.#hear(type, body, startedAt),
    );
  }

  /** Whether both sides have greeted and neither has left. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether the other side has sent anything at all. A port probe has not. */
  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  /** Sends a message. After a goodbye of either side, messages are dropped. */
  send(message: Uint8Array): void {
    if (this.#state === "greeting" || this.#state === "open") this.outbox.send(message);
  }

  /** The greeting is good: from now on the other side's messages are heard, and pings are sent. */
  accept(): void {
    this.#state = "open";
    this.#splitter.maxMessageBytes = this.#role.maxMessageBytes;
    this.tick();
  }

  /** Says goodbye, and closes the transport when the goodbye has been sent, after a second at the latest. */
  leave(reason: GoodbyeReason, text: string): void {
    this.#leave(reason, text);
  }

  /** Sends pings, and gives up on a silent peer. Call it about ten times a second. */
  tick(): void {
    const now = nowMicros();
    if (this.#state === "greeting" && now - this.#startedAt > GREETING_TIMEOUT_MS * 1000) {
      const text = `${this.#role.subject} has not greeted within ${GREETING_TIMEOUT_MS / 1000} s`;
      this.leave(GoodbyeReason.timeout, text);
    } else if (this.#state === "open" && now - this.#heardAt > SILENCE_TIMEOUT_MS * 1000) {
      const text = `${this.#role.subject} has been silent for ${SILENCE_TIMEOUT_MS / 1000} s`;
      this.leave(GoodbyeReason.timeout, text);
    } else if (!this.outbox.idle) {
      // No ping now: behind waiting bytes it would measure those, and pings would pile up if the other side does not read.
      this.drained();
    } else if (this.#state === "open" && this.clock.pingIsDue(now)) {
      this.outbox.send(writePing({ sentAt: now }));
    }
  }

  /** A ProtocolError in these bytes costs the other side its connection; other errors are thrown. */
  receive(chunk: Uint8Array): void {
    this.#heardAt = nowMicros();
    this.#hasSpoken = true;
    try {
      this.#splitter.feed(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { stranger, subject } = this.#role;
      const what = this.#state === "greeting" ? stranger : `${subject} broke the protocol`;
      this.#leave(GoodbyeReason.protocol, `${what}: ${error.message}`, error);
    }
  }

  drained(): void {
    this.outbox.drain();
    if (this.#state === "leaving") this.#endWhenSent();
  }

  closed(text: string): void {
    this.#close({ how: "closed", text });
  }

  #hear(type: number, body: Uint8Array, startedAt: Micros): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    if (type === MessageType.goodbye) {
      const { reason, text } = readGoodbye(body);
      this.#close({ how: "goodbye", reason, text });
      this.#transport.end();
      return;
    }
    if (this.#state === "greeting") {
      this.#greet(type, body);
      return;
    }
    const now = nowMicros();
    const isKnown = this.#events.onMessage(type, body, startedAt, now);
    switch (type) {
      case MessageType.ping:
        if (this.outbox.waiting < MAX_WAITING_MESSAGES) {
          this.outbox.send(writePong({ sentAt: readPing(body).sentAt, receivedAt: now, repliedAt: now }));
        }
        break;
      case MessageType.pong:
        this.clock.add(readPong(body), now);
        break;
      default:
        if (!isKnown && type < FIRST_OPTIONAL_TYPE) {
          throw new ProtocolError(`message type ${type}, which ${this.#role.sender} never sends`);
        }
    }
  }

  #greet(type: number, body: Uint8Array): void {
    if (type !== this.#role.greeting) throw new ProtocolError(`message type ${type} before the greeting`);
    const version = readGreetingVersion(body);
    if (version === WIRE_VERSION) this.#events.onGreeting(body);
    else this.leave(GoodbyeReason.version, this.#role.otherVersion(version));
  }

  #leave(reason: GoodbyeReason, text: string, cause?: ProtocolError): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#state = "leaving";
    this.outbox.send(writeGoodbye({ reason, text }));
    this.#goodbyeTimer = setTimeout(() => this.#transport.abort(), GOODBYE_TIMEOUT_MS);
    this.#endWhenSent();
    this.#events.onGone(cause === undefined ? { how: "left", reason, text } : { how: "left", reason, text, cause });
  }

  #endWhenSent(): void {
    if (this.#hasEnded || !this.outbox.idle) return;
    this.#hasEnded = true;
    this.#transport.end();
  }

  #close(end: PeerEnd): void {
    if (this.#state === "closed") return;
    const hasLeft = this.#state === "leaving";
    this.#state = "closed";
    this.outbox.close();
    if (this.#goodbyeTimer !== null) clearTimeout(this.#goodbyeTimer);
    if (!hasLeft) this.#events.onGone(end);
    this.#events.onClosed?.();
  }
}
