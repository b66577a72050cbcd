// One end of a connection. Server and viewer use the same class for greeting, size limits, pings, silence and goodbye.

import { type Micros, nowMicros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { ClockOffset } from "./clock-offset.ts";
import { readGoodbye, readGreetingVersion, writeGoodbye } from "./greeting.ts";
import { readPing, readPong, writePing, writePong } from "./messages.ts";
import { otherProtocol } from "./other-protocols.ts";
import { Outbox } from "./outbox.ts";
import { ROLES, type Role, type RoleName } from "./peer-role.ts";
import { MessageSplitter } from "./splitter.ts";
import type { Transport, TransportEvents } from "./transport.ts";
import {
  FIRST_OPTIONAL_TYPE,
  GoodbyeReason,
  GREETING_TIMEOUT_MS,
  MAX_GREETING_BYTES,
  MAX_OTHER_MESSAGE_BYTES,
  MessageType,
  SILENCE_TIMEOUT_MS,
  WIRE_VERSION,
} from "./wire.ts";

/**
 * While this many messages wait, pings are not answered, because the other side probably sends pings without reading the answers.
 */
const MAX_WAITING_MESSAGES = 64;

/** The other side is disconnected when more messages than this wait: it sends questions and does not read the answers. */
export const MAX_UNREAD_MESSAGES = 4096;

/** The time that the other side has to read the Goodbye. */
const GOODBYE_TIMEOUT_MS = 1_000;

/**
 * The other side may still send this many bytes when this side has sent Goodbye: what was on its way. After more bytes the
 * connection is aborted, because reading a flood costs time.
 */
export const MAX_BYTES_AFTER_GOODBYE = 64 * 1024;

/** The messages that carry pictures. */
const FRAME_TYPES: ReadonlySet<number> = new Set([MessageType.stream, MessageType.picture, MessageType.tiles]);

/** The reason why a connection ended. `text` is for people. */
export type PeerEnd =
  /** The other side has sent Goodbye. */
  | { how: "goodbye"; reason: number; text: string }
  /**
   * This side has sent Goodbye, because `leave` was called, or because the other side was silent or broke the protocol (`cause`).
   */
  | { how: "left"; reason: GoodbyeReason; text: string; cause?: ProtocolError }
  /** The transport closed without a goodbye. */
  | { how: "closed"; text: string };

/**
 * The events of a peer, which its owner implements. A ProtocolError thrown by one of these methods ends the connection with a
 * Goodbye.
 */
export interface PeerEvents {
  /**
   * The peer calls this when the other side has sent Hello or Welcome in this version of the protocol. A server then sends its
   * answer, and calls `accept` or `leave`.
   */
  onGreeting(body: Uint8Array): void;
  /**
   * The peer calls this for the messages Challenge and Proof, which come before `accept`, and for wrong messages there. On a
   * server it calls it only after `onGreeting`. The method returns false for a wrong message.
   */
  onHandshake?(type: number, body: Uint8Array): boolean;
  /**
   * The peer calls this for each message after `accept`, except Goodbye, Ping and Pong, which it handles itself. The method
   * returns false for an unknown type. The peer then skips the message or ends the connection. `body` is valid during the call
   * only. `startedAt` is the time when the first byte of the message arrived.
   */
  onMessage(type: number, body: Uint8Array, startedAt: Micros, now: Micros): boolean;
  /** The peer calls this once, when the offset of the other side's clock is known for the first time. */
  onClockKnown?(): void;
  /** The peer calls this once, when the connection ends. After that it receives no messages, and sends none except a Goodbye. */
  onGone(end: PeerEnd): void;
  /** The peer calls this once, as the last event, when the transport is closed or about to close. */
  onClosed?(): void;
}

/** The states follow in this order: greeting → open → leaving → closed. A connection may skip `open` and `leaving`. */
type State = "greeting" | "open" | "leaving" | "closed";

/**
 * Handles the protocol of one connection over a transport. The owner of the transport calls `receive`, `drained` and `closed`,
 * and a timer calls `tick` about ten times a second. A viewer sends its Hello directly after it has created its peer.
 */
export class Peer implements TransportEvents {
  /** Estimates the offset of the other side's clock and the round trip. */
  readonly clock = new ClockOffset();
  readonly outbox: Outbox;
  readonly #transport: Transport;
  readonly #role: Role;
  readonly #events: PeerEvents;
  readonly #splitter: MessageSplitter;
  readonly #startedAt = nowMicros();
  #heardAt = this.#startedAt;
  #hasSpoken = false;
  /** The protocol that the other side speaks, if it is not ours but a known one. */
  #otherProtocol: ReturnType<typeof otherProtocol> = null;
  #hasGreeted = false;
  #state: State = "greeting";
  #hasEnded = false;
  /** The number of bytes that have arrived after the Goodbye. */
  #lateBytes = 0;
  #goodbyeTimer: ReturnType<typeof setTimeout> | null = null;

  /** `role` is the role of this side. */
  constructor(transport: Transport, role: RoleName, events: PeerEvents) {
    this.#transport = transport;
    this.#role = ROLES[role];
    this.#events = events;
    this.outbox = new Outbox(transport);
    this.#splitter = new MessageSplitter(MAX_GREETING_BYTES, (type, body, startedAt) =>
      this.#hear(type, body, startedAt),
    );
  }

  /** Whether both sides have sent Hello or Welcome and neither has sent Goodbye. */
  get isOpen(): boolean {
    return this.#state === "open";
  }

  /** Whether the other side has sent any bytes. A port scanner often sends none. */
  get hasSpoken(): boolean {
    return this.#hasSpoken;
  }

  /** Sends a message. Messages after a Goodbye of either side are dropped. */
  send(message: Uint8Array): void {
    if (this.#state === "greeting" || this.#state === "open") this.outbox.send(message);
  }

  /** Accepts the other side's greeting. From now on the peer passes on the other side's messages and sends pings. */
  accept(): void {
    this.#state = "open";
    const { maxMessageBytes } = this.#role;
    const maxOtherBytes = Math.min(maxMessageBytes, MAX_OTHER_MESSAGE_BYTES);
    this.#splitter.maxBytesOf = (type) => (FRAME_TYPES.has(type) ? maxMessageBytes : maxOtherBytes);
    this.tick();
  }

  /** Sends Goodbye. The transport closes when the Goodbye has been sent, or after a second at the latest. */
  leave(reason: GoodbyeReason, text: string): void {
    this.#leave(reason, text);
  }

  /**
   * Sends Goodbye and aborts the transport at once. This is for another side that sends a flood of messages, which would keep
   * this thread busy until the transport is closed, or that does not read.
   */
  cutOff(reason: GoodbyeReason, text: string): void {
    this.leave(reason, text);
    this.#transport.abort();
  }

  /** Sends pings, and ends the connection when the other side is silent for too long. Call it about ten times a second. */
  tick(): void {
    const now = nowMicros();
    if (this.#state === "greeting" && now - this.#startedAt > GREETING_TIMEOUT_MS * 1000) {
      const text = `${this.#role.subject} has not begun the protocol within ${GREETING_TIMEOUT_MS / 1000} s`;
      this.leave(GoodbyeReason.timeout, text);
    } else if (this.#state === "open" && now - this.#heardAt > SILENCE_TIMEOUT_MS * 1000) {
      const text = `${this.#role.subject} has been silent for ${SILENCE_TIMEOUT_MS / 1000} s`;
      this.leave(GoodbyeReason.timeout, text);
    } else if (this.outbox.waiting > MAX_UNREAD_MESSAGES) {
      this.cutOff(GoodbyeReason.timeout, `${this.#role.subject} sends and does not read`);
    } else if (!this.outbox.idle) {
      // While bytes wait, no ping is sent. It would measure the queue, and pings would pile up if the other side does not read.
      this.drained();
    } else if (this.#state === "open" && this.clock.pingIsDue(now)) {
      this.outbox.send(writePing({ sentAt: now }));
    }
  }

  /** Handles bytes from the other side. A ProtocolError ends the connection, and other errors are thrown. */
  receive(chunk: Uint8Array): void {
    if (this.#state === "closed") return;
    if (this.#state === "leaving") {
      this.#lateBytes += chunk.length;
      if (this.#lateBytes > MAX_BYTES_AFTER_GOODBYE) this.#transport.abort();
      return;
    }
    this.#heardAt = nowMicros();
    if (!this.#hasSpoken) this.#otherProtocol = otherProtocol(chunk);
    this.#hasSpoken = true;
    try {
      this.outbox.together(() => this.#splitter.feed(chunk, this.#heardAt));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const { stranger, subject, advice } = this.#role;
      const isGreeting = this.#state === "greeting";
      const what = isGreeting ? stranger : `${subject} broke the protocol`;
      const why = isGreeting && this.#otherProtocol !== null ? advice[this.#otherProtocol] : error.message;
      this.#leave(GoodbyeReason.protocol, `${what}: ${why}`, error);
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
    if (!this.isOpen) return; // the owner has ended the connection
    switch (type) {
      case MessageType.ping:
        if (this.outbox.waiting < MAX_WAITING_MESSAGES) {
          this.outbox.send(writePong({ sentAt: readPing(body).sentAt, receivedAt: now, repliedAt: now }));
        }
        break;
      case MessageType.pong: {
        const wasKnown = this.clock.known;
        this.clock.add(readPong(body), now);
        if (!wasKnown && this.clock.known) this.#events.onClockKnown?.();
        break;
      }
      default:
        if (!isKnown && type < FIRST_OPTIONAL_TYPE) {
          throw new ProtocolError(`message type ${type}, which ${this.#role.sender} never sends`);
        }
    }
  }

  #greet(type: number, body: Uint8Array): void {
    if (type !== this.#role.greeting || this.#hasGreeted) {
      const mayCome = this.#hasGreeted || this.#role.greeting === MessageType.welcome;
      if (mayCome && this.#events.onHandshake?.(type, body)) return;
      throw new ProtocolError(`message type ${type} before Hello or Welcome`);
    }
    this.#hasGreeted = true;
    const version = readGreetingVersion(body);
    if (version === WIRE_VERSION) this.#events.onGreeting(body);
    else this.leave(GoodbyeReason.version, this.#role.otherVersion(version));
  }

  #leave(reason: GoodbyeReason, text: string, cause?: ProtocolError): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#state = "leaving";
    this.#splitter.stop();
    this.outbox.send(writeGoodbye({ reason, text }));
    this.#goodbyeTimer = setTimeout(() => this.#transport.abort(), GOODBYE_TIMEOUT_MS);
    this.#endWhenSent();
    this.#events.onGone(cause === undefined ? { how: "left", reason, text } : { how: "left", reason, text, cause });
  }

  #endWhenSent(): void {
    this.outbox.flush();
    if (this.#hasEnded || !this.outbox.idle) return;
    this.#hasEnded = true;
    this.#transport.end();
  }

  #close(end: PeerEnd): void {
    if (this.#state === "closed") return;
    const hasLeft = this.#state === "leaving";
    this.#state = "closed";
    this.#splitter.stop();
    this.outbox.close();
    if (this.#goodbyeTimer !== null) clearTimeout(this.#goodbyeTimer);
    if (!hasLeft) this.#events.onGone(end);
    this.#events.onClosed?.();
  }
}
