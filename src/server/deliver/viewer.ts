// One connected viewer, as the server sees it: greeting, wishes, pings, and what frame-sender.ts sends it.

import { nowMicros } from "../../core/clock.ts";
import { messageOf, ProtocolError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { SOFTWARE } from "../../core/version.ts";
import { type CameraEntry, writeCameras } from "../../protocol/cameras.ts";
import { readSetControl, writeControlSet, writeControls } from "../../protocol/controls.ts";
import { ClockOffset } from "../../protocol/clock-offset.ts";
import {
  type Notice,
  readAck,
  readGoodbye,
  readHello,
  readPing,
  readPong,
  readWish,
  type Wish,
  writeGoodbye,
  writeNotice,
  writePing,
  writePong,
  writeWelcome,
} from "../../protocol/messages.ts";
import { Outbox, type SocketWrite } from "../../protocol/outbox.ts";
import { MessageSplitter } from "../../protocol/splitter.ts";
import {
  FIRST_OPTIONAL_TYPE,
  GoodbyeReason,
  GREETING_TIMEOUT_MS,
  MAX_GREETING_BYTES,
  MAX_OPEN_QUESTIONS,
  MAX_VIEWER_MESSAGE_BYTES,
  MessageType,
  SILENCE_TIMEOUT_MS,
  WIRE_VERSION,
} from "../../protocol/wire.ts";
import type { AdaptationLimits } from "./adaptation.ts";
import type { CameraControls } from "./camera-controls.ts";
import { FrameSender } from "./frame-sender.ts";

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

/** What a viewer watches, and what that hears of it. */
export interface WatchedCamera {
  readonly name: string;
  captureIntervalMicros(): number;
  readonly controls: CameraControls;
  /** The viewer has greeted, or has other wishes: what is wanted of the encoders may have changed. */
  onChanged(viewer: Viewer): void;
  /** It has shown something: what its link carries may have changed. */
  onAcknowledged(viewer: Viewer): void;
  /** Said once, when the viewer gets no more pictures; `reason` is for the log. */
  onGone(viewer: Viewer, reason: string): void;
}

/** Why there is no camera for a viewer. */
export interface Refusal {
  reason: GoodbyeReason;
  text: string;
}

export interface ViewerSurroundings {
  readonly limits: AdaptationLimits;
  /** The viewer has greeted: what it watches from now on. An empty name is the first one's. */
  findCamera(name: string, wantsPictures: boolean): WatchedCamera | Refusal;
  /** All that there are. */
  listCameras(): CameraEntry[];
  /** Said once, when a viewer that watches nothing is sent away, or goes after it has said something; `reason` is for the log. */
  onRefused(viewer: Viewer, reason: string): void;
  /** Said once, after everything else, when its connection is closed. */
  onClosed(viewer: Viewer): void;
}

type State = "greeting" | "watching" | "leaving" | "closed";

export class Viewer {
  readonly #connection: ViewerConnection;
  readonly #surroundings: ViewerSurroundings;
  readonly #outbox: Outbox;
  readonly #splitter: MessageSplitter;
  /** What it is sent. */
  readonly frames: FrameSender;
  readonly #clock = new ClockOffset();
  readonly #connectedAt = nowMicros();
  #heardAt = nowMicros();
  #hasSpoken = false;
  #state: State = "greeting";
  /** What it watches; null before it has greeted. */
  #camera: WatchedCamera | null = null;
  #openQuestions = 0;
  #answers: Promise<void> = Promise.resolve();
  /** Aborts when it hears no more answers. */
  readonly #gone = new AbortController();
  #wish: Wish = { paused: false, keepsSize: false, width: 0, height: 0 };

  constructor(connection: ViewerConnection, surroundings: ViewerSurroundings) {
    this.#connection = connection;
    this.#surroundings = surroundings;
    this.#outbox = new Outbox((bytes) => connection.write(bytes));
    this.frames = new FrameSender(this.#outbox, surroundings.limits, () => this.watching);
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
    return !this.watching || (this.frames.settled && this.#outbox.idle);
  }

  /** Bytes from the viewer. Whatever is wrong with them costs this viewer its connection and nobody else anything. */
  receive(chunk: Uint8Array): void {
    this.#heardAt = nowMicros();
    this.#hasSpoken = true;
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
    else this.frames.sendOwed();
  }

  /** The connection is gone, for whatever reason. */
  closed(reason: string): void {
    if (this.#state === "closed") return;
    const wasLeaving = this.#state === "leaving";
    this.#state = "closed";
    this.#outbox.close();
    // Who only looked whether something listens here is none that was refused.
    if (!wasLeaving && this.#hasSpoken) this.#part(reason);
    this.#surroundings.onClosed(this);
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
    this.frames.sendOwed(); // its budget may have grown
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
    this.#part(text);
  }

  #part(reason: string): void {
    this.#gone.abort();
    if (this.#camera === null) this.#surroundings.onRefused(this, reason);
    else this.#camera.onGone(this, reason);
  }

  #hear(type: number, body: Uint8Array): void {
    if (this.#state === "leaving" || this.#state === "closed") return;
    const camera = this.#camera;
    if (camera === null) {
      if (type !== MessageType.hello) throw new ProtocolError(`message type ${type} before the greeting`);
      this.#greet(body);
      return;
    }
    const now = nowMicros();
    switch (type) {
      case MessageType.ack: {
        const ack = readAck(body);
        const captureIntervalMicros = camera.captureIntervalMicros();
        if (!this.frames.acknowledged(ack, { now, roundTripMicros: this.roundTripMicros, captureIntervalMicros })) {
          throw new ProtocolError(`Ack for picture ${ack.frameNumber}, which is not on its way`);
        }
        camera.onAcknowledged(this);
        this.frames.sendOwed();
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
        if (this.#wish.paused) this.frames.breakOff();
        camera.onChanged(this);
        break;
      case MessageType.controlsAsked:
        this.#answer(async () => writeControls(await camera.controls.list()));
        break;
      case MessageType.setControl: {
        const { name, value } = readSetControl(body);
        this.#answer(async () => writeControlSet(await camera.controls.set(name, value, this.peer, this.#gone.signal)));
        break;
      }
      case MessageType.goodbye:
        this.closed(readGoodbye(body).text);
        this.#connection.end();
        break;
      default:
        if (type < FIRST_OPTIONAL_TYPE) throw new ProtocolError(`message type ${type}, which a viewer never sends`);
    }
  }

  /** Asks, and sends the answer when it is there, after those that were asked for before. `ask` must not reject. */
  #answer(ask: () => Promise<Uint8Array>): void {
    if (this.#openQuestions >= MAX_OPEN_QUESTIONS) throw new ProtocolError("more questions than may be open at once");
    this.#openQuestions++;
    const message = ask();
    this.#answers = this.#answers.then(async () => {
      const bytes = await message;
      this.#openQuestions--;
      if (this.#state === "watching") this.#outbox.send(bytes);
    });
  }

  #greet(body: Uint8Array): void {
    const { version, camera: name, paused } = readHello(body);
    if (version !== WIRE_VERSION) {
      const text = `it speaks version ${version} of the protocol, this server (${SOFTWARE}) version ${WIRE_VERSION}`;
      this.leave(GoodbyeReason.version, text);
      return;
    }
    const camera = this.#surroundings.findCamera(name, !paused);
    if ("reason" in camera) {
      this.leave(camera.reason, camera.text);
      return;
    }
    this.#splitter.maxMessageBytes = MAX_VIEWER_MESSAGE_BYTES;
    this.#state = "watching";
    this.#camera = camera;
    this.#wish.paused = paused;
    this.#outbox.send(writeWelcome({ version: WIRE_VERSION, software: SOFTWARE, sourceName: camera.name }));
    this.#outbox.send(writeCameras(this.#surroundings.listCameras()));
    this.tick();
    camera.onChanged(this);
  }
}
