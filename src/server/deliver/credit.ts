// Credit: how many pictures may be on their way to one viewer at a time, so that none of them grows old there.
//
// TCP hides seconds of video in kernel buffers; a sender that just writes drifts that far behind. So pictures are
// acknowledged, and no more are sent ahead than keep the picture moving:
//
//   path     = round trip + transfer + work          from sending a picture to hearing that it was shown
//   interval = max(source's, transfer, pace)         the slowest of camera, link and viewer sets the rate
//   window   = path / interval                       as with TCP: rate × delay is what fits on the way
//
// Where the source is the slowest, rounding up costs nothing, the others wait for it anyway. Where link or viewer is,
// every picture too many stands in a queue and ages by one interval, so the window is rounded to the nearest.
// Round trip is a minimum; the rest are medians of what the viewer measured (wire.ts, Ack), waiting left out: measuring
// the time from sending to acknowledgement instead would count queues in, and a window that causes a queue would then
// justify itself.

import type { Micros } from "../../core/clock.ts";
import { RecentMedian } from "../../core/statistics.ts";
import type { Ack } from "../../protocol/messages.ts";

export const MAX_WINDOW_PICTURES = 8;

/** Part of a picture that is not worth another one in flight. */
const NOISE = 0.15;

/** Until a viewer has acknowledged so many, one at a time: enough to measure by. */
const FIRST_ACKS = 2;

export class Credit {
  readonly #inFlight = new Map<number, Micros>();
  readonly #transfer = new RecentMedian();
  readonly #work = new RecentMedian();
  readonly #pace = new RecentMedian();
  #acks = 0;
  #window = 1;

  /** Pictures sent and not yet acknowledged. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** How many may be in flight. */
  get window(): number {
    return this.#window;
  }

  get available(): boolean {
    return this.#inFlight.size < this.#window;
  }

  sent(frameNumber: number, now: Micros): void {
    this.#inFlight.set(frameNumber, now);
  }

  /** It will not be acknowledged: it was never sent whole. */
  forget(frameNumber: number): void {
    this.#inFlight.delete(frameNumber);
  }

  /** Takes an acknowledgement; false where it names no picture in flight, which breaks the protocol. */
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
