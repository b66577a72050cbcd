// The pace of a part of the server that puts pictures together for a file: short stretches of work, and few pictures that wait.

import { setImmediate as nextTurn } from "node:timers/promises";
import { STRETCH_MICROS } from "../../codec/threads/own-kernel.ts";
import { nowMicros } from "../../core/clock.ts";
import type { SegmentFile } from "./segment-file.ts";

export class PicturePace {
  readonly #mostWaitingBytes: number;
  #workedSince = nowMicros();

  /** While ffmpeg has not taken more than `mostWaitingBytes` of pictures, no further ones are made. */
  constructor(mostWaitingBytes: number) {
    this.#mostWaitingBytes = mostWaitingBytes;
  }

  /** Resolves when the next picture of a file may be made: ffmpeg has taken those before, and the sockets were served. */
  async next(file: Pick<SegmentFile, "waitingBytes" | "taken"> | null): Promise<void> {
    if (file !== null && file.waitingBytes > this.#mostWaitingBytes) await file.taken;
    if (nowMicros() - this.#workedSince < STRETCH_MICROS) return;
    await nextTurn();
    this.#workedSince = nowMicros();
  }
}
