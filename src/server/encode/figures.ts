// What became of a camera's frames: how many were encoded or dropped, how long encoding took, and what is wrong.

import type { MemoryUse } from "../../capture/capture-slots.ts";
import { nowMicros } from "../../core/clock.ts";
import type { Health } from "../../core/health.ts";
import { DropCounters, Durations, Rate } from "../../core/statistics.ts";

/**
 * Why a captured frame never became a picture. `source`: it was damaged, or there was no memory for it. `stale`: a newer
 * frame came before an encoder was free. `late`: a newer frame was finished first. `encode`: the codec failed.
 */
export const SERVER_DROP_REASONS = ["source", "stale", "late", "encode"] as const;
export type ServerDropReason = (typeof SERVER_DROP_REASONS)[number];

/**
 * What may be wrong with a camera. `source`: what the source reports itself, or its silence. `damage`: it sends damaged
 * pictures. `encode`: frames cannot be encoded or decoded. `pixels`, `jpegs`: there is no memory for such frames.
 */
export type CameraTrouble = MemoryUse | "source" | "damage" | "encode";

export class EncodeFigures {
  readonly drops = new DropCounters(SERVER_DROP_REASONS);
  readonly encodeDurations = new Durations();
  readonly encodedRate = new Rate();
  readonly health: Health<CameraTrouble>;
  #encoded = 0;

  constructor(health: Health<CameraTrouble>) {
    this.health = health;
  }

  /** Pictures that were handed on to the audience: tiles, whole pictures, and JPEGs of the source. */
  get encoded(): number {
    return this.#encoded;
  }

  /** A picture was handed on. */
  countEncoded(): void {
    this.#encoded++;
    this.encodedRate.add(nowMicros());
  }

  /** The codec is done with a frame, after this time in its threads. */
  succeeded(busyMicros: number): void {
    this.encodeDurations.record(busyMicros);
    this.health.end("encode");
  }

  /** A frame was lost in the codec. Its reason is reported once, until a frame succeeds. */
  failed(reason: string): void {
    this.drops.add("encode");
    if (!this.health.has("encode")) this.health.begin("encode", `a frame was not encoded: ${reason}`);
  }
}
