// The tile store has the newest bytes of every tile of a picture, and for each tile the number of the frame that last changed it.
//
// A frame is opened, filled with its changed tiles in any order, and committed. A viewer needs the tiles that are newer than the
// last frame that it has. The tiles of one `put` share a block of memory. The block is reused as soon as each of its tiles has
// been replaced by a newer one. So senders must copy the bytes into a message.

import { stitchTiles } from "../../codec/jpeg/stitch.ts";
import { BytePool, ByteBlock } from "../../core/byte-pool.ts";
import { TileCollector, type TileList } from "../../protocol/tile-list.ts";

/** Stands for the block of a tile that has no bytes yet. */
const NONE = new ByteBlock(new Uint8Array());

/** Numbers or lengths of tiles. */
export type NumberList = readonly number[] | Uint32Array;

/** For each tile: the place of its bytes, and the number of the frame that changed it. */
class TileTable {
  readonly blocks: ByteBlock[];
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** The number of the frame that changed the tile, or 0 before the first. */
  readonly frames: Uint32Array;

  constructor(tileCount: number) {
    this.blocks = Array.from({ length: tileCount }, () => NONE);
    this.offsets = new Uint32Array(tileCount);
    this.lengths = new Uint32Array(tileCount);
    this.frames = new Uint32Array(tileCount);
  }

  set(number: number, block: ByteBlock, offset: number, length: number, frame: number): void {
    this.blocks[number] = block;
    this.offsets[number] = offset;
    this.lengths[number] = length;
    this.frames[number] = frame;
  }

  addTo(collector: TileCollector, number: number): void {
    const { bytes } = this.blocks[number] as ByteBlock;
    collector.add(number, bytes, this.offsets[number] as number, this.lengths[number] as number);
  }
}

export class TileStore {
  readonly #header: Uint8Array;
  readonly #tileCount: number;
  readonly #pool = new BytePool();
  readonly #tiles: TileTable;
  /** The tiles of the open frame. An entry is valid only if its `frames` value is the number of the open frame. */
  readonly #opened: TileTable;
  #openNumbers: number[] = [];
  #openFrame = 0;
  #newestFrame = 0;
  #wholeBytes = 0;

  /** `header` is the JPEG header from SOI to SOS. */
  constructor(header: Uint8Array, tileCount: number) {
    this.#header = header;
    this.#tileCount = tileCount;
    this.#tiles = new TileTable(tileCount);
    this.#opened = new TileTable(tileCount);
  }

  /** The number of the newest complete frame, or 0 before the first. */
  get newestFrame(): number {
    return this.#newestFrame;
  }

  /** The number of bytes of all tiles together in the newest complete frame. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /** Opens a frame. The first frame must contain all tiles. Throws RangeError when its number is not greater than the last. */
  open(frameNumber: number): void {
    if (frameNumber <= this.#newestFrame)
      throw new RangeError(`frame ${frameNumber} was opened after frame ${this.#newestFrame}: frame numbers must grow`);
    this.abort();
    this.#openFrame = frameNumber;
  }

  /**
   * Adds tiles that the open frame has changed. The arguments are their numbers in ascending order, their lengths, and their
   * bytes, one tile after the other. The bytes are copied. Throws RangeError when no frame is open or a number is too large.
   */
  put(numbers: NumberList, lengths: NumberList, bytes: Uint8Array): void {
    if (numbers.length === 0) return;
    const highest = numbers.at(-1) as number;
    if (this.#openFrame === 0 || highest >= this.#tileCount)
      throw new RangeError(`no frame is open for tile ${highest}`);
    const block = this.#pool.acquire(bytes.length);
    block.bytes.set(bytes);
    let at = 0;
    // An iterator of entries would make an array for each tile.
    for (let index = 0; index < numbers.length; index++) {
      const length = lengths[index] as number;
      this.#putOne(numbers[index] as number, block, at, length);
      at += length;
    }
    this.#pool.release(block); // From here on, only the tiles use the block.
  }

  #putOne(number: number, block: ByteBlock, offset: number, length: number): void {
    if (this.#opened.frames[number] !== this.#openFrame) this.#openNumbers.push(number);
    else this.#release(this.#opened.blocks[number] as ByteBlock);
    block.retain();
    this.#opened.set(number, block, offset, length, this.#openFrame);
  }

  #release(block: ByteBlock): void {
    if (block !== NONE) this.#pool.release(block);
  }

  /** Makes the open frame the newest complete frame. */
  commit(): void {
    const { blocks, offsets, lengths, frames } = this.#opened;
    for (const number of this.#openNumbers) {
      const block = blocks[number] as ByteBlock;
      const length = lengths[number] as number;
      this.#wholeBytes += length - (this.#tiles.lengths[number] as number);
      this.#release(this.#tiles.blocks[number] as ByteBlock);
      this.#tiles.set(number, block, offsets[number] as number, length, this.#openFrame);
      frames[number] = 0;
    }
    this.#newestFrame = this.#openFrame;
    this.#openNumbers = [];
    this.#openFrame = 0;
  }

  /** Drops the open frame. Its number may be used again. */
  abort(): void {
    for (const number of this.#openNumbers) {
      this.#opened.frames[number] = 0;
      this.#release(this.#opened.blocks[number] as ByteBlock);
    }
    this.#openNumbers = [];
    this.#openFrame = 0;
  }

  /**
   * Returns the tiles of the newest complete frame that have changed after frame `since`, which is the last one that the viewer
   * has. With 0 the viewer has no frame.
   */
  missing(since: number): TileList {
    const collector = new TileCollector(this.#tileCount);
    const { frames } = this.#tiles;
    for (let number = 0; number < this.#tileCount; number++) {
      if ((frames[number] as number) > since) this.#tiles.addTo(collector, number);
    }
    return collector.finish();
  }

  /** Does the same for the open frame, for the `count` tiles from `first` on. All of them must be encoded. */
  missingOfOpen(since: number, first: number, count: number): TileList {
    const collector = new TileCollector(count);
    for (let number = first; number < first + count; number++) {
      if (this.#opened.frames[number] === this.#openFrame) this.#opened.addTo(collector, number);
      else if ((this.#tiles.frames[number] as number) > since) this.#tiles.addTo(collector, number);
    }
    return collector.finish();
  }

  /** Returns the newest complete frame as an ordinary JPEG, or null before the first. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    if (this.#newestFrame === 0) return null;
    const { blocks, offsets, lengths } = this.#tiles;
    const tiles = blocks.map(({ bytes }, number) => {
      const offset = offsets[number] as number;
      return bytes.subarray(offset, offset + (lengths[number] as number));
    });
    return stitchTiles(this.#header, tiles);
  }
}
