// The reception owns the viewers of all cameras, from the start of a connection to its end.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { Condition } from "../../core/condition.ts";
import type { Log } from "../../core/log.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import type { Proof } from "../../protocol/handshake.ts";
import type { ProofInput } from "../../protocol/proof.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { addressGroup } from "../access/address-group.ts";
import { Admission, type Excess, type Guest } from "../access/admission.ts";
import { Gatekeeper } from "../access/gatekeeper.ts";
import type { AccessLimits, LimitName } from "../access/limits.ts";
import type { Authenticated, KeyRing } from "../access/key-ring.ts";
import { RefusalLog } from "../access/refusal-log.ts";
import type { Role } from "../access/role.ts";
import type { Session } from "../access/session.ts";
import type { AdaptationLimits } from "../deliver/quality/adaptation.ts";
import type { Refusal } from "../access/refusal.ts";
import { Snapshots } from "../deliver/snapshots.ts";
import { SharedBitrate } from "../deliver/shared-bitrate.ts";
import { LookTimer } from "../deliver/look-timer.ts";
import { type MultipartConnection, MultipartViewer, type MultipartWish } from "../deliver/multipart-viewer.ts";
import { WaitingMemory } from "../deliver/waiting-memory.ts";
import { Viewer } from "../deliver/viewer.ts";
import type { DoorGuest } from "./tcp.ts";
import { TurnedAway } from "./turned-away.ts";
import type { CameraRequest, Client, ViewerConnection, ViewerHost, WatchedCamera } from "../deliver/viewer-host.ts";

/** A viewer that acknowledges a picture within this time is never disconnected because of the memory limit of all viewers. */
const BEHIND_MICROS = 1_000_000;

export interface ReceptionOptions {
  limits: AdaptationLimits;
  access: AccessLimits;
  /** The keys that viewers have to prove. Null if none is needed. */
  keys: KeyRing | null;
  /** Returns the camera for a viewer, or the reason why it gets no camera. */
  findCamera: (request: CameraRequest) => WatchedCamera | Refusal;
  listCameras: (role: Role) => CameraEntry[];
  log: Log;
}

export class Reception implements ViewerHost {
  readonly #options: ReceptionOptions;
  #limits: AdaptationLimits;
  readonly #admission: Admission;
  readonly #refusals: RefusalLog;
  /** Decides who may watch, at all doors. */
  readonly gatekeeper: Gatekeeper;
  readonly bitrate: SharedBitrate;
  readonly waiting: WaitingMemory;
  readonly #guests = new Map<Client, Guest>();
  /** Viewers that have proven a key. */
  readonly #proven = new Set<Viewer | MultipartViewer>();
  readonly #connected = new Set<Viewer | MultipartViewer>();
  readonly lookTimer = new LookTimer();
  readonly snapshots = new Snapshots();
  readonly #turnedAway = new TurnedAway();
  /** Becomes true when no connection is open. Connections before Hello and after Goodbye count as open. */
  readonly empty = new Condition(() => this.#connected.size === 0);

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#limits = options.limits;
    this.#admission = new Admission(options.access);
    const onWrongKey = () => this.#admission.refused.add("wrongKeys");
    this.gatekeeper = new Gatekeeper({ keys: options.keys, onWrongKey });
    this.#refusals = new RefusalLog(options.log);
    this.waiting = new WaitingMemory(options.access.maxWaitingMiB * 2 ** 20);
    this.bitrate = new SharedBitrate(options.access.maxTotalBitsPerSecond, options.log);
  }

  /**
   * Adds a connection. The door passes the events of the connection to the returned viewer. If a limit refuses the connection,
   * the connection ends, and the result is not a viewer, or null.
   */
  connect(connection: ViewerConnection): DoorGuest | null {
    const now = nowMicros();
    const { role } = connection;
    const refusal = role === undefined ? this.gatekeeper.refusal(connection.ip, now) : null;
    if (refusal !== null) return this.#turnAway(connection, refusal.text, now);
    const guest = this.#admission.connect(connection.ip, () => connection.abort(), now);
    if ("limit" in guest) return this.#turnAway(connection, guest.text, now);
    this.#guests.set(connection, guest);
    const viewer = new Viewer(connection, this);
    this.#connected.add(viewer);
    if (role !== undefined && this.needsKey) {
      this.gatekeeper.joined(connection.ip);
      this.#proven.add(viewer);
    }
    return viewer;
  }

  /**
   * Returns whether a door must end a new connection before it does any work for it, because `connect` would refuse it and has no
   * Goodbye for it. It counts as refused. A flood of connections costs much less this way, above all with TLS. `role` is that of a
   * key that the door has checked.
   */
  shuns(ip: string, role?: Role): boolean {
    const now = nowMicros();
    if (this.#turnedAway.hasGoodbye(now)) return false;
    const locked = role === undefined ? this.gatekeeper.refusal(ip, now) : null;
    const refusal = locked ?? this.#admission.refuseConnect(ip, now);
    if (refusal === null) return false;
    this.#refusals.refused(addressGroup(ip), ip, refusal.text, now);
    return true;
  }

  /**
   * Admits a viewer that gets multipart JPEG. The door calls `closed` of the returned viewer when its connection has closed.
   * Returns the reason if it is refused.
   */
  connectMultipart(connection: MultipartConnection, camera: string, wish: MultipartWish): MultipartViewer | Refusal {
    const { ip, role } = connection;
    const guest = this.#admission.connect(ip, () => connection.abort(), nowMicros());
    if ("limit" in guest) return { reason: GoodbyeReason.full, text: guest.text };
    this.#guests.set(connection, guest);
    const watched = this.findCamera({ name: camera, wantsPictures: true, connection, role });
    if ("reason" in watched) {
      this.#admission.gone(guest);
      this.#guests.delete(connection);
      return watched;
    }
    const viewer = new MultipartViewer(connection, watched, wish, this);
    this.#connected.add(viewer);
    if (this.needsKey) {
      this.gatekeeper.joined(ip);
      this.#proven.add(viewer);
    }
    return viewer;
  }

  /** The viewers that get multipart JPEG. */
  get multipartViewers(): MultipartViewer[] {
    return [...this.#connected].filter((viewer) => viewer instanceof MultipartViewer);
  }

  /** Counts a request at the HTTP door. Returns null, or the reason why it is refused. */
  admitRequest(ip: string, now: Micros): Excess | null {
    return this.#admission.request(ip, now);
  }

  /** Counts connections without a viewer that the HTTP door has ended. */
  endedIdle(count: number): void {
    this.#admission.endedIdle(count);
  }

  /** Logs a request that the HTTP door has refused. */
  refusedRequest(ip: string, address: string, reason: string): void {
    this.#refusals.refused(addressGroup(ip), address, reason, nowMicros());
  }

  #turnAway(connection: ViewerConnection, text: string, now: Micros): DoorGuest | null {
    this.#refusals.refused(addressGroup(connection.ip), connection.address, text, now);
    return this.#turnedAway.turnAway(connection, text, now);
  }

  /** The number of open connections, with those before Hello. */
  get connections(): number {
    return this.#connected.size;
  }

  /** Whether there are as many viewers as are allowed. */
  get isFull(): boolean {
    return this.#admission.isFull;
  }

  get needsKey(): boolean {
    return this.gatekeeper.needsKey;
  }

  authenticate(viewer: Viewer, proof: Proof, input: ProofInput): Authenticated | Refusal {
    const answer = this.gatekeeper.authenticate(viewer.connection.ip, { proof, input }, nowMicros());
    if ("role" in answer) this.#proven.add(viewer);
    return answer;
  }

  /** Disconnects viewers whose key was removed or has other rights now. Call it when keys have changed. */
  keysChanged(): void {
    for (const viewer of [...this.#proven]) {
      if (this.gatekeeper.holds(viewer.role)) continue;
      viewer.leave(GoodbyeReason.wrongKey, "the key was removed or changed on the server");
    }
  }

  /** Disconnects the viewers that a browser has opened with a login. Call it when the browser logs out. */
  loggedOut(session: Session): void {
    for (const viewer of [...this.#proven]) {
      if (viewer.connection.session === session) viewer.leave(GoodbyeReason.wrongKey, "the browser has logged out");
    }
  }

  /** The numbers of connections that were refused or ended, by limit. */
  get refusedBy(): Readonly<Record<LimitName, number>> {
    return this.#admission.refused.byReason;
  }

  /** Does the regular work for all viewers. Call it about ten times a second. */
  tick(): void {
    const now = nowMicros();
    this.bitrate.tick(now);
    for (const viewer of this.#connected) viewer.tick();
    this.#checkWaiting(now);
    this.#admission.tick(now);
    this.gatekeeper.tick(now);
    this.#refusals.tick(now);
  }

  /**
   * Disconnects viewers if the memory for unacknowledged pictures exceeds its limit. If viewers were refused their first picture
   * for lack of memory, half of the memory is freed, so that viewers that take no pictures cannot keep out good ones.
   */
  #checkWaiting(now: Micros): void {
    const waiting = [...this.#connected].map((viewer) => ({ viewer, ...viewer.waiting }));
    let bytes = waiting.reduce((sum, each) => sum + each.bytes, 0);
    const most = (this.access.maxWaitingMiB * 2 ** 20) / (this.waiting.takeRefused() ? 2 : 1);
    if (bytes <= most) return;
    const behind = waiting.filter(({ since }) => now - since >= BEHIND_MICROS).toSorted((a, b) => a.since - b.since);
    for (const { viewer, bytes: ofViewer } of behind) {
      if (bytes <= most) return;
      viewer.endWaiting();
      bytes -= ofViewer;
    }
  }

  /** Sends Goodbye to all viewers. */
  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#connected]) viewer.leave(reason, text);
  }

  get limits(): AdaptationLimits {
    return this.#limits;
  }

  /** Takes other limits, which hold for viewers that connect from now on. */
  set limits(limits: AdaptationLimits) {
    this.#limits = limits;
  }

  get access(): AccessLimits {
    return this.#options.access;
  }

  findCamera(request: CameraRequest): WatchedCamera | Refusal {
    const camera = this.#options.findCamera(request);
    const guest = this.#guests.get(request.connection);
    if ("reason" in camera || guest === undefined) return camera;
    const excess = this.#admission.greet(guest);
    return excess === null ? camera : { reason: GoodbyeReason.full, text: excess.text };
  }

  listCameras(role: Role): CameraEntry[] {
    return this.#options.listCameras(role);
  }

  onRefused({ address, connection }: Viewer, reason: string): void {
    if (connection.isAttempt === true) {
      this.#options.log.debug(`connection from ${address} refused: ${reason}`);
      return;
    }
    this.#refusals.refused(addressGroup(connection.ip), address, reason, nowMicros());
  }

  onExceeded({ connection }: Viewer | MultipartViewer, limit: LimitName): void {
    const guest = this.#guests.get(connection);
    if (guest !== undefined) this.#admission.exceeded(guest, limit, nowMicros());
  }

  onClosed(viewer: Viewer | MultipartViewer): void {
    const guest = this.#guests.get(viewer.connection);
    if (guest !== undefined) this.#admission.gone(guest);
    this.#guests.delete(viewer.connection);
    if (this.#proven.delete(viewer)) this.gatekeeper.left(viewer.connection.ip, nowMicros());
    this.#connected.delete(viewer);
    this.empty.check();
  }
}
