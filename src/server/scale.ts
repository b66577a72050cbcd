// A scale: the picture in one size, the pixels of it that were last encoded, and which tiles are due to be refreshed.

import { type Arena, GrowingArea } from "../codec/arena.ts";
import type { FrameSlot } from "../codec/frame-slots.ts";
import { type TileGrid, tileGrid } from "../codec/simd/encoder.ts";
import type { ScaleJob } from "../codec/tile-encoder.ts";
import { frameBytes, type PixelFormat, type Size } from "../core/pixel-format.ts";

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
  readonly size: Size;
  readonly grid: TileGrid;
  readonly #format: PixelFormat;
  readonly #areas: [GrowingArea, GrowingArea];
  #reference: Pixels | null = null;
  #frame: Pixels | null = null;
  #becomesReference = true;
  #wasMostlyChanged = true;
  #refreshed = 0;
  #refreshDue = 0;
  #lengths: GrowingArea[] = [];

  constructor(arena: Arena, format: PixelFormat, size: Size) {
    this.size = size;
    this.grid = tileGrid(format, size.width, size.height);
    this.#format = format;
    this.#areas = [new GrowingArea(arena), new GrowingArea(arena)];
    this.#arena = arena;
  }

  readonly #arena: Arena;

  /**
   * Takes on a frame: `slot` where it is the captured one, null where threads will make the pixels by halving. The
   * scale holds the slot until another frame takes its place.
   */
  begin(slot: FrameSlot | null, intervalMicros: number, noise: number | null): Omit<ScaleJob, "renditions"> {
    this.#frame = slot === null ? this.#ownArea() : { address: slot.address, slot };
    this.#becomesReference = this.#reference === null || noise === 0 || noise === null || this.#wasMostlyChanged;
    this.#refreshDue += (this.grid.tileCount * intervalMicros) / REFRESH_MICROS;
    const count = Math.min(Math.floor(this.#refreshDue), this.grid.tileCount - this.#refreshed);
    const refresh = { first: this.#refreshed, count };
    this.#refreshDue = Math.min(this.#refreshDue - count, this.grid.tileCount);
    this.#refreshed = (this.#refreshed + count) % this.grid.tileCount;
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
    this.#lengths[index] ??= new GrowingArea(this.#arena);
    return this.#lengths[index].reserve(4 * this.grid.tileCount);
  }

  #ownArea(): Pixels {
    const [first, second] = this.#areas;
    const area = this.#reference?.address === first.address && first.bytes > 0 ? second : first;
    return { address: area.reserve(frameBytes(this.#format, this.size.width, this.size.height)), slot: null };
  }
}
