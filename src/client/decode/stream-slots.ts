// The slots that one stream of tiles converts its frames into, and which pixels of each slot are outdated.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { PixelSlot, PixelSlots } from "./pixel-slots.ts";
import { StaleTiles, type TileGrid } from "./stale-tiles.ts";

/** Where a frame in work gets its pixels. */
export interface Work {
  /** The same memory twice: `slot` is what is known of it, `held` goes with the picture and releases it. */
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

  /** Takes the free slot that needs the least conversion; null while no slot is free. Throws CodecError when the arena is full. */
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

  /** Marks tiles that are about to change in the planes as outdated in every slot. */
  addTiles(numbers: Uint32Array): void {
    for (const stale of this.#stale.values()) stale.addTiles(numbers);
  }

  addAll(): void {
    for (const stale of this.#stale.values()) stale.addAll();
  }

  /** What is outdated in a slot; undefined if another stream has written to it since. */
  #known(slot: PixelSlot): StaleTiles | undefined {
    return slot.owner === this ? this.#stale.get(slot) : undefined;
  }
}
