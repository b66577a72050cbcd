// Encodes tiles in a codec thread, or in the main thread (codec/threads/own-kernel.ts). It takes bands (some lines of MCUs) of a
// frame, finds the changed tiles, and encodes them.
//
// A frame is cut into bands of MCU lines. Each thread that gets the frame's job takes the next band from a counter in the arena
// until all bands are taken. So a slow or late thread delays only its own band. A band covers the same part of the picture in all
// sizes (scales). So each thread halves the pixels that it needs itself, and never waits for another thread.

import { CodecError, messageOf } from "../../core/errors.ts";
import { planesOf } from "../../core/pixel-format.ts";
import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";
import { STATUS_OUTPUT_FULL } from "../kernel/status.ts";
import {
  type BandOutput,
  bandStart,
  type EncodeTilesJob,
  type RenditionJob,
  type ScaleJob,
  type TileEncoder,
  UNCHANGED,
} from "../tile-jobs.ts";
import { type PixelPlane, SimdEncoder } from "./encoder.ts";
import type { WasmModules } from "../wasm/modules.ts";
import { KernelError } from "./kernel-status.ts";

const MIN_OUTPUT_BYTES = 256 * 1024;

/** Loads the encoder kernel on the arena, for a thread that encodes only tiles. */
export async function loadTileEncoder(arena: Arena, wasm: WasmModules): Promise<TileEncoder> {
  const encoder = new SimdEncoder(await wasm.kernel("encoder"), arena.memory);
  return createTileEncoder(arena, encoder, arena.take(encoder.scratchBytes));
}

export function createTileEncoder(arena: Arena, encoder: SimdEncoder, scratch: number): TileEncoder {
  const output = new Output(arena);
  const marks = new GrowingBlock(arena);

  const encodeBand = (job: EncodeTilesJob, band: number): BandOutput => {
    const changed: number[] = job.scales.map(() => 0);
    const outputs: BandOutput["outputs"] = [];
    for (const [index, scale] of job.scales.entries()) {
      const firstLine = bandStart(job, index, band);
      const lines = bandStart(job, index, band + 1) - firstLine;
      const larger = job.scales[index - 1];
      if (larger !== undefined) {
        const firstRow = firstLine * scale.mcuHeight;
        const rows = Math.min(lines * scale.mcuHeight, scale.height - firstRow);
        encoder.halve(job.format, larger, larger.address, scale.address, firstRow, rows);
      }
    }
    for (const [index, scale] of job.scales.entries()) {
      if (scale.renditions.length === 0) continue;
      const firstTile = bandStart(job, index, band) * scale.tilesPerLine;
      const endTile = bandStart(job, index, band + 1) * scale.tilesPerLine;
      const frame = planesOf(job.format, scale, scale.address);
      const reference = scale.referenceAddress === null ? null : planesOf(job.format, scale, scale.referenceAddress);
      const { isChanged, count } = findChanges(scale, frame, reference, firstTile, endTile);
      changed[index] = count;
      for (const rendition of scale.renditions) {
        outputs.push(encodeRendition(rendition, isChanged, frame, reference ?? frame, firstTile, endTile));
      }
    }
    return { band, changed, outputs };
  };

  /**
   * Returns one byte for each tile, which is 1 if the tile has changed, and the number of changed tiles. The bytes are valid until the
   * next call. After the call, the reference for the next frame has the pixels of the changed tiles.
   */
  const findChanges = (
    scale: ScaleJob,
    frame: PixelPlane[],
    reference: PixelPlane[] | null,
    firstTile: number,
    endTile: number,
  ): { isChanged: Uint8Array; count: number } => {
    const tiles = endTile - firstTile;
    const marksAddress = marks.reserve(tiles);
    const isChanged = arena.bytes(marksAddress, tiles);
    const picture = scale.renditions[0]?.picture;
    const { noise, refresh } = scale;
    if (reference === null || picture === undefined || noise === null)
      return { isChanged: isChanged.fill(1), count: tiles };
    isChanged.fill(0);
    isChanged.fill(1, Math.max(0, refresh.first - firstTile), Math.max(0, refresh.first + refresh.count - firstTile));
    // With noise 0, an unchanged tile has the same pixels in both, so no copy is needed.
    const copies = !scale.becomesReference ? "changed" : noise === 0 ? null : "unchanged";
    const range = { firstTile, count: tiles, marksAddress };
    return { isChanged, count: encoder.markChanges(picture, frame, reference, range, noise, copies) };
  };

  const encodeRendition = (
    { picture, isNew, lengthsAddress }: RenditionJob,
    isChanged: Uint8Array,
    frame: PixelPlane[],
    reference: PixelPlane[],
    firstTile: number,
    endTile: number,
  ): BandOutput["outputs"][number] => {
    const lengths = new Uint32Array(arena.memory.buffer, lengthsAddress + 4 * firstTile, endTile - firstTile);
    lengths.fill(UNCHANGED);
    // After findChanges, the frame and the new reference have the same pixels in every changed tile. An unchanged tile that must
    // be sent is encoded from the old reference, because it has the pixels that were last encoded.
    const wanted = (tile: number) => isNew || isChanged[tile - firstTile] === 1;
    output.openBand();
    for (let tile = firstTile; tile < endTile;) {
      if (!wanted(tile)) {
        tile++;
        continue;
      }
      const hasChanged = isChanged[tile - firstTile];
      let end = tile + 1;
      while (end < endTile && wanted(end) && isChanged[end - firstTile] === hasChanged) end++;
      const planes = hasChanged === 1 ? frame : reference;
      output.append(encoder.bytesBound(picture, end - tile), (address, bytes) => {
        const target = { address, bytes, tileBytesAddress: lengthsAddress + 4 * tile };
        return encoder.encodeTiles(picture, scratch, planes, tile, end - tile, target);
      });
      tile = end;
    }
    return output.closeBand();
  };

  return {
    prepare({ width, height, format, sampling, quality, stateAddress }) {
      try {
        const state = stateAddress ?? arena.take(encoder.stateBytes);
        return encoder.prepare(state, { width, height, format, sampling, quality });
      } catch (cause) {
        throw asCodecError(cause, `cannot encode ${width}x${height} ${format}`);
      }
    },
    encode(job, onBand, mayGoOn = () => true) {
      const counter = new Int32Array(arena.memory.buffer, job.counterAddress, 1);
      output.clear();
      try {
        for (;;) {
          const band = Atomics.add(counter, 0, 1);
          if (band >= job.bands) return true;
          onBand(encodeBand(job, band));
          if (!mayGoOn()) return Atomics.load(counter, 0) >= job.bands;
        }
      } catch (cause) {
        const { width, height } = job.scales[0] as ScaleJob;
        throw asCodecError(cause, `cannot encode ${width}x${height} ${job.format}`);
      }
    },
  };
}

function asCodecError(cause: unknown, what: string): unknown {
  return cause instanceof KernelError ? new CodecError(`${what}: ${messageOf(cause)}`, { cause }) : cause;
}

/**
 * The bytes that a thread has encoded for one frame, band after band. They are valid until the thread gets the next frame, so the
 * main thread copies them before that.
 */
class Output {
  readonly #arena: Arena;
  readonly #block: GrowingBlock;
  #used = 0;
  #bandAt = 0;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#block = new GrowingBlock(arena);
    this.#block.reserve(MIN_OUTPUT_BYTES);
  }

  clear(): void {
    this.#used = 0;
  }

  openBand(): void {
    this.#bandAt = this.#used;
  }

  closeBand(): { address: number; bytes: number } {
    return { address: this.#block.address + this.#bandAt, bytes: this.#used - this.#bandAt };
  }

  /**
   * Calls `write` with the free memory. If it is too small, calls `write` again with a larger block that has `bound` free bytes.
   */
  append(bound: number, write: (address: number, bytes: number) => number): void {
    try {
      this.#used += write(this.#block.address + this.#used, this.#block.bytes - this.#used);
    } catch (error) {
      if (!(error instanceof KernelError) || error.status !== STATUS_OUTPUT_FULL) throw error;
      this.#grow(bound);
      this.#used += write(this.#block.address + this.#used, this.#block.bytes - this.#used);
    }
  }

  /** Takes a larger block. Earlier bands of the frame stay in the old block, and the current band moves to the new block. */
  #grow(moreBytes: number): void {
    const begun = this.#arena.bytes(this.#block.address + this.#bandAt, this.#used - this.#bandAt);
    this.#block.reserve(this.#block.bytes + begun.length + moreBytes);
    this.#arena.bytes(this.#block.address, begun.length).set(begun);
    this.#used = begun.length;
    this.#bandAt = 0;
  }
}
