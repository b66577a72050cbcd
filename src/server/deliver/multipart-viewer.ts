// A viewer that gets multipart JPEG over HTTP: a program that speaks no protocol of Slipstream, or a browser without scripts.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Notice } from "../../protocol/messages.ts";
import type { GoodbyeReason } from "../../protocol/wire.ts";
import type { AccessLimits, LimitName } from "../access/limits.ts";
import type { Role } from "../access/role.ts";
import type { AudienceMember } from "./audience-member.ts";
import type { LookTimer } from "./look-timer.ts";
import type { PartForm } from "./multipart-form.ts";
import { MultipartSender, type SendQueue } from "./multipart-sender.ts";
import type { AdaptationLimits } from "./quality/adaptation.ts";
import type { Share, SharedBitrate } from "./shared-bitrate.ts";
import { waitingText } from "./waiting-memory.ts";
import type { Client, WatchedCamera } from "./viewer-host.ts";

/** The connection of a multipart viewer. */
export interface MultipartConnection extends Client, SendQueue {
  readonly role: Role;
  /** Ends the stream, after the bytes that wait. */
  end(): void;
  /** Ends the connection at once. */
  abort(): void;
}

/** The wishes in the address of the stream. */
export interface MultipartWish {
  form: PartForm;
  /** Whether pictures that have not changed are sent, too. */
  wantsAll: boolean;
  /** Whether all pictures must have the same size. */
  keepsSize: boolean;
  /** The size that is enough. 0 × 0 means the size of the source. */
  size: Size;
}

/** The owner of the multipart viewers. The class Reception implements it. */
export interface MultipartHost {
  readonly limits: AdaptationLimits;
  readonly access: AccessLimits;
  readonly bitrate: SharedBitrate;
  readonly lookTimer: LookTimer;
  /** The viewer calls this if it is disconnected because it exceeded a limit. */
  onExceeded(viewer: MultipartViewer, limit: LimitName): void;
  /** The viewer calls this once, when it is gone. */
  onClosed(viewer: MultipartViewer): void;
}

export class MultipartViewer implements AudienceMember {
  readonly door = "mjpeg";
  readonly countsAsViewer = true;
  readonly connection: MultipartConnection;
  readonly frames: MultipartSender;
  readonly #camera: WatchedCamera;
  readonly #wish: MultipartWish;
  readonly #host: MultipartHost;
  readonly #share: Share;
  #hasBegun = false;
  #isOpen = true;
  /** The last time when the kernel had passed on bytes, or had none. */
  #progressAt: Micros = nowMicros();
  /** The values of `waiting` at the last tick. */
  #waitingBytes = 0;
  #waitedSince: Micros = Number.POSITIVE_INFINITY;

  constructor(connection: MultipartConnection, camera: WatchedCamera, wish: MultipartWish, host: MultipartHost) {
    this.connection = connection;
    this.#camera = camera;
    this.#wish = wish;
    this.#host = host;
    this.#share = host.bitrate.open(connection.ip);
    this.frames = new MultipartSender({
      queue: connection,
      form: wish.form,
      wantsAll: wish.wantsAll,
      limits: host.limits,
      share: this.#share,
      timer: host.lookTimer,
      isWanted: () => this.watching,
      onDelivered: () => camera.onAcknowledged(this, nowMicros()),
    });
  }

  get address(): string {
    return this.connection.address;
  }

  get role(): Role {
    return this.connection.role;
  }

  get cameraName(): string {
    return this.#camera.name;
  }

  get form(): PartForm {
    return this.#wish.form;
  }

  get watching(): boolean {
    return this.#isOpen && this.#hasBegun;
  }

  get keepsSize(): boolean {
    return this.#wish.keepsSize;
  }

  get wishedSize(): Size {
    return this.#wish.size;
  }

  get roundTripMicros(): Micros {
    return this.frames.roundTripMicros;
  }

  /** The bytes that the client has not taken, and the time since which it has taken none (Infinity: nothing waits). */
  get waiting(): { bytes: number; since: Micros } {
    return { bytes: this.#waitingBytes, since: this.#waitsSince };
  }

  get #waitsSince(): Micros {
    return this.frames.waitsSince ?? Number.POSITIVE_INFINITY;
  }

  /** Begins the pictures. The door calls this when the client can be sent bytes. */
  begin(): void {
    if (!this.#isOpen) return;
    this.#hasBegun = true;
    this.frames.open();
    this.#camera.onChanged(this);
  }

  /** Repeats pictures, and disconnects a client that takes no bytes. Call it about ten times a second. */
  tick(): void {
    if (!this.#isOpen) return;
    const now = nowMicros();
    this.frames.tick(now);
    const waiting = this.connection.waitingBytes;
    const since = this.#waitsSince;
    const isServed = this.#hasBegun && waiting === 0;
    if (isServed || waiting < this.#waitingBytes || since !== this.#waitedSince) this.#progressAt = now;
    this.#waitingBytes = waiting;
    this.#waitedSince = since;
    const { stallSeconds } = this.#host.access;
    if (now - this.#progressAt > stallSeconds * 1e6)
      this.#exceed("stalled", `it has taken no bytes for ${stallSeconds} s`);
  }

  /** Disconnects the viewer to free memory, because too many bytes wait for all viewers together. */
  endWaiting(): void {
    this.#exceed("waiting", waitingText(this.#host.access.maxWaitingMiB));
  }

  #exceed(limit: LimitName, text: string): void {
    this.#host.onExceeded(this, limit);
    this.connection.abort();
    this.closed(text);
  }

  /** The form cannot carry a text. The picture stays, and is repeated. */
  notify({ trouble }: Notice): void {
    this.frames.isOnline = !trouble;
  }

  leave(_reason: GoodbyeReason, text: string): void {
    if (!this.#isOpen) return;
    this.connection.end();
    this.closed(text);
  }

  /** Handles the end of the connection. `reason` is for the log. Later calls do nothing. */
  closed(reason: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#host.lookTimer.remove(this.frames);
    this.#share.close();
    if (this.#hasBegun) this.#camera.onGone(this, reason);
    this.#host.onClosed(this);
  }
}
