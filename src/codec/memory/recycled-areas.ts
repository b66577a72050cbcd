// Areas of the arena for what comes and goes, as compressed bytes do: each is given back and used again.

import type { Arena } from "./arena.ts";

export interface Area {
  readonly address: number;
  /** A power of two, at least what was asked for. */
  readonly bytes: number;
}

const SMALLEST_BYTES = 4096;
/** How much larger than needed a free area may be and still be used: better than taking another one of the arena. */
const GENEROSITY = 4;

/** Takes from the arena only when nothing that was given back fits, so what it takes is bounded by the most in use at a time. */
export class RecycledAreas {
  readonly #arena: Arena;
  readonly #free = new Map<number, Area[]>();
  #usedBytes = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
  }

  /** All areas that have not been given back. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Throws CodecError when the arena is full. */
  take(bytes: number): Area {
    const size = Math.max(SMALLEST_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, bytes))));
    let area: Area | undefined;
    for (let fits = size; area === undefined && fits <= size * GENEROSITY; fits *= 2)
      area = this.#free.get(fits)?.pop();
    area ??= { address: this.#arena.take(size), bytes: size };
    this.#usedBytes += area.bytes;
    return area;
  }

  /** Once for each area taken, when nobody reads it any more. */
  giveBack(area: Area): void {
    this.#usedBytes -= area.bytes;
    const equals = this.#free.get(area.bytes);
    if (equals === undefined) this.#free.set(area.bytes, [area]);
    else equals.push(area);
  }
}
