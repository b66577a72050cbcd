// One connected viewer on the server. It handles the viewer's messages, and frame-sender.ts sends the pictures.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { ProtocolError } from "../../core/errors.ts";
import type { MotionNow } from "../../core/motion.ts";
import type { Size } from "../../core/pixel-format.ts";
import { TokenBucket } from "../../core/token-bucket.ts";
import { SOFTWARE } from "../../core/version.ts";
import { writeCameras } from "../../protocol/cameras.ts";
import { writeWelcome } from "../../protocol/greeting.ts";
import { type Notice, readAck, readWish, type Wish } from "../../protocol/messages.ts";
import { Peer, type PeerEnd, type PeerEvents } from "../../protocol/peer.ts";
import type { Route } from "../../protocol/route.ts";
import type { TransportEvents } from "../../protocol/transport.ts";
import { GoodbyeReason, MessageType, WIRE_VERSION } from "../../protocol/wire.ts";
import { type LimitName, MESSAGES_BURST } from "../access/limits.ts";
import { EVERYBODY, type Role } from "../access/role.ts";
import { Answers } from "./answers.ts";
import type { AudienceMember, DoorName } from "./audience-member.ts";
import { FrameSender } from "./frame-sender.ts";
import { type Greeted, Handshake } from "./handshake.ts";
import { Questions } from "./questions.ts";
import type { Refusal } from "../access/refusal.ts";
import { SideMessages } from "./side-messages.ts";
import type { Share } from "./shared-bitrate.ts";
import type { ViewerConnection, ViewerHost, WatchedCamera } from "./viewer-host.ts";
import { ViewerProgress } from "./viewer-progress.ts";
import { waitingText } from "./waiting-memory.ts";
import { WishPacer } from "./wish-pacer.ts";

/** A connected viewer. The door that owns the connection calls `receive`, `drained` and `closed`. */
export class Viewer implements AudienceMember, TransportEvents, PeerEvents {
  readonly countsAsViewer = true;
  readonly connection: ViewerConnection;
  readonly #host: ViewerHost;
  readonly #peer: Peer;
  readonly #share: Share;
  /** Sends the pictures. */
  readonly frames: FrameSender;
  readonly #handshake: Handshake;
  readonly #answers: Answers;
  readonly #questions: Questions;
  readonly #progress: ViewerProgress;
  /** The role of the viewer after the handshake, which says what it may see and do. */
  role: Role = EVERYBODY;
  /** The camera that the viewer watches, or null before its Hello. */
  #camera: WatchedCamera | null = null;
  #wish: Wish = { paused: false, keepsSize: false, width: 0, height: 0 };
  readonly #wishes: WishPacer;
  readonly #side: SideMessages;
  /** Tokens for messages that are not acknowledgements. */
  readonly #messages: TokenBucket;

  constructor(connection: ViewerConnection, host: ViewerHost) {
    this.connection = connection;
    this.#host = host;
    this.#peer = new Peer(connection, "server", this);
    this.#handshake = new Handshake({
      needsKey: host.needsKey,
      role: connection.role ?? null,
      binding: () => connection.binding ?? null,
      authenticate: (proof, input) => host.authenticate(this, proof, input),
      send: (message) => this.#peer.send(message),
    });
    const now = nowMicros();
    const perSecond = host.access.messagesPerSecond;
    this.#messages = new TokenBucket({ perSecond, burst: perSecond * MESSAGES_BURST }, now);
    this.#progress = new ViewerProgress(host.access.stallSeconds);
    this.#answers = new Answers(this.#peer);
    this.#side = new SideMessages(this.#peer);
    this.#questions = new Questions(this.#answers, this);
    this.#wishes = new WishPacer((wish) => this.#actOn(wish));
    this.#share = host.bitrate.open(connection.ip);
    this.frames = new FrameSender(this.#peer.outbox, {
      limits: host.limits,
      share: this.#share,
      waiting: host.waiting,
      isWanted: () => this.watching,
    });
  }

  /** The address of the viewer, as text for people. */
  get address(): string {
    return this.connection.address;
  }

  get door(): DoorName {
    return this.connection.door;
  }

  /** Whether the viewer wants pictures now. */
  get watching(): boolean {
    return this.#peer.isOpen && !this.#wish.paused;
  }

  /** Whether all pictures of the viewer must have the same size. */
  get keepsSize(): boolean {
    return this.#wish.keepsSize;
  }

  /** The picture size that is enough for the viewer. 0 × 0 means the size of the source. */
  get wishedSize(): Size {
    return this.#wish;
  }

  get roundTripMicros(): number {
    return this.#peer.clock.roundTripMicros;
  }

  /**
   * The bytes that the viewer has not acknowledged, and the time since which it has acknowledged nothing (Infinity: nothing
   * waits).
   */
  get waiting(): { bytes: number; since: Micros } {
    const { unacknowledgedBytes, waitsSince } = this.frames;
    return { bytes: unacknowledgedBytes, since: waitsSince ?? Number.POSITIVE_INFINITY };
  }

  /** Whether the viewer was sent the newest frame and has acknowledged all its frames. */
  get settled(): boolean {
    return !this.watching || (this.frames.settled && this.#peer.outbox.idle);
  }

  receive(chunk: Uint8Array): void {
    this.#peer.receive(chunk);
    this.#wishes.tick();
  }

  /** Counts frames of the transport without bytes like messages. */
  emptyFrames(count: number): void {
    const now = nowMicros();
    for (let counted = 0; counted < count; counted++) {
      if (this.#messages.take(now)) continue;
      this.#exceedMessages();
      return;
    }
  }

  drained(): void {
    this.#peer.drained();
    this.#answers.countSent();
    this.#side.send();
    this.#sendNewest();
  }

  #sendNewest(): void {
    this.frames.sendNewest();
    if (this.frames.awaitsFrame) this.#camera?.onReady();
  }

  closed(text: string): void {
    this.#peer.closed(text);
  }

  notify(notice: Notice): void {
    this.#side.notify(notice);
  }

  tellMotion(motion: MotionNow): void {
    this.#side.tellMotion(motion);
  }

  tellRoute(relays: Route): void {
    this.#side.tellRoute(relays);
  }

  /** Sends pings, and disconnects a viewer that is silent or takes no bytes. Call it about ten times a second. */
  tick(): void {
    const now = nowMicros();
    this.#peer.tick();
    this.#answers.countSent();
    this.#side.send();
    this.#wishes.tick();
    this.frames.sendNewest(); // The viewer's byte budget may have grown.
    this.#checkProgress(now);
  }

  #checkProgress(now: Micros): void {
    const { idle, acceptedBytes } = this.#peer.outbox;
    const { awaitsAck } = this.frames;
    if (!this.#progress.hasStalled({ isBusy: !idle, acceptedBytes, awaitsAck }, now)) return;
    const { stallSeconds } = this.#host.access;
    this.#exceed(
      "stalled",
      GoodbyeReason.timeout,
      `it has received no bytes and acknowledged no frame for ${stallSeconds} s`,
    );
  }

  /** Disconnects the viewer to free memory, because too many bytes wait for all viewers together. */
  endWaiting(): void {
    this.#exceed("waiting", GoodbyeReason.timeout, waitingText(this.#host.access.maxWaitingMiB));
  }

  #exceed(limit: LimitName, reason: GoodbyeReason, text: string): void {
    this.#host.onExceeded(this, limit);
    this.#peer.cutOff(reason, text);
  }

  #exceedMessages(): void {
    const text = `it sends more than ${this.#host.access.messagesPerSecond} messages a second`;
    this.#exceed("messages", GoodbyeReason.other, text);
  }

  /** Sends Goodbye, and closes the connection when the Goodbye has been sent. */
  leave(reason: GoodbyeReason, text: string): void {
    this.#peer.leave(reason, text);
  }

  // The methods that follow are the events of the peer (PeerEvents in protocol/peer.ts).

  onGreeting(body: Uint8Array): void {
    this.#goOn(this.#handshake.takeHello(body));
  }

  onHandshake(type: number, body: Uint8Array): boolean {
    const result = this.#handshake.takeOther(type, body);
    if (result !== false) this.#goOn(result);
    return result !== false;
  }

  #goOn(result: Greeted | Refusal | null): void {
    if (result === null) return; // The viewer has to send more.
    if ("reason" in result) this.leave(result.reason, result.text);
    else this.#welcome(result);
  }

  #welcome({ hello, role, serverProof }: Greeted): void {
    const { camera: name, paused } = hello;
    this.role = role;
    const camera = this.#host.findCamera({ name, wantsPictures: !paused, connection: this.connection, role });
    if ("reason" in camera) {
      this.leave(camera.reason, camera.text);
      return;
    }
    this.#camera = camera;
    this.#wish.paused = paused;
    const welcome = { version: WIRE_VERSION, software: SOFTWARE, sourceName: camera.name };
    this.#peer.send(writeWelcome(serverProof === undefined ? welcome : { ...welcome, serverProof }));
    this.#peer.send(writeCameras(this.#host.listCameras(role)));
    this.#peer.accept();
    camera.onChanged(this);
  }

  onMessage(type: number, body: Uint8Array, _startedAt: Micros, now: Micros): boolean {
    const camera = this.#camera;
    if (camera === null) return false;
    if (type !== MessageType.ack && !this.#messages.take(now)) {
      this.#exceedMessages();
      return true;
    }
    switch (type) {
      case MessageType.ack: {
        const ack = readAck(body);
        const captureIntervalMicros = camera.captureIntervalMicros();
        if (!this.frames.acknowledged(ack, { now, roundTripMicros: this.roundTripMicros, captureIntervalMicros })) {
          throw new ProtocolError(`Ack for frame ${ack.frameNumber}, which is not in flight`);
        }
        this.#progress.acknowledged(now);
        camera.onAcknowledged(this, now);
        this.#sendNewest();
        return true;
      }
      case MessageType.wish:
        this.#wishes.offer(readWish(body));
        return true;
      default:
        return this.#questions.take(type, body, camera);
    }
  }

  #actOn(wish: Wish): void {
    if (!this.#peer.isOpen) return; // it has been disconnected since, for example because it sent a flood
    this.#wish = wish;
    if (wish.paused) this.frames.breakOff();
    this.#camera?.onChanged(this);
  }

  onGone(end: PeerEnd): void {
    this.#questions.close();
    this.#share.close();
    this.frames.close();
    if (end.how === "closed" && !this.#peer.hasSpoken) return; // A connection without bytes (port scan) is not logged.
    if (this.#camera === null) this.#host.onRefused(this, end.text);
    else this.#camera.onGone(this, end.text);
  }

  onClosed(): void {
    this.#host.onClosed(this);
  }
}
