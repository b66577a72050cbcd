// The pace of a part of the server that puts pictures together for a file: short stretches of work, and few pictures that wait.

import { setImmediate as nextTurn } from "node:timers/promises";
import { STRETCH_MICROS } from "../../codec/threads/own-kernel.ts";
import { nowMicros } from "../../core/clock.ts";
import type { SegmentFile } from "./segment-file.ts";

/** While ffmpeg has not taken this many bytes of pictures, no further ones are made. */
const MAX_WAITING_BYTES = 2 ** 20;

export class PicturePace {
  #workedSince = nowMicros();

  /** Resolves when the next picture of a file may be made: ffmpeg has taken those before, and the sockets were served. */
  async next(file: Pick<SegmentFile, "waitingBytes" | "taken"> | null): Promise<void> {
    if (file !== null && file.waitingBytes > MAX_WAITING_BYTES) await file.taken;
    if (nowMicros() - this.#workedSince < STRETCH_MICROS) return;
    await nextTurn();
    this.#workedSince = nowMicros();
  }
}
