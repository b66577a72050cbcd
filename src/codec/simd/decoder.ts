// The host side of the decoder kernel. It decodes whole JPEGs or single tiles to RGBA in the shared memory.
//
// The caller allocates all memory, and this file copies no pixels. A JpegPicture has the memory of one picture, or of a stream of
// pictures one after the other. Each thread has its own kernel instance and scratch memory.

import { growingSize } from "../memory/growing-block.ts";
import * as layout from "../kernel/decode/layout.ts";
import { STATUS_LIST_TOO_SMALL, STATUS_PLANES_TOO_SMALL } from "../kernel/status.ts";
import { instantiateKernel } from "./kernel-module.ts";
import { checkStatus, KernelError } from "./kernel-status.ts";
import type { PictureInfo, Upsampling } from "../jpeg/tile-rectangles.ts";
import type { Rectangle } from "../../core/rectangle.ts";

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

/** Returns the address of `bytes` bytes of shared memory, which is a multiple of 16. The picture keeps the memory. */
export type Allocate = (bytes: number) => number;

/** The result of decoding a picture. */
export interface DecodeReport {
  /**
   * The number of tiles whose bytes ended early or contained an invalid Huffman code. Their complete blocks are decoded, and the
   * rest is grey.
   */
  readonly damagedTiles: number;
  /** Whether bytes were missing. */
  readonly isTruncated: boolean;
}

/** The place of a tile's bytes. */
export interface TileBytes {
  readonly number: number;
  readonly address: number;
  readonly length: number;
}

/**
 * Instantiates the module on a shared memory, once in each thread. Its only static data are tables, which are the same in all
 * threads.
 */
export function instantiateDecoder(module: WebAssembly.Module, memory: WebAssembly.Memory): DecoderExports {
  return instantiateKernel(module, memory) as unknown as DecoderExports;
}

/** The largest picture that is decoded by default, 8192 × 8192. */
export const DEFAULT_MAX_PIXELS = 8192 * 8192;

/** One picture, or a stream of pictures one after the other. Its state, planes and tile list are in shared memory. */
export class JpegPicture {
  /** The address of the state, for other threads that decode parts of this picture. */
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
  /** The state as words. The view stays valid when the memory grows, because shared memory does not move. */
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

  /** Reads the header up to the first scan and allocates the planes. Throws KernelError. */
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
      this.#planesBytes = growingSize(planesBytes);
      this.#planes = this.#allocate(this.#planesBytes);
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

  /** Decodes a whole JPEG on this thread, to RGBA at the address `pixels` with `stride` bytes a line. Throws KernelError. */
  decode(jpeg: number, length: number, pixels: number, stride: number, how: Upsampling = {}): DecodeReport {
    this.#open(jpeg, length);
    this.indexTiles(jpeg, length);
    const damagedTiles = checkStatus(
      this.#kernel.decodePicture(this.state, this.scratch(), this.#list, this.#tileCount, pixels, stride, flagsOf(how)),
    );
    return { damagedTiles, isTruncated: this.isTruncated || damagedTiles > 0 };
  }

  /** Makes the planes grey, for the time before the first tiles. */
  clear(): void {
    checkStatus(this.#kernel.greyPlanes(this.state));
  }

  /** Decodes single tiles into the planes. Returns the number of damaged tiles. `convert` converts the planes to pixels. */
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

  /** Converts a rectangle of the planes to RGBA. `pixels` is the address of pixel (0, 0) of the picture. */
  convert(rectangle: Rectangle, pixels: number, stride: number, how: Upsampling = {}): void {
    checkStatus(
      this.#kernel.convert(
        this.state,
        this.scratch(),
        rectangle.x,
        rectangle.y,
        rectangle.width,
        rectangle.height,
        pixels,
        stride,
        flagsOf(how),
      ),
    );
  }

  /** Returns the facts of the last header. */
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

  /** The address of the tile list, for other threads that decode a part of it. */
  get list(): number {
    return this.#list;
  }

  /** Returns the address of this thread's scratch memory, large enough for the picture. */
  scratch(): number {
    const wanted = this.scratchBytes;
    if (wanted > this.#scratchBytes) {
      this.#scratch = this.#allocate(wanted);
      this.#scratchBytes = wanted;
    }
    return this.#scratch;
  }

  /** The number of bytes of scratch memory that each thread needs for this picture. */
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

/** Returns the kernel's flags for a way of upsampling. */
export function flagsOf(how: Upsampling): number {
  return how.box ? layout.FLAG_BOX : 0;
}
