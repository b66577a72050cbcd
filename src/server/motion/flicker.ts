// Flicker: tiles that move nearly all the time (a screen, leaves in the wind, water) are learnt, and left out after a while.

import type { Micros } from "../../core/clock.ts";

/** The share of the time in which a tile has moved is an average over about this time. */
const MEMORY_MICROS: Micros = 180_000_000;
/** A tile that has moved for a larger share of the time is left out, until it moves for a smaller share than `CALM`. */
const RESTLESS = 0.35;
const CALM = 0.2;
/** Shares above this are not remembered, so that a tile counts again some minutes after it has become calm. */
const MOST = 0.5;

export class Flicker {
  /** 1 for each tile that is left out. */
  readonly isLeftOut: Uint8Array;
  readonly #share: Float32Array;

  constructor(tiles: number) {
    this.isLeftOut = new Uint8Array(tiles);
    this.#share = new Float32Array(tiles);
  }

  /** Learns from a frame in which these tiles have moved, which came some time after the frame before. */
  learn(hasMoved: Uint8Array, passed: Micros): void {
    const weight = Math.min(1, passed / MEMORY_MICROS);
    const share = this.#share;
    const { isLeftOut } = this;
    for (let tile = 0; tile < share.length; tile++) {
      const before = share[tile] as number;
      if (before === 0 && hasMoved[tile] === 0) continue;
      const now = Math.min(MOST, before + ((hasMoved[tile] as number) - before) * weight);
      share[tile] = now;
      if (now > RESTLESS) isLeftOut[tile] = 1;
      else if (now < CALM) isLeftOut[tile] = 0;
    }
  }
}
