// The reception holds all viewers of all cameras, from the connection's start to its end.

import { nowMicros } from "../../core/clock.ts";
import { Condition } from "../../core/condition.ts";
import type { Log } from "../../core/log.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import { writeGoodbye } from "../../protocol/greeting.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { addressGroup } from "../access/address-group.ts";
import { Admission, type Guest } from "../access/admission.ts";
import type { AccessLimits, LimitName } from "../access/limits.ts";
import { RefusalLog } from "../access/refusal-log.ts";
import type { AdaptationLimits } from "../deliver/quality/adaptation.ts";
import {
  type CameraRequest,
  type Refusal,
  Viewer,
  type ViewerConnection,
  type ViewerHost,
  type WatchedCamera,
} from "../deliver/viewer.ts";

/** The time that a refused connection has to read its Goodbye. */
const REFUSAL_TIMEOUT_MS = 1_000;

export interface ReceptionOptions {
  limits: AdaptationLimits;
  access: AccessLimits;
  /** Returns the camera for a viewer, or the reason why it gets no camera. */
  findCamera: (request: CameraRequest) => WatchedCamera | Refusal;
  listCameras: () => CameraEntry[];
  log: Log;
}

export class Reception implements ViewerHost {
  readonly #options: ReceptionOptions;
  readonly #admission: Admission;
  readonly #refusals: RefusalLog;
  readonly #guests = new Map<ViewerConnection, Guest>();
  readonly #connected = new Set<Viewer>();
  /** Becomes true when no connection is open. Connections before Hello and after Goodbye count as open. */
  readonly empty = new Condition(() => this.#connected.size === 0);

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#admission = new Admission(options.access);
    this.#refusals = new RefusalLog(options.log);
  }

  /**
   * Adds a connection. The door passes the events of the connection to the returned viewer. Returns null when a limit refuses the
   * connection, which is then ending.
   */
  connect(connection: ViewerConnection): Viewer | null {
    const now = nowMicros();
    const guest = this.#admission.connect(connection.ip, () => connection.abort(), now);
    if ("limit" in guest) {
      this.#refusals.refused(addressGroup(connection.ip), connection.address, guest.text, now);
      connection.write(writeGoodbye({ reason: GoodbyeReason.full, text: guest.text }));
      connection.end();
      setTimeout(() => connection.abort(), REFUSAL_TIMEOUT_MS).unref();
      return null;
    }
    this.#guests.set(connection, guest);
    const viewer = new Viewer(connection, this);
    this.#connected.add(viewer);
    return viewer;
  }

  /** The numbers of connections that were refused or ended, by limit. */
  get refusedBy(): Readonly<Record<LimitName, number>> {
    return this.#admission.refused.byReason;
  }

  /** Call it about ten times a second. */
  tick(): void {
    const now = nowMicros();
    for (const viewer of this.#connected) viewer.tick();
    this.#admission.tick(now);
    this.#refusals.tick(now);
  }

  /** Sends Goodbye to all viewers. */
  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#connected]) viewer.leave(reason, text);
  }

  get limits(): AdaptationLimits {
    return this.#options.limits;
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

  listCameras(): CameraEntry[] {
    return this.#options.listCameras();
  }

  onRefused({ address, connection }: Viewer, reason: string): void {
    this.#refusals.refused(addressGroup(connection.ip), address, reason, nowMicros());
  }

  onExceeded({ connection }: Viewer, limit: LimitName): void {
    const guest = this.#guests.get(connection);
    if (guest !== undefined) this.#admission.exceeded(guest, limit, nowMicros());
  }

  onClosed(viewer: Viewer): void {
    const guest = this.#guests.get(viewer.connection);
    if (guest !== undefined) this.#admission.gone(guest);
    this.#guests.delete(viewer.connection);
    this.#connected.delete(viewer);
    this.empty.check();
  }
}
