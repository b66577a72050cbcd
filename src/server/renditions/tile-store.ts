// The tile store: the newest bytes of every tile of a picture, and the number of the frame that last changed each.
//
// A frame is opened, filled with the tiles that it changed, in any order, and committed; only then does it count. What a
// viewer is owed is the tiles newer than the frame it has. Bytes do not change while any tile's newest are among them; then
// their memory is used again. Whoever sends them copies them into a message first.

import { stitchTiles } from "../../codec/jpeg/stitch.ts";
import { BytePool, ByteBlock } from "../../core/byte-pool.ts";
import { TileCollector, type TileList } from "../../protocol/tile-list.ts";

/** What a tile has that there is nothing of yet. */
const NONE = new ByteBlock(new Uint8Array());

/** Where the bytes of each tile lie, and which frame changed it. */
class TileTable {
  readonly pieces: ByteBlock[];
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** 0 = none yet. */
  readonly frames: Uint32Array;

  constructor(tileCount: number) {
    this.pieces = Array.from({ length: tileCount }, () => NONE);
    this.offsets = new Uint32Array(tileCount);
    this.lengths = new Uint32Array(tileCount);
    this.frames = new Uint32Array(tileCount);
  }

  set(number: number, piece: ByteBlock, offset: number, length: number, frame: number): void {
    this.pieces[number] = piece;
    this.offsets[number] = offset;
    this.lengths[number] = length;
    this.frames[number] = frame;
  }

  addTo(collector: TileCollector, number: number): void {
    const { bytes } = this.pieces[number] as ByteBlock;
    collector.add(number, bytes, this.offsets[number] as number, this.lengths[number] as number);
  }
}

export class TileStore {
  readonly #header: Uint8Array;
  readonly #tileCount: number;
  readonly #pool = new BytePool();
  readonly #tiles: TileTable;
  /** Of the open frame, where `frames` names it. */
  readonly #opened: TileTable;
  #openNumbers: number[] = [];
  #openFrame = 0;
  #newestFrame = 0;
  #wholeBytes = 0;

  /** `header`: SOI to SOS. */
  constructor(header: Uint8Array, tileCount: number) {
    this.#header = header;
    this.#tileCount = tileCount;
    this.#tiles = new TileTable(tileCount);
    this.#opened = new TileTable(tileCount);
  }

  /** Of the newest whole frame; 0 before the first. */
  get newestFrame(): number {
    return this.#newestFrame;
  }

  /** Of all tiles together, as of the newest whole frame. */
  get wholeBytes(): number {
    return this.#wholeBytes;
  }

  /** Begins a frame; its number is greater than that of any before. The first one must bring all tiles. */
  open(frameNumber: number): void {
    if (frameNumber <= this.#newestFrame) throw new RangeError(`frame ${frameNumber} comes after ${this.#newestFrame}`);
    this.abort();
    this.#openFrame = frameNumber;
  }

  /**
   * Tiles that the open frame has changed: their numbers, ascending, their lengths, and their bytes, one tile after the
   * other, which are copied.
   */
  put(numbers: readonly number[], lengths: readonly number[], bytes: Uint8Array): void {
    if (numbers.length === 0) return;
    const highest = numbers.at(-1) as number;
    if (this.#openFrame === 0 || highest >= this.#tileCount)
      throw new RangeError(`no frame is open for tile ${highest}`);
    const piece = this.#pool.acquire(bytes.length);
    piece.bytes.set(bytes);
    let at = 0;
    for (const [index, number] of numbers.entries()) {
      const length = lengths[index] as number;
      this.#putOne(number, piece, at, length);
      at += length;
    }
    this.#pool.release(piece); // the tiles use it now
  }

  #putOne(number: number, piece: ByteBlock, offset: number, length: number): void {
    if (this.#opened.frames[number] !== this.#openFrame) this.#openNumbers.push(number);
    else this.#release(this.#opened.pieces[number] as ByteBlock);
    piece.retain();
    this.#opened.set(number, piece, offset, length, this.#openFrame);
  }

  #release(piece: ByteBlock): void {
    if (piece !== NONE) this.#pool.release(piece);
  }

  /** The open frame is whole: from here on it is the newest. */
  commit(): void {
    const { pieces, offsets, lengths, frames } = this.#opened;
    for (const number of this.#openNumbers) {
      const piece = pieces[number] as ByteBlock;
      const length = lengths[number] as number;
      this.#wholeBytes += length - (this.#tiles.lengths[number] as number);
      this.#release(this.#tiles.pieces[number] as ByteBlock);
      this.#tiles.set(number, piece, offsets[number] as number, length, this.#openFrame);
      frames[number] = 0;
    }
    this.#newestFrame = this.#openFrame;
    this.#openNumbers = [];
    this.#openFrame = 0;
  }

  /** The open frame will not become whole: it is as if it had never been. */
  abort(): void {
    for (const number of this.#openNumbers) {
      this.#opened.frames[number] = 0;
      this.#release(this.#opened.pieces[number] as ByteBlock);
    }
    this.#openNumbers = [];
    this.#openFrame = 0;
  }

  /** What a viewer that has frame `since` lacks of the newest whole frame; 0 = it has nothing. */
  owed(since: number): TileList {
    const collector = new TileCollector(this.#tileCount);
    const { frames } = this.#tiles;
    for (let number = 0; number < this.#tileCount; number++) {
      if ((frames[number] as number) > since) this.#tiles.addTo(collector, number);
    }
    return collector.finish();
  }

  /** What such a viewer lacks of the open frame among `count` tiles from `first` on, all of which that frame has seen. */
  owedOfOpen(since: number, first: number, count: number): TileList {
    const collector = new TileCollector(count);
    for (let number = first; number < first + count; number++) {
      if (this.#opened.frames[number] === this.#openFrame) this.#opened.addTo(collector, number);
      else if ((this.#tiles.frames[number] as number) > since) this.#tiles.addTo(collector, number);
    }
    return collector.finish();
  }

  /** The newest whole frame as an ordinary JPEG; null before the first. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    if (this.#newestFrame === 0) return null;
    const { pieces, offsets, lengths } = this.#tiles;
    const tiles = pieces.map(({ bytes }, number) => {
      const offset = offsets[number] as number;
      return bytes.subarray(offset, offset + (lengths[number] as number));
    });
    return stitchTiles(this.#header, tiles);
  }
}
