// The host side of the decoder kernel: JPEG bytes in shared memory to RGBA in shared memory, whole pictures or single tiles.
// Nothing is copied here. The caller owns all memory; a JpegPicture keeps what belongs to one picture (or one stream of equal pictures),
// and each worker brings its own kernel instance and scratch.

import * as layout from "../kernel/decode/layout.ts";
import { STATUS_LIST_TOO_SMALL, STATUS_PLANES_TOO_SMALL } from "../kernel/status.ts";
import { checkStatus, KernelError } from "./kernel-status.ts";
import type { PictureInfo, Rectangle, Upsampling } from "../jpeg/tile-rectangles.ts";

/** The functions that the kernel module exports. Addresses and lengths are bytes in the shared memory. */
export interface DecoderExports {
  staticEnd(): number;
  stateBytes(): number;
  initState(state: number): void;
  readHeader(state: number, jpeg: number, length: number): number;
  setPlanes(state: number, planes: number, capacity: number): number;
  greyPlanes(state: number): number;
  indexTiles(state: number, jpeg: number, length: number, list: number, capacity: number): number;
  decodeTiles(
    state: number,
    scratch: number,
    list: number,
    count: number,
    pixels: number,
    stride: number,
    flags: number,
  ): number;
  decodePicture(
    state: number,
    scratch: number,
    list: number,
    count: number,
    pixels: number,
    stride: number,
    flags: number,
  ): number;
  waitingRows(state: number, flags: number): number;
  convert(
    state: number,
    scratch: number,
    x: number,
    y: number,
    width: number,
    height: number,
    pixels: number,
    stride: number,
    flags: number,
  ): number;
}

/** Hands out `bytes` of shared memory, aligned to 16, for as long as the picture lives. */
export type Allocate = (bytes: number) => number;

/** How a decode went. */
export interface DecodeReport {
  /** Tiles whose bytes ended early or were no code; what was complete of them is shown, the rest is grey. */
  readonly damagedTiles: number;
  /** True when bytes were missing. */
  readonly isTruncated: boolean;
}

/** A tile's bytes, wherever they stand. */
export interface TileBytes {
  readonly number: number;
  readonly address: number;
  readonly length: number;
}

/** Runs the module on a shared memory. Every worker does this once; constants are the same for all, and nothing else is static. */
export async function instantiateDecoder(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<DecoderExports> {
  const instance = await WebAssembly.instantiate(module, { env: { memory, abort: onAbort } });
  return instance.exports as unknown as DecoderExports;
}

function onAbort(): never {
  throw new Error("the decoder kernel aborted");
}

/** Largest picture that is decoded unless the caller says otherwise: 8192 × 8192. */
export const DEFAULT_MAX_PIXELS = 8192 * 8192;

/** One picture, or a stream of pictures one after the other: state, planes and tile list in shared memory. */
export class JpegPicture {
  /** Address of the state: workers that help with this picture need it. */
  readonly state: number;
  readonly #kernel: DecoderExports;
  readonly #memory: WebAssembly.Memory;
  readonly #allocate: Allocate;
  readonly #maxPixels: number;
  #planes = 0;
  #planesBytes = 0;
  #list = 0;
  #listTiles = 0;
  #scratch = 0;
  #scratchBytes = 0;
  #tileCount = 0;
  /** The state as words. Stays valid when the memory grows, as shared memory does not move. */
  readonly #record: Uint32Array;

  constructor(kernel: DecoderExports, memory: WebAssembly.Memory, allocate: Allocate, maxPixels = DEFAULT_MAX_PIXELS) {
    this.#kernel = kernel;
    this.#memory = memory;
    this.#allocate = allocate;
    this.#maxPixels = maxPixels;
    this.state = allocate(kernel.stateBytes());
    kernel.initState(this.state);
    this.#record = new Uint32Array(memory.buffer, this.state, layout.TABLES / 4);
  }

  /** Reads everything up to the first scan and makes room for the samples. Throws KernelError. */
  readHeader(jpeg: number, length: number): PictureInfo {
    this.#open(jpeg, length);
    return this.info();
  }

  #open(jpeg: number, length: number): void {
    checkStatus(this.#kernel.readHeader(this.state, jpeg, length));
    const pixels = this.#field(layout.PICTURE_WIDTH) * this.#field(layout.PICTURE_HEIGHT);
    if (pixels > this.#maxPixels) throw new KernelError(STATUS_PLANES_TOO_SMALL);
    const planesBytes = this.#field(layout.PICTURE_PLANES_BYTES);
    if (planesBytes > this.#planesBytes) {
      this.#planes = this.#allocate(planesBytes);
      this.#planesBytes = planesBytes;
    }
    checkStatus(this.#kernel.setPlanes(this.state, this.#planes, this.#planesBytes));
  }

  /** Lists the tiles of the JPEG whose header was read. Returns their number. */
  indexTiles(jpeg: number, length: number): number {
    let count = this.#kernel.indexTiles(this.state, jpeg, length, this.#list, this.#listTiles);
    while (count === STATUS_LIST_TOO_SMALL) {
      this.#growList(this.#field(layout.PICTURE_TILES));
      count = this.#kernel.indexTiles(this.state, jpeg, length, this.#list, this.#listTiles);
    }
    this.#tileCount = checkStatus(count);
    return this.#tileCount;
  }

  /** Decodes a whole JPEG to `pixels`, `stride` bytes a line, on this thread. */
  decode(jpeg: number, length: number, pixels: number, stride: number, how: Upsampling = {}): DecodeReport {
    this.#open(jpeg, length);
    this.indexTiles(jpeg, length);
    const damagedTiles = checkStatus(
      this.#kernel.decodePicture(this.state, this.scratch(), this.#list, this.#tileCount, pixels, stride, flagsOf(how)),
    );
    return { damagedTiles, isTruncated: this.isTruncated || damagedTiles > 0 };
  }

  /** Grey everywhere: what a viewer sees before the first tiles. */
  clear(): void {
    checkStatus(this.#kernel.greyPlanes(this.state));
  }

  /** Decodes single tiles into the planes. Returns how many were damaged. Their pixels come with `convert`. */
  decodeTiles(tiles: readonly TileBytes[]): number {
    if (tiles.length > this.#listTiles) this.#growList(tiles.length);
    const view = new DataView(this.#memory.buffer, this.#list, tiles.length * layout.TILE_BYTES);
    tiles.forEach((tile, i) => {
      const at = i * layout.TILE_BYTES;
      view.setUint32(at + layout.TILE_SCAN, 0, true);
      view.setUint32(at + layout.TILE_NUMBER, tile.number, true);
      view.setUint32(at + layout.TILE_ADDRESS, tile.address, true);
      view.setUint32(at + layout.TILE_LENGTH, tile.length, true);
    });
    return checkStatus(this.#kernel.decodeTiles(this.state, this.scratch(), this.#list, tiles.length, 0, 0, 0));
  }

  /** Converts a rectangle of the planes; `pixels` is the address of pixel (0, 0). */
  convert(area: Rectangle, pixels: number, stride: number, how: Upsampling = {}): void {
    checkStatus(
      this.#kernel.convert(
        this.state,
        this.scratch(),
        area.x,
        area.y,
        area.width,
        area.height,
        pixels,
        stride,
        flagsOf(how),
      ),
    );
  }

  /** What the last header said. */
  info(): PictureInfo {
    const scan = layout.SCANS;
    return {
      width: this.#field(layout.PICTURE_WIDTH),
      height: this.#field(layout.PICTURE_HEIGHT),
      components: this.#field(layout.PICTURE_COMPONENTS),
      mcuWidth: this.#field(layout.PICTURE_H_MAX) * 8,
      mcuHeight: this.#field(layout.PICTURE_V_MAX) * 8,
      mcusPerLine: this.#field(scan + layout.SCAN_MCUS_PER_LINE),
      mcuLines: this.#field(scan + layout.SCAN_MCU_LINES),
      tileMcus: this.#field(scan + layout.SCAN_TILE_MCUS),
      tiles: this.#field(scan + layout.SCAN_TILES),
      isInterleaved: this.#field(scan + layout.SCAN_COMPONENT_COUNT) === this.#field(layout.PICTURE_COMPONENTS),
      headerBytes: this.#field(layout.PICTURE_HEADER_BYTES),
    };
  }

  /** Whether bytes were missing when the tiles were listed. */
  get isTruncated(): boolean {
    return this.#field(layout.PICTURE_TRUNCATED) !== 0;
  }

  /** Address of the tile list, for workers that decode part of it. */
  get list(): number {
    return this.#list;
  }

  /** This thread's scratch, large enough for the picture. */
  scratch(): number {
    const wanted = this.scratchBytes;
    if (wanted > this.#scratchBytes) {
      this.#scratch = this.#allocate(wanted);
      this.#scratchBytes = wanted;
    }
    return this.#scratch;
  }

  /** Bytes of scratch that each worker needs for this picture. */
  get scratchBytes(): number {
    return this.#field(layout.PICTURE_SCRATCH_BYTES);
  }

  #growList(tiles: number): void {
    this.#list = this.#allocate(tiles * layout.TILE_BYTES);
    this.#listTiles = tiles;
  }

  #field(offset: number): number {
    return this.#record[offset >> 2] ?? 0;
  }
}

/** The kernel's flags for a wish. */
export function flagsOf(how: Upsampling): number {
  return how.box ? layout.FLAG_BOX : 0;
}
