// One connected viewer, as the server sees it: greeting, credit, and the feed it is sent the newest state of.

import { nowMicros } from "../core/clock.ts";
import { messageOf, ProtocolError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import { SOFTWARE } from "../core/version.ts";
import { ClockOffset } from "../protocol/clock-offset.ts";
import {
  type Notice,
  readAck,
  readGoodbye,
  readHello,
  readPing,
  readPong,
  readWish,
  type StreamHeader,
  type Wish,
  writeGoodbye,
  writeNotice,
  writePing,
  writePong,
  writeStream,
  writeWelcome,
} from "../protocol/messages.ts";
import { Outbox, type SocketWrite } from "../protocol/outbox.ts";
import { MessageSplitter } from "../protocol/splitter.ts";
import {
  FIRST_OPTIONAL_TYPE,
  GoodbyeReason,
  GREETING_TIMEOUT_MS,
  MAX_GREETING_BYTES,
  MAX_VIEWER_MESSAGE_BYTES,
  MessageType,
  SILENCE_TIMEOUT_MS,
  WIRE_VERSION,
} from "../protocol/wire.ts";
import { Adaptation, type AdaptationLimits, type SentFrame } from "./adaptation.ts";
import { Budget } from "./budget.ts";
import { Credit } from "./credit.ts";
import type { Feed } from "./feed.ts";
import type { Rendition } from "./rendition.ts";

/** The transport under a viewer, whichever door it came through. */
export interface ViewerConnection {
  /** For people: `127.0.0.1:41234`. */
  readonly peer: string;
  write: SocketWrite;
  /** Ends the connection after what was written. */
  end(): void;
  /** Ends it at once; what was written may be lost. */
  abort(): void;
}

/** Above what a viewer that reads usually leaves waiting: a frame in its parts and some small messages. */
const MAX_WAITING_MESSAGES = 64;

/** How long a viewer may take to read its goodbye. */
const GOODBYE_PATIENCE_MS = 1_000;

export interface ViewerSurroundings {
  readonly sourceName: string;
  readonly limits: AdaptationLimits;
  captureIntervalMicros(): number;
  /** The viewer has greeted, or has other wishes: what is wanted of the encoders may have changed. */
  onChanged(viewer: Viewer): void;
  /** It has shown something: what its link carries may have changed. */
  onAcknowledged(viewer: Viewer): void;
  /** Said once, when the viewer gets no more pictures; `reason` is for the log. */
  onGone(viewer: Viewer, reason: string): void;
  /** Said once, after that, when its connection is closed. */
  onClosed(viewer: Viewer): void;
}

type State = "greeting" | "watching" | "leaving" | "closed";

export class Viewer {
  readonly #connection: ViewerConnection;
  readonly #surroundings: ViewerSurroundings;
  readonly #outbox: Outbox;
  readonly #splitter: MessageSplitter;
  readonly #clock = new ClockOffset();
  readonly #credit = new Credit();
  readonly #connectedAt = nowMicros();
  #heardAt = nowMicros();
  #state: State = "greeting";
  #wish: Wish = { paused: false, keepsSize: false, width: 0, height: 0 };
  readonly adaptation: Adaptation;
  readonly #budget: Budget | null;
  #feed: Feed | null = null;
  /** The stream it was told of last, and the newest frame of that which it has been sent whole. */
  #announced: StreamHeader | null = null;
  #since = 0;
  /** The newest frame that was sent whole, of whatever feed: frame numbers only grow. */
  #lastWhole = 0;
  /** The frame that is being sent part by part while it is encoded. */
  #streamed: number | null = null;
  /** The feed has a frame that this viewer was not yet sent. */
  #owed = false;
  /** The frames in flight. */
  readonly #inFlight = new Map<number, SentFrame>();
  /** Pictures that were replaced by newer ones while this viewer had no credit. */
  picturesSkipped = 0;
  picturesSent = 0;

  constructor(connection: ViewerConnection, surroundings: ViewerSurroundings) {
    this.#connection = connection;
    this.#surroundings = surroundings;
    this.#outbox = new Outbox((bytes) => connection.write(bytes));
    this.adaptation = new Adaptation(surroundings.limits);
    const { maxBitsPerSecond } = surroundings.limits;
    this.#budget = maxBitsPerSecond === null ? null : new Budget(maxBitsPerSecond);
    this.#splitter = new MessageSplitter(MAX_GREETING_BYTES, (type, body) => this.#hear(type, body));
  }

  get peer(): string {
    return this.#connection.peer;
  }

  /** Whether pictures are wanted. */
  get watching(): boolean {
    return this.#state === "watching" && !this.#wish.paused;
  }

  /** Whether all its pictures have to be of one size. */
  get keepsSize(): boolean {
    return this.#wish.keepsSize;
  }

  /** The size of picture that is enough for it; 0 × 0: as large as the source's. */
  get wishedSize(): Size {
    return this.#wish;
  }

  get roundTripMicros(): number {
    return this.#clock.roundTripMicros;
  }

  /** Whether this viewer has all there is and has said so. */
  get settled(): boolean {
    return !this.watching || (!this.#owed && this.#outbox.idle && this.#credit.inFlight === 0);
  }

  /** Bytes from the viewer. Whatever is wrong with them costs this viewer its connection and nobody else anything. */
  receive(chunk: Uint8Array): void {
    this.#heardAt = nowMicros();
    try {
      this.#splitter.feed(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const what = this.#state === "greeting" ? "it does not speak Slipstream's protocol" : "it broke the protocol";
      this.leave(GoodbyeReason.protocol, `${what}: ${messageOf(error)}`);
    }
  }

  /** The socket has room again. */
  drained(): void {
    this.#outbox.drain();
    if (this.#state === "leaving" && this.#outbox.idle) this.#connection.end();
    else this.#sendOwed();
  }

  /** The connection is gone, for whatever reason. */
  closed(reason: string): void {
    if (this.#state === "closed") return;
    const wasLeaving = this.#state === "leaving";
    this.#state = "closed";
    this.#outbox.close();
    if (!wasLeaving) this.#surroundings.onGone(this, reason);
    this.#surroundings.onClosed(this);
  }

  /** What it is sent from here on; its newest frame at once, if there is one. */
  follow(feed: Feed | null): void {
    if (feed === this.#feed) return;
    this.#breakOff();
    this.#feed = feed;
    this.#owed = this.#hasNewer;
    this.#sendOwed();
  }

  /** The feed has a newer frame: sent now if there is credit, else once there is, with whatever is newest then. */
  offer(): void {
    if (!this.watching || this.#streamed !== null || !this.#hasNewer) return;
    if (this.#owed) this.picturesSkipped++;
    this.#owed = true;
    this.#sendOwed();
  }

  /** A frame of the feed is being encoded: with credit, its parts are sent as they come. */
  beginFrame(rendition: Rendition, frameNumber: number): void {
    if (rendition !== this.#feed || !this.#mayBeSent()) return;
    this.#announce(rendition);
    this.#streamed = frameNumber;
    this.#owed = false;
    this.#expectAck(frameNumber, rendition);
  }

  /** `count` tiles from `first` on of that frame are done. */
  sendPart(rendition: Rendition, first: number, count: number, isLast: boolean): void {
    if (rendition !== this.#feed || this.#streamed === null) return;
    this.#send(this.#streamed, rendition.composePart(this.#since, first, count, isLast));
    if (!isLast) return;
    this.#sentWhole(this.#streamed);
    this.#streamed = null;
  }

  /** That frame will not become whole. */
  abortFrame(rendition: Rendition): void {
    if (rendition !== this.#feed) return;
    this.#breakOff();
    this.#sendOwed(); // the frame before, which the aborted one was to replace
  }

  notify(notice: Notice): void {
    if (this.#state === "watching") this.#outbox.send(writeNotice(notice));
  }

  /** To be called some times a second: pings, and gives up on a viewer that says nothing. */
  tick(): void {
    const now = nowMicros();
    if (this.#state === "greeting" && now - this.#connectedAt > GREETING_TIMEOUT_MS * 1000) {
      this.leave(GoodbyeReason.timeout, `it has not greeted within ${GREETING_TIMEOUT_MS / 1000} s`);
    } else if (this.#state === "watching" && now - this.#heardAt > SILENCE_TIMEOUT_MS * 1000) {
      this.leave(GoodbyeReason.timeout, `it has been silent for ${SILENCE_TIMEOUT_MS / 1000} s`);
    } else if (this.#state === "watching" && this.#outbox.idle && this.#clock.pingIsDue(now)) {
      // Behind bytes that wait it would measure these, and pile up where the viewer does not read.
      this.#outbox.send(writePing({ sentAt: now }));
    }
    this.#sendOwed(); // its budget may have grown
  }

  /** Says goodbye and hangs up once that is sent. */
  leave(reason: GoodbyeReason, text: string): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#state = "leaving";
    this.#outbox.send(writeGoodbye({ reason, text }));
    if (this.#outbox.idle) this.#connection.end();
    setTimeout(() => {
      if (this.#state === "leaving") this.#connection.abort();
    }, GOODBYE_PATIENCE_MS).unref();
    this.#surroundings.onGone(this, text);
  }

  #hear(type: number, body: Uint8Array): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    if (this.#state === "greeting") {
      if (type !== MessageType.hello) throw new ProtocolError(`message type ${type} before the greeting`);
      this.#greet(body);
      return;
    }
    const now = nowMicros();
    switch (type) {
      case MessageType.ack: {
        const ack = readAck(body);
        if (!this.#credit.acknowledged(ack, this.#clock.roundTripMicros, this.#surroundings.captureIntervalMicros())) {
          throw new ProtocolError(`Ack for picture ${ack.frameNumber}, which is not on its way`);
        }
        const sent = this.#inFlight.get(ack.frameNumber);
        this.#inFlight.delete(ack.frameNumber);
        if (ack.outcome === "shown" && sent !== undefined) this.adaptation.acknowledged(sent, { ...ack, now });
        this.#surroundings.onAcknowledged(this);
        this.#sendOwed();
        break;
      }
      case MessageType.ping:
        // A viewer that asks and asks but reads nothing gets no more answers than this.
        if (this.#outbox.waiting < MAX_WAITING_MESSAGES)
          this.#outbox.send(writePong({ ...readPing(body), receivedAt: now, repliedAt: now }));
        break;
      case MessageType.pong:
        this.#clock.add(readPong(body), now);
        break;
      case MessageType.wish:
        this.#wish = readWish(body);
        if (this.#wish.paused) this.#breakOff();
        this.#surroundings.onChanged(this);
        break;
      case MessageType.goodbye:
        this.closed(readGoodbye(body).text);
        this.#connection.end();
        break;
      default:
        if (type < FIRST_OPTIONAL_TYPE) throw new ProtocolError(`message type ${type}, which a viewer never sends`);
    }
  }

  #greet(body: Uint8Array): void {
    const { version } = readHello(body);
    if (version !== WIRE_VERSION) {
      const text = `it speaks version ${version} of the protocol, this server (${SOFTWARE}) version ${WIRE_VERSION}`;
      this.leave(GoodbyeReason.version, text);
      return;
    }
    this.#splitter.maxMessageBytes = MAX_VIEWER_MESSAGE_BYTES;
    this.#state = "watching";
    const { sourceName } = this.#surroundings;
    this.#outbox.send(writeWelcome({ version: WIRE_VERSION, software: SOFTWARE, sourceName }));
    this.tick();
    this.#surroundings.onChanged(this);
  }

  /** Whether a frame that is composed now would leave now. */
  #mayBeSent(): boolean {
    // A picture behind bytes that still wait would be older when it leaves than one composed then.
    if (!this.watching || this.#streamed !== null || !this.#credit.available || !this.#outbox.idle) return false;
    return this.#budget?.allows(nowMicros()) ?? true;
  }

  /** Whether the feed has a frame that is newer than all that this viewer was sent, of whatever feed. */
  get #hasNewer(): boolean {
    return this.#feed !== null && this.#feed.newestFrame > this.#lastWhole;
  }

  #sendOwed(): void {
    const feed = this.#feed;
    if (!this.#owed || feed === null || !this.#hasNewer || !this.#mayBeSent()) return;
    this.#owed = false;
    this.#announce(feed);
    const frameNumber = feed.newestFrame;
    this.#expectAck(frameNumber, feed);
    for (const message of feed.compose(this.#since)) this.#send(frameNumber, message);
    this.#sentWhole(frameNumber);
  }

  #expectAck(frameNumber: number, { level }: Feed): void {
    this.#credit.sent(frameNumber, nowMicros());
    if (level !== null) this.#inFlight.set(frameNumber, { bytes: 0, level, isWhole: this.#since === 0 });
  }

  #sentWhole(frameNumber: number): void {
    this.#since = frameNumber;
    this.#lastWhole = frameNumber;
    this.picturesSent++;
  }

  #send(frameNumber: number, message: Uint8Array): void {
    const sent = this.#inFlight.get(frameNumber);
    if (sent !== undefined) sent.bytes += message.length;
    this.#budget?.spend(message.length);
    this.#outbox.send(message);
  }

  /** Says what follows, where that is something else than before; then nothing of it has been sent yet. */
  #announce({ stream }: Feed): void {
    if (stream === null || stream === this.#announced) return;
    this.#announced = stream;
    this.#since = 0;
    this.#outbox.send(writeStream(stream));
  }

  /** Gives up on the frame that is being sent in parts. Which tiles the viewer has of it is not kept: it is owed all. */
  #breakOff(): void {
    if (this.#streamed === null) return;
    this.#credit.forget(this.#streamed);
    this.#inFlight.delete(this.#streamed);
    this.#streamed = null;
    this.#since = 0;
    this.#owed = this.#hasNewer;
  }
}
