// Where viewers arrive: holds every connection from its first byte to its end, whatever camera it watches.

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

/** Bounds what a flood of connections can cost; a viewer costs some kilobytes and the bytes on their way to it. */
const MAX_VIEWERS = 1000;

export interface ReceptionOptions {
  limits: AdaptationLimits;
  /** The camera for a viewer, or why there is none. */
  findCamera: (request: CameraRequest) => WatchedCamera | Refusal;
  listCameras: () => CameraEntry[];
  log: Log;
}

export class Reception implements ViewerHost {
  readonly #options: ReceptionOptions;
  readonly #connected = new Set<Viewer>();
  /** Met when no connection is open, including those that have not greeted yet or have not read their goodbye. */
  readonly empty = new Condition(() => this.#connected.size === 0);

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** A new connection. The door passes on to the returned viewer what happens on the connection. */
  connect(connection: ViewerConnection): Viewer {
    const viewer = new Viewer(connection, this);
    this.#connected.add(viewer);
    if (this.#connected.size > MAX_VIEWERS) viewer.leave(GoodbyeReason.full, `${MAX_VIEWERS} viewers are the limit`);
    return viewer;
  }

  /** Call it about ten times a second. */
  tick(): void {
    for (const viewer of this.#connected) viewer.tick();
  }

  /** Says goodbye to all. */
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
