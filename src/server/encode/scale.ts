// A scale is the picture in one size: full, half or quarter. It keeps the reference, which is the pixels that were last encoded,
// for comparison with the next frame. It also schedules refreshes: every tile is encoded from time to time, even if it has not
// changed.

import type { ArenaMemory } from "../../codec/memory/lent-memory.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { ChromaSampling } from "../../codec/jpeg/sampling.ts";
import { type TileGrid, tileGrid } from "../../codec/jpeg/tile-grid.ts";
import type { ScaleJob } from "../../codec/tile-jobs.ts";
import type { Micros } from "../../core/clock.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";

/**
 * Every tile is encoded again within this time, so that viewers also get changes that are too small to be detected (the noise
 * bound).
 */
const REFRESH_MICROS = 8_000_000;
/**
 * When more than this share of the tiles has changed, the frame itself becomes the reference, because then fewer tiles must be
 * copied.
 */
const MOSTLY = 0.5;

/**
 * Pixels in shared memory that may become the reference. They are in the memory of a captured frame (a slot) or in that of the
 * scale.
 */
interface Pixels {
  address: number;
  slot: FrameSlot | null;
}

export class Scale {
  readonly #arena: ArenaMemory;
  /** The scale's own memory, for the frame and for the reference. Only scales with halved pixels use it. */
  readonly #blocks: readonly [GrowingBlock, GrowingBlock];
  readonly #lengths: GrowingBlock[] = [];
  size: Size = { width: 0, height: 0 };
  grid: TileGrid = { mcuHeightPixels: 0, mcuLines: 0, tilesPerLine: 0, tileCount: 0 };
  #format: PixelFormat = "rgba";
  #reference: Pixels | null = null;
  #frame: Pixels | null = null;
  #becomesReference = true;
  #wasMostlyChanged = true;
  #refreshed = 0;
  #refreshDue = 0;
  #begunAt: Micros | null = null;

  constructor(arena: ArenaMemory) {
    this.#arena = arena;
    this.#blocks = [new GrowingBlock(arena), new GrowingBlock(arena)];
  }

  /** Restarts the scale for pixels of this layout. The caller must not do this while a frame is encoded. */
  start(format: PixelFormat, sampling: ChromaSampling, size: Size): void {
    this.forget();
    this.#format = format;
    this.size = size;
    this.grid = tileGrid(sampling, size.width, size.height);
    this.#refreshed = 0;
  }

  /**
   * Begins a frame. `slot` has its captured pixels, or is null when threads make the pixels by halving. The scale owns the slot
   * until the next frame replaces it. Throws CodecError when there is no memory for halved pixels.
   */
  begin(slot: FrameSlot | null, capturedAt: Micros, noise: number | null): Omit<ScaleJob, "renditions"> {
    this.#frame = slot === null ? this.#ownBlock() : { address: slot.address, slot };
    this.#becomesReference = this.#reference === null || noise === 0 || noise === null || this.#wasMostlyChanged;
    // Exact detection finds every change, so no tile needs a refresh.
    const refresh = noise === 0 ? { first: 0, count: 0 } : this.#nextToRefresh(capturedAt);
    return {
      ...this.size,
      address: this.#frame.address,
      mcuLines: this.grid.mcuLines,
      tilesPerLine: this.grid.tilesPerLine,
      mcuHeight: this.grid.mcuHeightPixels,
      referenceAddress: this.#reference?.address ?? null,
      becomesReference: this.#becomesReference,
      noise,
      refresh,
    };
  }

  /** Ends the frame of `begin` after its encoding. `changed` is the number of its changed tiles. */
  finish(changed: number): void {
    const frame = this.#frame;
    this.#frame = null;
    this.#wasMostlyChanged = changed > MOSTLY * this.grid.tileCount;
    if (this.#becomesReference) {
      this.#reference?.slot?.release();
      this.#reference = frame;
    } else {
      frame?.slot?.release();
    }
  }

  /** Drops the reference, because the frame of `begin` was not encoded completely or the scale is no longer used. */
  forget(): void {
    this.#frame?.slot?.release();
    this.#reference?.slot?.release();
    this.#frame = null;
    this.#reference = null;
  }

  /** Returns the address where threads write the tile lengths of the rendition with this index. */
  lengthsAddress(index: number): number {
    this.#lengths[index] ??= new GrowingBlock(this.#arena);
    return this.#lengths[index].reserve(4 * this.grid.tileCount);
  }

  /**
   * Returns the tiles to refresh now. Their number depends on the time since the last frame, so dropped frames do not delay the
   * refresh.
   */
  #nextToRefresh(capturedAt: Micros): ScaleJob["refresh"] {
    const { tileCount } = this.grid;
    const passed = Math.max(0, capturedAt - (this.#begunAt ?? capturedAt));
    this.#begunAt = capturedAt;
    this.#refreshDue = Math.min(this.#refreshDue + (tileCount * passed) / REFRESH_MICROS, tileCount);
    const first = this.#refreshed;
    const count = Math.min(Math.floor(this.#refreshDue), tileCount - first);
    this.#refreshDue -= count;
    this.#refreshed = (first + count) % tileCount;
    return { first, count };
  }

  #ownBlock(): Pixels {
    const [first, second] = this.#blocks;
    const block = this.#reference?.address === first.address && first.bytes > 0 ? second : first;
    return { address: block.reserve(frameBytes(this.#format, this.size.width, this.size.height)), slot: null };
  }
}
