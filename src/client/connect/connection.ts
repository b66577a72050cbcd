// One connection to a server: greeting, pings, and the messages it brings, until it ends.

import type { Socket } from "bun";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { codeOf, ConnectionError, messageOf, ProtocolError } from "../../core/errors.ts";
import { SOFTWARE } from "../../core/version.ts";
import { type CameraEntry, readCameras } from "../../protocol/cameras.ts";
import {
  type Controls,
  type ControlSet,
  readControlSet,
  readControls,
  type SetControl,
  writeControlsAsked,
  writeSetControl,
} from "../../protocol/controls.ts";
import { ClockOffset } from "../../protocol/clock-offset.ts";
import {
  type Ack,
  type Goodbye,
  type Notice,
  type Picture,
  readGoodbye,
  readNotice,
  readPicture,
  readPing,
  readPong,
  readStream,
  readTiles,
  readWelcome,
  type StreamHeader,
  type Tiles,
  type Welcome,
  type Wish,
  writeAck,
  writeGoodbye,
  writeHello,
  writePing,
  writePong,
  writeWish,
} from "../../protocol/messages.ts";
import { Outbox } from "../../protocol/outbox.ts";
import { MessageSplitter } from "../../protocol/splitter.ts";
import {
  FIRST_OPTIONAL_TYPE,
  GoodbyeReason,
  GREETING_TIMEOUT_MS,
  HEADER_BYTES,
  MAX_GREETING_BYTES,
  MAX_SERVER_MESSAGE_BYTES,
  MessageType,
  SILENCE_TIMEOUT_MS,
  WIRE_VERSION,
} from "../../protocol/wire.ts";
import { type Address, formatAddress } from "./address.ts";

const CONNECT_TIMEOUT_MS = 5_000;
const TICK_MS = 100;

/** When the bytes of a message came, in the own clock, and how many they were. */
export interface Arrival {
  firstByteAt: Micros;
  lastByteAt: Micros;
  messageBytes: number;
}

/** What a server sends, as it comes. A handler that throws ProtocolError ends the connection with it. */
export interface ConnectionEvents {
  onWelcome(welcome: Welcome): void;
  /** Once, right after that: what the server has to show. */
  onCameras?(cameras: CameraEntry[]): void;
  onStream(stream: StreamHeader): void;
  /** The picture's bytes are valid during the call only. */
  onPicture(picture: Picture, arrival: Arrival): void;
  /** The tiles' bytes are valid during the call only. */
  onTiles(tiles: Tiles, arrival: Arrival): void;
  onNotice(notice: Notice): void;
  /** The answers to questions about controls. */
  onControls?(controls: Controls): void;
  onControlSet?(outcome: ControlSet): void;
}

/** How a connection ended: what the server said last, or null where it just went away, and a line for the user. */
export interface ConnectionEnd {
  goodbye: Goodbye | null;
  text: string;
}

export class Connection {
  readonly clock = new ClockOffset();
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  readonly #splitter: MessageSplitter;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  readonly #ticking: ReturnType<typeof setInterval>;
  readonly #startedAt = nowMicros();
  #socket: Socket | null = null;
  #outbox = new Outbox(() => -1);
  #greeted = false;
  /** What is to be said of an older server, which does not say itself what it has; null once one has said it. */
  #onlyCamera: CameraEntry | null = null;
  #heardAt = nowMicros();

  private constructor(address: Address, events: ConnectionEvents) {
    this.#address = address;
    this.#events = events;
    this.#splitter = new MessageSplitter(MAX_GREETING_BYTES, (type, body, startedAt) =>
      this.#hear(type, body, startedAt),
    );
    this.#ended.promise.catch(() => undefined); // heard by whoever asks for `ended`; nobody might
    this.#ticking = setInterval(() => this.#tick(), TICK_MS);
  }

  /** Connects and says Hello. Throws ConnectionError where there is no server to be reached. */
  static async open(
    address: Address,
    events: ConnectionEvents,
    { paused = false }: { /** No pictures are wanted before a wish. */ paused?: boolean } = {},
  ): Promise<Connection> {
    const connection = new Connection(address, events);
    try {
      await connection.#connect(paused);
    } catch (error) {
      connection.#finish();
      throw error;
    }
    return connection;
  }

  /** Resolves when the connection is over; rejects with ProtocolError when the server broke the protocol. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  acknowledge(ack: Ack): void {
    this.#outbox.send(writeAck(ack));
  }

  wish(wish: Wish): void {
    this.#outbox.send(writeWish(wish));
  }

  askForControls(): void {
    this.#outbox.send(writeControlsAsked());
  }

  setControl(set: SetControl): void {
    this.#outbox.send(writeSetControl(set));
  }

  /** Says goodbye and hangs up. */
  close(): void {
    this.#outbox.send(writeGoodbye({ reason: GoodbyeReason.shutdown, text: "the viewer was closed" }));
    this.#end({ goodbye: null, text: "closed" });
  }

  async #connect(paused: boolean): Promise<void> {
    const connecting = Bun.connect({
      hostname: this.#address.host,
      port: this.#address.port,
      socket: {
        data: (_, chunk) => this.#receive(chunk),
        drain: () => this.#outbox.drain(),
        close: () => this.#end({ goodbye: null, text: "the server went away" }),
        error: (_, error) => this.#end({ goodbye: null, text: `the connection broke: ${messageOf(error)}` }),
        // Without it Bun also reports a failed connect as an uncaught error; the promise says it all.
        connectError: () => undefined,
      },
    });
    const timeout = Promise.withResolvers<never>();
    const timer = setTimeout(() => timeout.reject(new Error("no answer")), CONNECT_TIMEOUT_MS);
    try {
      const socket = await Promise.race([connecting, timeout.promise]);
      socket.setNoDelay(true);
      this.#socket = socket;
      this.#outbox = new Outbox((bytes) => socket.write(bytes));
      const { camera } = this.#address;
      this.#outbox.send(writeHello({ version: WIRE_VERSION, software: SOFTWARE, camera, paused }));
    } catch (cause) {
      connecting.then((socket) => socket.terminate()).catch(() => undefined); // too late to be of use
      throw new ConnectionError(explain(this.#address, cause), { cause });
    } finally {
      clearTimeout(timer);
    }
  }

  #receive(chunk: Uint8Array): void {
    this.#heardAt = nowMicros();
    try {
      this.#splitter.feed(chunk);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const what = this.#greeted ? "the server broke the protocol" : "what listens there is no Slipstream server";
      this.#fail(new ProtocolError(`${formatAddress(this.#address)}: ${what}: ${error.message}`, { cause: error }));
    }
  }

  #hear(type: number, body: Uint8Array, startedAt: Micros): void {
    if (type === MessageType.goodbye) {
      const goodbye = readGoodbye(body);
      if (goodbye.reason === GoodbyeReason.version) this.#fail(this.#versionError(goodbye.text));
      else this.#end({ goodbye, text: goodbye.text });
      return;
    }
    if (!this.#greeted) {
      if (type !== MessageType.welcome) throw new ProtocolError(`message type ${type} before the greeting`);
      const welcome = readWelcome(body);
      if (welcome.version !== WIRE_VERSION) {
        this.#fail(this.#versionError(`the server speaks version ${welcome.version}`));
        return;
      }
      this.#greeted = true;
      this.#splitter.maxMessageBytes = MAX_SERVER_MESSAGE_BYTES;
      this.#tick();
      this.#onlyCamera = { name: welcome.sourceName, hasEnded: false, width: 0, height: 0, framesPerSecond: 0 };
      this.#events.onWelcome(welcome);
      return;
    }
    if (this.#onlyCamera !== null) {
      const cameras = type === MessageType.cameras ? readCameras(body) : [this.#onlyCamera];
      this.#onlyCamera = null;
      this.#events.onCameras?.(cameras);
    }
    const now = nowMicros();
    const arrival = { firstByteAt: startedAt, lastByteAt: now, messageBytes: HEADER_BYTES + body.length };
    switch (type) {
      case MessageType.stream:
        this.#events.onStream(readStream(body));
        break;
      case MessageType.picture:
        this.#events.onPicture(readPicture(body), arrival);
        break;
      case MessageType.tiles:
        this.#events.onTiles(readTiles(body), arrival);
        break;
      case MessageType.ping:
        this.#outbox.send(writePong({ ...readPing(body), receivedAt: now, repliedAt: now }));
        break;
      case MessageType.pong:
        this.clock.add(readPong(body), now);
        break;
      case MessageType.notice:
        this.#events.onNotice(readNotice(body));
        break;
      case MessageType.controls:
        this.#events.onControls?.(readControls(body));
        break;
      case MessageType.controlSet:
        this.#events.onControlSet?.(readControlSet(body));
        break;
      default:
        if (type < FIRST_OPTIONAL_TYPE) throw new ProtocolError(`message type ${type}, which a server never sends`);
    }
  }

  #versionError(text: string): ProtocolError {
    const where = formatAddress(this.#address);
    return new ProtocolError(
      `${where}: ${text}; this viewer (${SOFTWARE}) speaks ${WIRE_VERSION}: update the older side`,
    );
  }

  #tick(): void {
    const now = nowMicros();
    if (!this.#greeted && now - this.#startedAt > (CONNECT_TIMEOUT_MS + GREETING_TIMEOUT_MS) * 1000) {
      this.#end({ goodbye: null, text: `the server has not greeted within ${GREETING_TIMEOUT_MS / 1000} s` });
    } else if (this.#greeted && now - this.#heardAt > SILENCE_TIMEOUT_MS * 1000) {
      this.#end({ goodbye: null, text: `the server has been silent for ${SILENCE_TIMEOUT_MS / 1000} s` });
    } else if (this.#greeted && this.clock.pingIsDue(now)) {
      this.#outbox.send(writePing({ sentAt: now }));
    }
  }

  #fail(error: ProtocolError): void {
    this.#ended.reject(error);
    this.#finish();
  }

  #end(end: ConnectionEnd): void {
    this.#ended.resolve(end);
    this.#finish();
  }

  #finish(): void {
    clearInterval(this.#ticking);
    this.#outbox.close();
    this.#socket?.end();
  }
}

function explain(address: Address, cause: unknown): string {
  const where = formatAddress(address);
  switch (codeOf(cause)) {
    case "ECONNREFUSED":
      return `nothing listens on ${where}: start 'bun run serve' there`;
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `unknown host: ${address.host}`;
    case "ENETUNREACH":
    case "EHOSTUNREACH":
      return `no way to ${where}: check the network`;
    default:
      return `cannot connect to ${where}: ${messageOf(cause)}`;
  }
}

/** Whether trying again cannot help: the name is not known to the network. */
export function isHopeless(error: unknown): boolean {
  return error instanceof ConnectionError && codeOf(error.cause) === "ENOTFOUND";
}
