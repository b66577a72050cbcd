// The rooms that one stream of tiles converts its frames into, and what of each is out of date.

import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { PixelRoom, PixelSlots } from "./pixel-slots.ts";
import { StaleArea, type TileGrid } from "./stale-area.ts";

/** Where a frame in work gets its pixels. */
export interface Work {
  room: PixelRoom;
  slot: FrameSlot;
  stale: StaleArea;
}

export class StreamRooms {
  readonly #slots: PixelSlots;
  readonly #grid: TileGrid;
  readonly #stale = new Map<PixelRoom, StaleArea>();

  constructor(slots: PixelSlots, grid: TileGrid) {
    this.#slots = slots;
    this.#grid = grid;
  }

  /** The free room with least to be converted, or `null` while none is free. Throws CodecError where memory ends. */
  acquire(): Work | null {
    const { width, height, tiles } = this.#grid.info;
    const acquired = this.#slots.acquire(width * height * 4, (room) => this.#known(room)?.count ?? tiles + 1);
    if (acquired === null) return null;
    const { room, slot } = acquired;
    const stale = this.#known(room) ?? new StaleArea(this.#grid);
    room.owner = this;
    this.#stale.set(room, stale);
    return { room, slot, stale };
  }

  /** These tiles are about to change in the planes, so they are out of date everywhere. */
  addTiles(numbers: Uint32Array): void {
    for (const stale of this.#stale.values()) stale.addTiles(numbers);
  }

  addAll(): void {
    for (const stale of this.#stale.values()) stale.addAll();
  }

  /** What is out of date in a room; nothing is known of one that another stream has written to since. */
  #known(room: PixelRoom): StaleArea | undefined {
    return room.owner === this ? this.#stale.get(room) : undefined;
  }
}
