// Where viewers come in: every connection from its first byte on, until a camera has taken it, and all of them at the end.

import type { CameraEntry } from "../../protocol/cameras.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import type { AdaptationLimits } from "../deliver/adaptation.ts";
import { type Refusal, Viewer, type ViewerConnection, type WatchedCamera } from "../deliver/viewer.ts";

/** Bounds what a flood of connections can take; each viewer costs some kilobytes and the bytes on their way to it. */
const MAX_VIEWERS = 1000;

export interface ReceptionOptions {
  limits: AdaptationLimits;
  /** The camera that a viewer asks for, or why there is none for it. */
  findCamera: (name: string, wantsPictures: boolean) => WatchedCamera | Refusal;
  listCameras: () => CameraEntry[];
  say: (text: string) => void;
}

export class Reception {
  readonly #options: ReceptionOptions;
  readonly #connected = new Set<Viewer>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
  }

  /** A new connection; the door passes on to the returned viewer what happens on it. */
  connect(connection: ViewerConnection): Viewer {
    const viewer = new Viewer(connection, {
      limits: this.#options.limits,
      findCamera: this.#options.findCamera,
      listCameras: this.#options.listCameras,
      onRefused: ({ peer }, reason) => this.#options.say(`connection from ${peer} refused: ${reason}`),
      onClosed: (closed) => this.#connected.delete(closed),
    });
    this.#connected.add(viewer);
    if (this.#connected.size > MAX_VIEWERS) viewer.leave(GoodbyeReason.full, `${MAX_VIEWERS} viewers are the limit`);
    return viewer;
  }

  /** Open connections, those that have yet to greet or to read their goodbye included. */
  get connections(): number {
    return this.#connected.size;
  }

  tick(): void {
    for (const viewer of this.#connected) viewer.tick();
  }

  dismiss(reason: GoodbyeReason, text: string): void {
    for (const viewer of [...this.#connected]) viewer.leave(reason, text);
  }
}
