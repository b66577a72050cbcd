// The tile store: the newest bytes of every tile of a picture, and the number of the frame that last changed each.
//
// A frame is opened, filled with the tiles that it changed, in any order, and committed; only then does it count. What a
// viewer is owed is the tiles newer than the frame it has. Bytes are never changed once they are in, so that a socket
// may still be sending what the store has long replaced.

import { stitchTiles } from "../codec/stitch.ts";
import { TileCollector, type TileList } from "../protocol/tile-list.ts";

/** Where the bytes of each tile lie, and which frame changed it. */
class TileTable {
  readonly buffers: Uint8Array[];
  readonly offsets: Uint32Array;
  readonly lengths: Uint32Array;
  /** 0 = none yet. */
  readonly frames: Uint32Array;

  constructor(tileCount: number) {
    const none = new Uint8Array();
    this.buffers = Array.from({ length: tileCount }, () => none);
    this.offsets = new Uint32Array(tileCount);
    this.lengths = new Uint32Array(tileCount);
    this.frames = new Uint32Array(tileCount);
  }

  set(number: number, buffer: Uint8Array, offset: number, length: number, frame: number): void {
    this.buffers[number] = buffer;
    this.offsets[number] = offset;
    this.lengths[number] = length;
    this.frames[number] = frame;
  }

  addTo(collector: TileCollector, number: number): void {
    const buffer = this.buffers[number] as Uint8Array;
    collector.add(number, buffer, this.offsets[number] as number, this.lengths[number] as number);
  }
}

export class TileStore {
  readonly #header: Uint8Array;
  readonly #tileCount: number;
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

  /** A tile that the open frame has changed: `length` bytes of `buffer` from `offset` on, which must not change any more. */
  put(number: number, buffer: Uint8Array, offset = 0, length = buffer.length): void {
    if (this.#openFrame === 0 || number >= this.#tileCount) throw new RangeError(`no frame is open for tile ${number}`);
    if (this.#opened.frames[number] !== this.#openFrame) this.#openNumbers.push(number);
    this.#opened.set(number, buffer, offset, length, this.#openFrame);
  }

  /** The open frame is whole: from here on it is the newest. */
  commit(): void {
    const { buffers, offsets, lengths } = this.#opened;
    for (const number of this.#openNumbers) {
      const length = lengths[number] as number;
      this.#wholeBytes += length - (this.#tiles.lengths[number] as number);
      this.#tiles.set(number, buffers[number] as Uint8Array, offsets[number] as number, length, this.#openFrame);
    }
    this.#newestFrame = this.#openFrame;
    this.abort();
  }

  /** The open frame will not become whole: it is as if it had never been. */
  abort(): void {
    for (const number of this.#openNumbers) this.#opened.frames[number] = 0;
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
    const { buffers, offsets, lengths } = this.#tiles;
    const tiles = buffers.map((buffer, number) => {
      const offset = offsets[number] as number;
      return buffer.subarray(offset, offset + (lengths[number] as number));
    });
    return stitchTiles(this.#header, tiles);
  }
}
