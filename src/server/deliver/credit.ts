// Credit: computes how many pictures may be in flight to one viewer, so that no picture waits in a queue and becomes old. TCP can
// keep seconds of video in kernel buffers. If the server simply wrote pictures, viewers would see old ones. So viewers
// acknowledge pictures, and the server keeps only as many in flight as the link needs:
//
//   path     = round trip + transfer + work          the time from sending a picture to receiving its acknowledgement
//   interval = max(source's, transfer, pace)         the slowest of camera, link and viewer sets the rate
//   window   = path / interval                       the number of pictures on the way, like TCP's bandwidth-delay product
//
// When the source is the slowest, the window is rounded up, because link and viewer wait for the source anyway. When the link or
// the viewer is the slowest, each extra picture waits in a queue and becomes one interval older, so the window is rounded to the
// nearest integer. The round trip is a minimum. The other times are medians of the viewer's measurements, which exclude waiting
// (wire.ts, Ack). The measured time from sending to acknowledgement is not used, because it includes queues. A window that is too
// large would cause a queue, the time would grow, and the window would seem right.

import { RecentMedian } from "../../core/statistics.ts";
import type { Ack } from "../../protocol/messages.ts";

/** The largest window. */
export const MAX_WINDOW_PICTURES = 8;

/** A fraction of a picture below this value is rounded down, because it does not justify another picture in flight. */
const NOISE = 0.15;

/** The window is one picture until the viewer has acknowledged this many pictures, which are enough for a measurement. */
const FIRST_ACKS = 2;

export class Credit {
  /** The frame numbers of the pictures in flight. */
  readonly #inFlight = new Set<number>();
  readonly #transfer = new RecentMedian();
  readonly #work = new RecentMedian();
  readonly #pace = new RecentMedian();
  #acks = 0;
  #window = 1;

  /** The number of pictures that are sent and not acknowledged yet. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** The number of pictures that may be in flight. */
  get window(): number {
    return this.#window;
  }

  /** Whether another picture may be sent. */
  get available(): boolean {
    return this.#inFlight.size < this.#window;
  }

  sent(frameNumber: number): void {
    this.#inFlight.add(frameNumber);
  }

  /** Removes a frame that was not sent completely, so that the viewer will not acknowledge it. */
  forget(frameNumber: number): void {
    this.#inFlight.delete(frameNumber);
  }

  /** Handles an acknowledgement. Returns false when its picture is not in flight, which breaks the protocol. */
  acknowledged(ack: Ack, roundTripMicros: number, sourceIntervalMicros: number): boolean {
    if (!this.#inFlight.delete(ack.frameNumber)) return false;
    if (ack.outcome === "shown") {
      this.#transfer.add(ack.transferMicros);
      this.#work.add(ack.workMicros);
      this.#pace.add(ack.paceMicros);
    }
    if (++this.#acks >= FIRST_ACKS) this.#window = this.#computeWindow(roundTripMicros, sourceIntervalMicros);
    return true;
  }

  #computeWindow(roundTripMicros: number, sourceIntervalMicros: number): number {
    const transfer = this.#transfer.value ?? 0;
    const path = roundTripMicros + transfer + (this.#work.value ?? 0);
    const slowest = Math.max(transfer, this.#pace.value ?? 0, 1);
    const pictures =
      sourceIntervalMicros >= slowest ? Math.ceil(path / sourceIntervalMicros) : Math.ceil(path / slowest - NOISE);
    return Math.min(MAX_WINDOW_PICTURES, Math.max(1, pictures));
  }
}
