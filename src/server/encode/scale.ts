// A scale: the picture in one size, the pixels of it that were last encoded, and which tiles are due to be refreshed.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import type { FrameSlot } from "../../codec/memory/frame-slots.ts";
import type { ChromaSampling } from "../../codec/jpeg/sampling.ts";
import { type TileGrid, tileGrid } from "../../codec/jpeg/tile-grid.ts";
import type { ScaleJob } from "../../codec/tile-jobs.ts";
import type { Micros } from "../../core/clock.ts";
import { frameBytes, type PixelFormat, type Size } from "../../core/pixel-format.ts";

/** In this time every tile is encoded anew once, so that what change detection let pass does not stay. */
const REFRESH_MICROS = 8_000_000;
/** From this share of changed tiles on, the frame itself becomes the reference: copying the rest is less than the changes. */
const MOSTLY = 0.5;

/** Pixels in the arena that may be kept as a reference: a captured frame's slot, or an area of the scale's own. */
interface Pixels {
  address: number;
  slot: FrameSlot | null;
}

export class Scale {
  readonly #arena: Arena;
  readonly #areas: readonly [GrowingBlock, GrowingBlock];
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

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#areas = [new GrowingBlock(arena), new GrowingBlock(arena)];
  }

  /** Begins anew, with pixels of that layout; no frame may be in work. Its memory is used again. */
  start(format: PixelFormat, sampling: ChromaSampling, size: Size): void {
    this.forget();
    this.#format = format;
    this.size = size;
    this.grid = tileGrid(sampling, size.width, size.height);
    this.#refreshed = 0;
  }

  /**
   * Takes on a frame: `slot` where it is the captured one, null where threads will make the pixels by halving. The
   * scale holds the slot until another frame takes its place.
   */
  begin(slot: FrameSlot | null, capturedAt: Micros, noise: number | null): Omit<ScaleJob, "renditions"> {
    this.#frame = slot === null ? this.#ownArea() : { address: slot.address, slot };
    this.#becomesReference = this.#reference === null || noise === 0 || noise === null || this.#wasMostlyChanged;
    // Exact detection lets nothing pass that would have to be made good.
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

  /** The frame of `begin` is encoded; so many tiles of it had changed. */
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

  /** The frame of `begin` was not encoded whole, or the scale is not used any more: what was encoded last is not known. */
  forget(): void {
    this.#frame?.slot?.release();
    this.#reference?.slot?.release();
    this.#frame = null;
    this.#reference = null;
  }

  /** Where the lengths of the tiles of its n-th rendition go. */
  lengthsAddress(index: number): number {
    this.#lengths[index] ??= new GrowingBlock(this.#arena);
    return this.#lengths[index].reserve(4 * this.grid.tileCount);
  }

  /** By the time since the frame before, so that frames which are dropped do not delay it. */
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

  #ownArea(): Pixels {
    const [first, second] = this.#areas;
    const area = this.#reference?.address === first.address && first.bytes > 0 ? second : first;
    return { address: area.reserve(frameBytes(this.#format, this.size.width, this.size.height)), slot: null };
  }
}
