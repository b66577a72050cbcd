// One connected viewer, as the server sees it: greeting, credit, and the one picture that waits for credit.

import { nowMicros } from "../core/clock.ts";
import { messageOf, ProtocolError } from "../core/errors.ts";
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
  writeGoodbye,
  writeNotice,
  writePictureHead,
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
import { Credit } from "./credit.ts";
import type { EncodedPicture } from "./picture.ts";

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

/** Well above what a viewer that reads can leave waiting: a picture in two parts and some small messages. */
const MAX_WAITING_MESSAGES = 32;

/** How long a viewer may take to read its goodbye. */
const GOODBYE_PATIENCE_MS = 1_000;

export interface ViewerSurroundings {
  readonly sourceName: string;
  captureIntervalMicros(): number;
  describeStream(picture: EncodedPicture): StreamHeader;
  /** The viewer has greeted, or has paused or resumed: what is wanted of the encoders may have changed. */
  onChanged(viewer: Viewer): void;
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
  #paused = false;
  #waiting: EncodedPicture | null = null;
  #announced: string | null = null;
  #lastSent = 0;
  /** Pictures that were replaced by newer ones while this viewer had no credit. */
  picturesSkipped = 0;
  picturesSent = 0;

  constructor(connection: ViewerConnection, surroundings: ViewerSurroundings) {
    this.#connection = connection;
    this.#surroundings = surroundings;
    this.#outbox = new Outbox((bytes) => connection.write(bytes));
    this.#splitter = new MessageSplitter(MAX_GREETING_BYTES, (type, body) => this.#hear(type, body));
  }

  get peer(): string {
    return this.#connection.peer;
  }

  /** Whether pictures are wanted. */
  get watching(): boolean {
    return this.#state === "watching" && !this.#paused;
  }

  /** Whether this viewer has all there is and has said so. */
  get settled(): boolean {
    return !this.watching || (this.#waiting === null && this.#outbox.idle && this.#credit.inFlight === 0);
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
    else this.#sendWaiting();
  }

  /** The connection is gone, for whatever reason. */
  closed(reason: string): void {
    if (this.#state === "closed") return;
    const wasLeaving = this.#state === "leaving";
    this.#state = "closed";
    this.#outbox.close();
    this.#waiting = null;
    if (!wasLeaving) this.#surroundings.onGone(this, reason);
    this.#surroundings.onClosed(this);
  }

  /** The newest picture there is: sent now if there is credit, else once there is and nothing newer has come. */
  offer(picture: EncodedPicture): void {
    if (!this.watching) return;
    if (this.#waiting !== null) this.picturesSkipped++;
    this.#waiting = picture;
    this.#sendWaiting();
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
    } else if (this.#state === "watching" && this.#clock.pingIsDue(now)) {
      this.#outbox.send(writePing({ sentAt: now }));
    }
  }

  /** Says goodbye and hangs up once that is sent. */
  leave(reason: GoodbyeReason, text: string): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    this.#state = "leaving";
    this.#waiting = null;
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
        this.#sendWaiting();
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
        this.#paused = readWish(body).paused;
        if (this.#paused) this.#waiting = null;
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

  #sendWaiting(): void {
    const picture = this.#waiting;
    // A picture behind bytes that still wait would be older when it leaves than one composed then.
    if (picture === null || !this.watching || !this.#credit.available || !this.#outbox.idle) return;
    this.#waiting = null;
    if (picture.frameNumber <= this.#lastSent) return;
    const header = this.#surroundings.describeStream(picture);
    const key = JSON.stringify(header);
    if (key !== this.#announced) {
      this.#announced = key;
      this.#outbox.send(writeStream(header));
    }
    const { frameNumber, capturedAt, encodedAt, jpeg } = picture;
    const sentAt = nowMicros();
    this.#credit.sent(frameNumber, sentAt);
    this.#lastSent = frameNumber;
    this.#outbox.send(writePictureHead(frameNumber, { capturedAt, encodedAt, sentAt }, jpeg.length));
    this.#outbox.send(jpeg);
    this.picturesSent++;
  }
}
