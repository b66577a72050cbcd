// The slots (shared memory for one frame each) of one stream of tiles, with a record of the outdated pixels of each slot.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { Rectangle } from "../../core/rectangle.ts";
import type { PixelSlot, PixelSlots } from "./pixel-slots.ts";
import { StaleTiles, type TileGrid } from "./stale-tiles.ts";

/** The slot for the pixels of a frame in work. */
export interface Work {
  /**
   * `slot` and `held` stand for the same memory. `slot` has its state. `held` is passed on with the picture, and its release
   * frees the memory.
   */
  slot: PixelSlot;
  held: FrameSlot;
  stale: StaleTiles;
}

export class StreamSlots {
  readonly #slots: PixelSlots;
  readonly #grid: TileGrid;
  readonly #stale = new Map<PixelSlot, StaleTiles>();

  constructor(slots: PixelSlots, grid: TileGrid) {
    this.#slots = slots;
    this.#grid = grid;
  }

  /**
   * Takes the free slot that needs the least conversion, or returns null while no slot is free. Throws CodecError when the arena
   * is full.
   */
  acquire(): Work | null {
    const { width, height, tiles } = this.#grid.info;
    const acquired = this.#slots.acquire(width * height * 4, (slot) => this.#known(slot)?.count ?? tiles + 1);
    if (acquired === null) return null;
    const { slot, held } = acquired;
    const stale = this.#known(slot) ?? new StaleTiles(this.#grid);
    slot.owner = this;
    this.#stale.set(slot, stale);
    return { slot, held, stale };
  }

  /** Marks tiles as outdated in every slot, because they are about to change in the planes. */
  addTiles(numbers: Uint32Array): void {
    for (const stale of this.#stale.values()) stale.addTiles(numbers);
  }

  addAll(): void {
    for (const stale of this.#stale.values()) stale.addAll();
  }

  /**
   * Returns the pixels that may have changed since the slot at this address was written, or null if another stream has written to
   * it.
   */
  changedSince(address: number): Rectangle[] | null {
    for (const slot of this.#stale.keys()) {
      if (slot.address === address) return this.#known(slot)?.rectangles() ?? null;
    }
    return null;
  }

  /** Returns the outdated tiles of a slot, or undefined if another stream has written to it. */
  #known(slot: PixelSlot): StaleTiles | undefined {
    return slot.owner === this ? this.#stale.get(slot) : undefined;
  }
}
