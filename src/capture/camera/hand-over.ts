// The main thread's side of a camera: gives its thread slots in advance, and takes those that it has filled to the sink.

import type { FrameSink } from "../source.ts";
import type { CaptureMessage } from "./capture-messages.ts";
import type { CaptureSignals, HandedOver } from "./capture-signals.ts";
import { addressOf } from "../v4l2/libc.ts";

/** What slots of pixels and those of JPEGs have in common. */
interface Slot {
  readonly bytes: Uint8Array;
  release(): void;
}

/** Slots of one kind, of which the thread has one at most. */
class Lane<Kind extends Slot> {
  readonly #reserve: () => Kind | null;
  readonly #deliver: (slot: Kind, frame: HandedOver) => void;
  #lent: Kind | null = null;

  constructor(reserve: () => Kind | null, deliver: (slot: Kind, frame: HandedOver) => void) {
    this.#reserve = reserve;
    this.#deliver = deliver;
  }

  /** The thread has one, or will have. */
  get isLent(): boolean {
    return this.#lent !== null;
  }

  /** Memory for one; null where there is none. */
  lend(): Uint8Array | null {
    this.#lent = this.#reserve();
    return this.#lent?.bytes ?? null;
  }

  /** The thread has filled it. */
  deliver(frame: HandedOver): void {
    const slot = this.#lent;
    this.#lent = null;
    if (slot !== null) this.#deliver(slot, frame);
  }

  abandon(): void {
    this.#lent?.release();
    this.#lent = null;
  }
}

/** Of one run of the camera. */
export class HandOver {
  readonly #sink: FrameSink;
  readonly #signals: CaptureSignals;
  #lane: Pick<Lane<Slot>, "isLent" | "lend" | "deliver" | "abandon"> | null = null;
  /** A frame has come. */
  hasDelivered = false;

  constructor(sink: FrameSink, signals: CaptureSignals) {
    this.#sink = sink;
    this.#signals = signals;
  }

  /** The camera runs. Resolves when the signals say stop; rejects as the sink throws. */
  async begin({ format, actual: { size }, bufferBytes }: CaptureMessage & { kind: "started" }): Promise<void> {
    const sink = this.#sink;
    this.#lane =
      format === "mjpeg"
        ? new Lane(
            () => sink.reserveJpeg(bufferBytes),
            (slot, { bytes, capturedAt }) => sink.jpeg(slot, bytes, capturedAt),
          )
        : new Lane(
            () => sink.reserve(format, size),
            (slot, { capturedAt }) => sink.pixels(slot, format, size, capturedAt),
          );
    this.#offerSlot();
    await this.#signals.listen(() => this.#takeFrame());
  }

  /** A frame is there and no slot to put it in. */
  answerForSlot(): void {
    if (this.#lane === null || this.#lane.isLent) return; // it is there by now
    if (!this.#offerSlot()) this.#signals.lend(null);
  }

  countLost(count: number): void {
    for (let i = 0; i < count; i++) this.#sink.lost();
  }

  /** Gives back what the thread holds, when it has ended. */
  abandon(): void {
    this.#lane?.abandon();
    this.#lane = null;
  }

  #takeFrame(): void {
    const frame = this.#signals.frame;
    if (frame === null) return;
    this.hasDelivered = true;
    this.countLost(frame.lost);
    this.#lane?.deliver(frame);
    this.#offerSlot();
    this.#signals.confirm();
  }

  #offerSlot(): boolean {
    const bytes = this.#lane?.lend() ?? null;
    if (bytes !== null) this.#signals.lend({ address: Number(addressOf(bytes)), bytes: bytes.length });
    return bytes !== null;
  }
}
