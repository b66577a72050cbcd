// The canvas of a stream of tiles: the picture's header, its decoded planes in shared memory, and the newest bytes of each tile.

import type { Arena } from "../../codec/memory/arena.ts";
import { GrowingBlock } from "../../codec/memory/growing-block.ts";
import { TILE_ADDRESS, TILE_BYTES, TILE_LENGTH, TILE_NUMBER, TILE_SCAN } from "../../codec/kernel/decode/layout.ts";
import { type DecoderExports, JpegPicture } from "../../codec/simd/decoder.ts";
import type { PictureInfo } from "../../codec/jpeg/tile-rectangles.ts";
import { KernelError } from "../../codec/simd/kernel-status.ts";
import type { BytePool } from "../../core/byte-pool.ts";
import { ProtocolError } from "../../core/errors.ts";
import type { StreamHeader } from "../../protocol/messages.ts";
import { MAX_TILES } from "../../protocol/tile-list.ts";
import type { TileGrid } from "./stale-tiles.ts";
import { KeptTiles, type Snapshot } from "./kept-tiles.ts";
import type { PartBytes, TakenTiles } from "./tile-frame.ts";

/** The memory for one picture. It can be opened for another stream when its stream has ended and no thread works on it. */
export class TileCanvas implements TileGrid {
  readonly #arena: Arena;
  readonly #kernel: DecoderExports;
  readonly #picture: JpegPicture;
  readonly #headerBlock: GrowingBlock;
  #info: PictureInfo | null = null;
  readonly #copies: BytePool;
  #kept: KeptTiles;
  tilesPerLine = 0;
  waitingRows = 0;

  /** `copies` is the pool for copies of compressed bytes. */
  constructor(arena: Arena, kernel: DecoderExports, copies: BytePool) {
    this.#copies = copies;
    this.#kept = new KeptTiles(new Uint8Array(), 0, copies);
    this.#arena = arena;
    this.#kernel = kernel;
    this.#picture = new JpegPicture(kernel, arena.memory, (bytes) => arena.take(bytes));
    this.#headerBlock = new GrowingBlock(arena);
  }

  /** Begins a picture. Throws ProtocolError if its header cannot be used with tiles, and CodecError when the arena is full. */
  open({ jpegHeader, width, height }: StreamHeader): void {
    const info = this.#readHeader(jpegHeader);
    if (info.width !== width || info.height !== height) {
      throw new ProtocolError(
        `Stream announces ${width}x${height}, but its JPEG header has ${info.width}x${info.height}`,
      );
    }
    if (!info.isInterleaved || info.headerBytes !== jpegHeader.length) {
      throw new ProtocolError("Stream's JPEG header is not the part from SOI to SOS of a picture with one scan");
    }
    if (info.tiles > MAX_TILES)
      throw new ProtocolError(`the picture has ${info.tiles} tiles, and the limit is ${MAX_TILES}`);
    this.#info = info;
    this.#kept = new KeptTiles(jpegHeader, info.tiles, this.#copies);
    this.tilesPerLine = info.mcusPerLine % info.tileMcus === 0 ? info.mcusPerLine / info.tileMcus : 0;
    this.waitingRows = this.#kernel.waitingRows(this.#picture.state, 0);
  }

  get info(): PictureInfo {
    if (this.#info === null) throw new Error("the canvas is not open");
    return this.#info;
  }

  /** The address of the picture's state in the arena, for threads. */
  get state(): number {
    return this.#picture.state;
  }

  get scratchBytes(): number {
    return this.#picture.scratchBytes;
  }

  /** Writes the kernel's list of these tiles, TILE_BYTES each, and keeps their bytes as the newest. */
  writeList(address: number, taken: TakenTiles): void {
    const { numbers, parts, offsets, lengths } = taken;
    const words = new Uint32Array(this.#arena.memory.buffer, address, (numbers.length * TILE_BYTES) / 4);
    for (let index = 0; index < numbers.length; index++) {
      const at = (index * TILE_BYTES) / 4;
      words[at + TILE_SCAN / 4] = 0;
      words[at + TILE_NUMBER / 4] = numbers[index] as number;
      words[at + TILE_ADDRESS / 4] = (parts[index] as PartBytes).block.address + (offsets[index] as number);
      words[at + TILE_LENGTH / 4] = lengths[index] as number;
    }
    this.#kept.add(taken);
  }

  /** Returns the current tiles. */
  snapshot(): Snapshot {
    return this.#kept.snapshot();
  }

  #readHeader(header: Uint8Array): PictureInfo {
    try {
      const address = this.#headerBlock.reserve(header.length);
      this.#arena.bytes(address, header.length).set(header);
      return this.#picture.readHeader(address, header.length);
    } catch (cause) {
      if (!(cause instanceof KernelError)) throw cause;
      throw new ProtocolError(`Stream's JPEG header cannot be used: ${cause.message}`, { cause });
    }
  }
}
