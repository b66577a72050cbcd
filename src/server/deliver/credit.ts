// Credit: how many pictures may be on their way to one viewer at the same time, so that none of them grows old there.
//
// TCP hides seconds of video in kernel buffers, and a sender that only writes falls that far behind. So viewers acknowledge
// pictures, and the server sends only as many ahead as keep the picture moving:
//
//   path     = round trip + transfer + work          from sending a picture to hearing that it was shown
//   interval = max(source's, transfer, pace)         the slowest of camera, link and viewer sets the rate
//   window   = path / interval                       as with TCP: rate × delay is what fits on the way
//
// When the source is the slowest, the window is rounded up: link and viewer wait for the source anyway. When link or viewer is
// the slowest, each picture too many waits in a queue and ages by one interval, so the window is rounded to the nearest.
// The round trip is a minimum. The other times are medians of what the viewer measured, without waiting (wire.ts, Ack). The time
// from sending to acknowledgement would include queues, and a window that causes a queue would then justify itself.

import { RecentMedian } from "../../core/statistics.ts";
import type { Ack } from "../../protocol/messages.ts";

/** The window is never larger than this. */
export const MAX_WINDOW_PICTURES = 8;

/** This part of a picture is rounded down: it is not worth another picture in flight. */
const NOISE = 0.15;

/** The window is one picture until a viewer has acknowledged this many, which is enough to measure by. */
const FIRST_ACKS = 2;

export class Credit {
  /** Frame numbers. */
  readonly #inFlight = new Set<number>();
  readonly #transfer = new RecentMedian();
  readonly #work = new RecentMedian();
  readonly #pace = new RecentMedian();
  #acks = 0;
  #window = 1;

  /** How many pictures are sent and not acknowledged yet. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** How many pictures may be in flight. */
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

  /** A frame was not sent whole, so it will not be acknowledged. */
  forget(frameNumber: number): void {
    this.#inFlight.delete(frameNumber);
  }

  /** Takes an acknowledgement. Returns false when it names no picture in flight, which breaks the protocol. */
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
