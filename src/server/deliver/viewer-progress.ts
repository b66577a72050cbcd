// Finds a viewer that takes no bytes and acknowledges no frame.

import { type Micros, nowMicros } from "../../core/clock.ts";

/** The state of a viewer's connection. */
export interface ViewerState {
  /** Whether bytes wait for the transport. */
  isBusy: boolean;
  /** The bytes that the transport has accepted since the start. */
  acceptedBytes: number;
  /** Whether a frame waits for its acknowledgement. */
  awaitsAck: boolean;
}

export class ViewerProgress {
  readonly #stallMicros: Micros;
  /**
   * The last time when the viewer made progress: it took bytes or acknowledged a frame, or there was nothing to take or to
   * acknowledge.
   */
  #at: Micros = nowMicros();
  #acceptedBytes = 0;
  /** Whether bytes waited at the last check. */
  #wasBusy = false;

  /** `stallSeconds` is the longest time without progress. */
  constructor(stallSeconds: number) {
    this.#stallMicros = stallSeconds * 1e6;
  }

  acknowledged(now: Micros): void {
    this.#at = now;
  }

  /** Returns whether the viewer has stalled. Call it regularly. After `true` the time starts again. */
  hasStalled({ isBusy, acceptedBytes, awaitsAck }: ViewerState, now: Micros): boolean {
    // Bytes that the transport accepts at once, for example pongs, do not count as progress: the viewer may never have read the
    // frame before them, which is in the kernel's buffer.
    const takesFrame = (isBusy || this.#wasBusy) && acceptedBytes !== this.#acceptedBytes;
    if (takesFrame || (!isBusy && !awaitsAck)) this.#at = now;
    this.#acceptedBytes = acceptedBytes;
    this.#wasBusy = isBusy;
    if (now - this.#at <= this.#stallMicros) return false;
    this.#at = now;
    return true;
  }
}
