// The figures of a camera's frames: the numbers of encoded and dropped frames, the encoding times, and the troubles.

import type { MemoryUse } from "../../capture/capture-slots.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Health } from "../../core/health.ts";
import { DropCounters, Durations, Rate } from "../../core/statistics.ts";

/**
 * The reasons why a captured frame was dropped:
 * - `source`: the frame was damaged, or there was no memory for it;
 * - `stale`: a newer frame came before an encoder was free;
 * - `late`: a newer frame was finished first;
 * - `encode`: the codec failed.
 */
export const SERVER_DROP_REASONS = ["source", "stale", "late", "encode"] as const;
export type ServerDropReason = (typeof SERVER_DROP_REASONS)[number];

/**
 * The kinds of trouble of a camera:
 * - `source`: the source reports trouble, or sends no frames;
 * - `damage`: the source sends damaged pictures;
 * - `kind`: the source sends JPEGs of a kind that the server cannot decode;
 * - `encode`: frames cannot be encoded or decoded;
 * - `pixels`, `jpegs`: there is no memory for raw frames, or for JPEGs.
 */
export type CameraTrouble = MemoryUse | "source" | "damage" | "kind" | "encode";

/** The receiver of the times of each encoded frame. */
export interface EncodeFollower {
  /** Called when a frame was encoded, or when the header of a JPEG of the source was read. */
  encoded(capturedAt: Micros, encodedAt: Micros): void;
  /** Called with the time that codec threads needed for a frame, added up over the threads. */
  codecBusy(micros: number): void;
}

export class EncodeFigures {
  readonly drops = new DropCounters(SERVER_DROP_REASONS);
  readonly encodeDurations = new Durations();
  readonly encodedRate = new Rate();
  readonly health: Health<CameraTrouble>;
  readonly #follower: EncodeFollower | null;
  #encoded = 0;

  constructor(health: Health<CameraTrouble>, follower: EncodeFollower | null = null) {
    this.health = health;
    this.#follower = follower;
  }

  /** The number of pictures that were passed to the audience as tiles, as whole pictures, or as the source's JPEGs. */
  get encoded(): number {
    return this.#encoded;
  }

  /** Counts a picture that was passed to the audience. */
  countEncoded(capturedAt: Micros, encodedAt: Micros): void {
    this.#encoded++;
    this.encodedRate.add(nowMicros());
    this.#follower?.encoded(capturedAt, encodedAt);
  }

  /** Records the time that codec threads needed for a frame. */
  succeeded(busyMicros: number): void {
    this.encodeDurations.record(busyMicros);
    this.#follower?.codecBusy(busyMicros);
    this.health.end("encode");
  }

  /** Counts a frame on which the codec failed. The failure is reported once, until a frame succeeds. */
  failed(reason: string): void {
    this.drops.add("encode");
    if (!this.health.has("encode")) this.health.begin("encode", `a frame was not encoded: ${reason}`);
  }
}
