// Tells which tiles of each encoded frame have changed, for motion detection. The encoder has found them already, so no pixel is read.

import { UNCHANGED } from "../../codec/tile-jobs.ts";
import type { ArenaMemory } from "../../codec/memory/lent-memory.ts";
import type { Micros } from "../../core/clock.ts";
import type { MotionGrid } from "../motion/motion-grid.ts";
import type { FrameInWork, RenditionInWork } from "./frame-in-work.ts";

/** The receiver of the changed tiles. */
export interface ChangeSink {
  /** The size whose tiles are told: the number of halvings. If it is not encoded, it is the largest that is. */
  readonly halvings: number;
  /**
   * Called for each encoded frame. `isChanged` has 1 for each tile that has changed beyond the noise since it was last encoded, and
   * 0 for the others and for tiles that were only refreshed. It is valid during the call.
   */
  frame(capturedAt: Micros, grid: MotionGrid, isChanged: Uint8Array): void;
}

export class ChangedTiles {
  readonly #arena: ArenaMemory;
  readonly #sink: ChangeSink;
  /** The lengths of the tiles of the rendition that was read last, and their address. */
  #lengths = new Uint32Array();
  #address = 0;
  #isChanged = new Uint8Array();
  #grid: MotionGrid | null = null;

  constructor(arena: ArenaMemory, sink: ChangeSink) {
    this.#arena = arena;
    this.#sink = sink;
  }

  /** Takes a frame whose bands are all encoded. The first frame of a picture size, whose tiles were not compared, is left out. */
  take({ pixels, renditions }: FrameInWork): void {
    const { halvings } = this.#sink;
    const chosen = renditions.find(({ rendition }) => rendition.level.halvings === halvings) ?? renditions[0];
    if (chosen === undefined || chosen.scale.noise === null || chosen.scale.referenceAddress === null) return;
    const { scale } = chosen;
    // All tiles of a new rendition are encoded. The other renditions of the same size have only the changed ones.
    const old = scale.renditions.find(({ isNew }) => !isNew);
    if (old === undefined) return;
    const grid = this.#gridOf(chosen);
    const lengths = this.#lengthsAt(old.lengthsAddress, grid.columns * grid.lines);
    const isChanged = this.#isChanged;
    for (let tile = 0; tile < lengths.length; tile++) isChanged[tile] = lengths[tile] === UNCHANGED ? 0 : 1;
    const { first, count } = scale.refresh;
    isChanged.fill(0, first, first + count);
    this.#sink.frame(pixels.capturedAt, grid, isChanged);
  }

  #gridOf({ scale }: RenditionInWork): MotionGrid {
    const { width, height, mcuLines, tilesPerLine, mcuHeight, renditions } = scale;
    const grid = this.#grid;
    const isSame = grid?.width === width && grid.height === height && grid.columns === tilesPerLine;
    if (grid !== null && isSame && grid.lines === mcuLines) return grid;
    const mcus = tilesPerLine * (renditions[0]?.picture.restartIntervalMcus ?? 1);
    const mcuWidth = Math.ceil(width / mcus / 8) * 8; // 8 or 16
    const tileWidth = (mcus / tilesPerLine) * mcuWidth;
    this.#grid = { width, height, columns: tilesPerLine, lines: mcuLines, tileWidth, tileHeight: mcuHeight };
    this.#isChanged = new Uint8Array(tilesPerLine * mcuLines);
    return this.#grid;
  }

  #lengthsAt(address: number, tiles: number): Uint32Array {
    if (address !== this.#address || tiles !== this.#lengths.length) {
      this.#lengths = new Uint32Array(this.#arena.memory.buffer, address, tiles);
      this.#address = address;
    }
    return this.#lengths;
  }
}
