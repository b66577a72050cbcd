// The reception holds all viewers of all cameras, from the connection's start to its end.

import { Condition } from "../../core/condition.ts";
import type { Log } from "../../core/log.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import type { AdaptationLimits } from "../deliver/quality/adaptation.ts";
import {
  type CameraRequest,
  type Refusal,
  Viewer,
  type ViewerConnection,
  type ViewerHost,
  type WatchedCamera,
} from "../deliver/viewer.ts";

/**
 * The largest number of viewers. It limits the memory of a flood of connections: a viewer costs some kilobytes and its waiting
 * bytes.
 */
const MAX_VIEWERS = 1000;

export interface ReceptionOptions {
  limits: AdaptationLimits;
  /** Returns the camera for a viewer, or the reason why it gets no camera. */
  findCamera: (request: CameraRequest) => WatchedCamera | Refusal;
  listCameras: () => CameraEntry[];
  log: Log;
}

export class Reception implements ViewerHost {
  readonly #options: ReceptionOptions;
  readonly #connected = new Set<Viewer>();
  /** Becomes true when no connection is open. Connections before Hello and after Goodbye count as open. */
  readonly empty = new Condition(() => this.#connected.size === 0);

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** Adds a connection. The door passes the events of the connection to the returned viewer. */
  connect(connection: ViewerConnection): Viewer {
    const viewer = new Viewer(connection, this);
    this.#connected.add(viewer);
    if (this.#connected.size > MAX_VIEWERS)
      viewer.leave(GoodbyeReason.full, `the server already has ${MAX_VIEWERS} viewers, which is the limit`);
    return viewer;
  }

  /** Call it about ten times a second. */
  tick(): void {
    for (const viewer of this.#connected) viewer.tick();
  }

  /** Sends Goodbye to all viewers. */
  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#connected]) viewer.leave(reason, text);
  }

  get limits(): AdaptationLimits {
    return this.#options.limits;
  }

  findCamera(request: CameraRequest): WatchedCamera | Refusal {
    return this.#options.findCamera(request);
  }

  listCameras(): CameraEntry[] {
    return this.#options.listCameras();
  }

  onRefused({ address }: Viewer, reason: string): void {
    this.#options.log.info(`connection from ${address} refused: ${reason}`);
  }

  onClosed(viewer: Viewer): void {
    this.#connected.delete(viewer);
    this.empty.check();
  }
}
