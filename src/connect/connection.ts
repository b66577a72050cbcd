// A viewer's connection to a server. It sends requests and acknowledgements, and receives the server's messages.

import { type Micros, nowMicros } from "../core/clock.ts";
import { ProtocolError } from "../core/errors.ts";
import { SOFTWARE } from "../core/version.ts";
import { type CameraEntry, readCameras } from "../protocol/cameras.ts";
import type { ClockOffset } from "../protocol/clock-offset.ts";
import { readClipPart, writeClipAsked } from "../protocol/clip.ts";
import {
  readControlSet,
  readControls,
  type SetControl,
  writeControlsAsked,
  writeSetControl,
} from "../protocol/controls.ts";
import { type Goodbye, readWelcome, writeHello } from "../protocol/greeting.ts";
import {
  type Ack,
  readNotice,
  readPicture,
  readStream,
  readTiles,
  type Wish,
  writeAck,
  writeWish,
} from "../protocol/messages.ts";
import { readMotion } from "../protocol/motion.ts";
import { Peer, type PeerEnd, type PeerEvents } from "../protocol/peer.ts";
import type { ViewerKey } from "../protocol/proof.ts";
import { readRoute } from "../protocol/route.ts";
import type { Transport, TransportEvents } from "../protocol/transport.ts";
import { GoodbyeReason, HEADER_BYTES, MessageType, WIRE_VERSION } from "../protocol/wire.ts";
import type { Origin } from "../protocol/origin.ts";
import { type Address, formatAddress } from "./address.ts";
import { ServerNotTrusted } from "./carriage.ts";
import type { ConnectionEvents } from "./connection-events.ts";
import { KeyProof } from "./key-proof.ts";
import { DEFAULT_MAX_PIXELS, type PixelLimit, ServerLimits } from "./server-limits.ts";

const TICK_MS = 100;
const FRAME_MESSAGES: ReadonlySet<number> = new Set([MessageType.stream, MessageType.picture, MessageType.tiles]);

export interface ConnectionOptions {
  /** True if the server sends no pictures before the first Wish. */
  paused?: boolean;
  /** The largest picture that the viewer accepts, in pixels. Default: DEFAULT_MAX_PIXELS. */
  maxPixels?: PixelLimit | undefined;
  /** The key for a server that needs one. Without a key the connection to such a server ends with GoodbyeReason.needsKey. */
  key?: ViewerKey | null | undefined;
}

/** The end of a connection, with the server's Goodbye (or null) and one line for the user. */
export interface ConnectionEnd {
  goodbye: Goodbye | null;
  text: string;
}

/** A viewer's end of a connection. The owner of the transport calls `receive`, `drained` and `closed`. */
export class Connection implements Origin, TransportEvents, PeerEvents {
  readonly #transport: Transport;
  readonly #address: Address;
  readonly #events: ConnectionEvents;
  readonly #peer: Peer;
  readonly #limits: ServerLimits;
  readonly #ended = Promise.withResolvers<ConnectionEnd>();
  readonly #ticking: ReturnType<typeof setInterval>;
  #sourceName = "";
  readonly #proof: KeyProof;
  #hasProven = false;
  /** The messages that wait for the Proof or the Welcome. Null if messages are sent at once. */
  #held: Uint8Array[] | null;
  /** The reason why the viewer does not trust the server. Null if it does. */
  #distrust: string | null = null;
  #isWelcome = false;
  #hadCameraEnded = false;
  /** The only camera of an older server, which sends no list of cameras. It is null after `onCameras` has been called. */
  #onlyCamera: CameraEntry | null = null;

  /** Sends Hello over `transport`. `address` contains the name of the camera, and is also the name of the server in messages. */
  constructor(transport: Transport, address: Address, events: ConnectionEvents, options: ConnectionOptions = {}) {
    this.#transport = transport;
    this.#address = address;
    this.#events = events;
    this.#peer = new Peer(transport, "viewer", this);
    // `ended` rejects with the error. This handler avoids an unhandled rejection when the caller does not read `ended`.
    this.#ended.promise.catch(() => undefined);
    this.#ticking = setInterval(() => this.#peer.tick(), TICK_MS);
    const { paused = false, maxPixels = DEFAULT_MAX_PIXELS, key = null } = options;
    this.#held = key === null ? null : []; // a server that needs a key accepts no other message before the Proof
    this.#limits = new ServerLimits(maxPixels, nowMicros());
    const { camera } = address;
    const hello = writeHello({ version: WIRE_VERSION, software: SOFTWARE, camera, paused, canProve: true });
    this.#proof = new KeyProof(key, hello.slice(HEADER_BYTES));
    this.#peer.send(hello);
  }

  /** Resolves when the connection has ended. Rejects with ProtocolError when the server broke the protocol. */
  get ended(): Promise<ConnectionEnd> {
    return this.#ended.promise;
  }

  /** Whether the server has sent its Welcome. */
  get isWelcome(): boolean {
    return this.#isWelcome;
  }

  /** Whether the server has proven that it knows the key. It is false for a server that has not asked for a key. */
  get hasProven(): boolean {
    return this.#hasProven;
  }

  /** Whether the camera had already ended before this connection, according to the server. */
  get hadCameraEnded(): boolean {
    return this.#hadCameraEnded;
  }

  get clock(): ClockOffset {
    return this.#peer.clock;
  }

  acknowledge(ack: Ack): void {
    this.#send(writeAck(ack));
  }

  wish(wish: Wish): void {
    this.#send(writeWish(wish));
  }

  askForControls(): void {
    this.#send(writeControlsAsked());
  }

  setControl(set: SetControl): void {
    this.#send(writeSetControl(set));
  }

  /** Asks for a clip of the last seconds, or with 0 for the next part of it. */
  askForClip(seconds: number): void {
    this.#send(writeClipAsked({ seconds }));
  }

  /** Sends Goodbye and closes the connection. */
  close(): void {
    this.#peer.leave(GoodbyeReason.shutdown, "the viewer was closed");
  }

  receive(chunk: Uint8Array): void {
    this.#peer.receive(chunk);
  }

  drained(): void {
    this.#peer.drained();
  }

  closed(text: string): void {
    this.#peer.closed(text);
  }

  #send(message: Uint8Array): void {
    if (this.#held === null) this.#peer.send(message);
    else this.#held.push(message.slice());
  }

  /**
   * Sends the held Wishes right after the Proof, so that the first picture has the right size. All other requests wait until the
   * server has proven that it knows the key.
   */
  #sendHeldWishes(): void {
    const isWish = (message: Uint8Array) => message[HEADER_BYTES - 1] === MessageType.wish;
    const held = this.#held ?? [];
    this.#held = held.filter((message) => !isWish(message));
    for (const message of held.filter(isWish)) this.#peer.send(message);
  }

  #sendHeld(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const message of held) this.#peer.send(message);
  }

  /** Answers a Challenge. The peer calls this. */
  onHandshake(type: number, body: Uint8Array): boolean {
    if (type !== MessageType.challenge || this.#proof.isSent) return false;
    const answer = this.#proof.answer(body, this.#transport.binding ?? null);
    if (answer instanceof Uint8Array) {
      this.#peer.send(answer);
      this.#sendHeldWishes();
    } else {
      this.#peer.leave(answer.reason, answer.text);
    }
    return true;
  }

  /** Handles the server's Welcome. The peer calls this. */
  onGreeting(body: Uint8Array): void {
    const welcome = readWelcome(body);
    if (this.#proof.isSent) {
      this.#hasProven = this.#proof.isAnsweredBy(welcome);
      if (!this.#hasProven) {
        this.#distrust =
          "the server does not know the key: it is another server, or somebody is between it and this viewer";
        this.#peer.leave(GoodbyeReason.wrongKey, "the server has not proven that it knows the key");
        return;
      }
    }
    this.#isWelcome = true;
    this.#sourceName = welcome.sourceName;
    this.#peer.accept();
    this.#onlyCamera = { name: welcome.sourceName, hasEnded: false, width: 0, height: 0, framesPerSecond: 0 };
    try {
      this.#events.onWelcome(welcome);
    } catch (error) {
      if (!(error instanceof ServerNotTrusted)) throw error;
      this.#distrust = error.message;
      this.#peer.leave(GoodbyeReason.wrongKey, "the server has not asked for the key");
    }
    this.#sendHeld(); // a server that is refused gets no request, because the peer drops messages after a Goodbye
  }

  /** Handles a message of the server. The peer calls this. */
  onMessage(type: number, body: Uint8Array, firstByteAt: Micros, now: Micros): boolean {
    if (this.#onlyCamera !== null) this.#tellCameras(type, body, this.#onlyCamera);
    const arrival = { firstByteAt, lastByteAt: now, messageBytes: HEADER_BYTES + body.length };
    if (!FRAME_MESSAGES.has(type)) this.#limits.checkOther(now);
    switch (type) {
      case MessageType.stream: {
        const stream = readStream(body);
        this.#limits.checkStream(stream, now);
        this.#events.onStream(stream);
        return true;
      }
      case MessageType.picture:
        this.#events.onPicture(readPicture(body), arrival);
        return true;
      case MessageType.tiles:
        this.#events.onTiles(readTiles(body), arrival);
        return true;
      case MessageType.notice:
        this.#events.onNotice(readNotice(body));
        return true;
      case MessageType.motion:
        this.#events.onMotion?.(readMotion(body));
        return true;
      case MessageType.controls:
        this.#events.onControls?.(readControls(body));
        return true;
      case MessageType.controlSet:
        this.#events.onControlSet?.(readControlSet(body));
        return true;
      case MessageType.clipPart:
        this.#events.onClipPart?.(readClipPart(body));
        return true;
      case MessageType.route:
        this.#events.onRoute?.(readRoute(body));
        return true;
      default:
        return false;
    }
  }

  /** Handles the first exact time of the server. The peer calls this. */
  onClockKnown(): void {
    this.#events.onClockKnown?.();
  }

  /** Handles the end of the connection. The peer calls this. */
  onGone(end: PeerEnd): void {
    clearInterval(this.#ticking);
    this.#limits.close();
    const where = formatAddress(this.#address);
    const isOtherVersion = end.how !== "closed" && end.reason === GoodbyeReason.version;
    if (isOtherVersion) {
      const versions = `${end.text}, and this viewer (${SOFTWARE}) speaks version ${WIRE_VERSION}: update the older side`;
      this.#ended.reject(new ProtocolError(`${where}: ${versions}`));
    } else if (end.how === "left" && end.cause !== undefined) {
      this.#ended.reject(new ProtocolError(`${where}: ${end.text}`, { cause: end.cause }));
    } else if (this.#distrust !== null) {
      this.#ended.reject(new ProtocolError(`${where}: ${this.#distrust}`));
    } else {
      const lacksKey = end.how === "left" && end.reason === GoodbyeReason.needsKey;
      const goodbye = end.how === "goodbye" || lacksKey ? { reason: end.reason, text: end.text } : null;
      this.#ended.resolve({ goodbye, text: end.text });
    }
  }

  /** Reports the camera of an older server, which sends no list, before its first message. */
  #tellCameras(type: number, body: Uint8Array, onlyCamera: CameraEntry): void {
    this.#onlyCamera = null;
    const cameras = type === MessageType.cameras ? readCameras(body) : [onlyCamera];
    this.#hadCameraEnded = cameras.some(({ name, hasEnded }) => hasEnded && name === this.#sourceName);
    this.#events.onCameras?.(cameras);
  }
}
