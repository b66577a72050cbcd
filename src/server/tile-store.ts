// The tile store: the newest bytes of every tile of a picture, and the number of the frame that last changed each.
//
// A frame is opened, filled with the tiles that it changed, in any order, and committed; only then does it count. What a
// viewer is owed is the tiles newer than the frame it has. Bytes are never changed once they are in, so that a socket
// may still be sending what the store has long replaced.

import { stitchTiles } from "../codec/stitch.ts";
import type { NumberedTile } from "../protocol/messages.ts";

export class TileStore {
  readonly #header: Uint8Array;
  readonly #bytes: Uint8Array[];
  /** Number of the frame that last changed the tile; 0 = there was none yet. */
  readonly #changedBy: Uint32Array;
  /** Tiles that the open frame has changed so far, their bytes, and for each tile the frame that last did so. */
  readonly #opened: number[] = [];
  readonly #openedBytes: Uint8Array[] = [];
  readonly #openedBy: Uint32Array;
  #openFrame = 0;
  #newestFrame = 0;
  #wholeBytes = 0;

  /** `header`: SOI to SOS. */
  constructor(header: Uint8Array, tileCount: number) {
    this.#header = header;
    this.#bytes = Array.from({ length: tileCount }, () => new Uint8Array());
    this.#changedBy = new Uint32Array(tileCount);
    this.#openedBy = new Uint32Array(tileCount);
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

  /** A tile that the open frame has changed. The bytes must not change any more. */
  put(number: number, bytes: Uint8Array): void {
    if (this.#openFrame === 0 || number >= this.#bytes.length)
      throw new RangeError(`no frame is open for tile ${number}`);
    if (this.#openedBy[number] !== this.#openFrame) this.#opened.push(number);
    this.#openedBy[number] = this.#openFrame;
    this.#openedBytes[number] = bytes;
  }

  /** The open frame is whole: from here on it is the newest. */
  commit(): void {
    for (const number of this.#opened) {
      const bytes = this.#openedBytes[number] as Uint8Array;
      this.#wholeBytes += bytes.length - (this.#bytes[number] as Uint8Array).length;
      this.#bytes[number] = bytes;
      this.#changedBy[number] = this.#openFrame;
    }
    this.#newestFrame = this.#openFrame;
    this.abort();
  }

  /** The open frame will not become whole: it is as if it had never been. */
  abort(): void {
    for (const number of this.#opened) this.#openedBy[number] = 0;
    this.#opened.length = 0;
    this.#openFrame = 0;
  }

  /** What a viewer that has frame `since` lacks of the newest whole frame, in ascending order; 0 = it has nothing. */
  owed(since: number): NumberedTile[] {
    const tiles: NumberedTile[] = [];
    if (since >= this.#newestFrame) return tiles;
    for (const [number, bytes] of this.#bytes.entries()) {
      if ((this.#changedBy[number] as number) > since) tiles.push({ number, bytes });
    }
    return tiles;
  }

  /** What such a viewer lacks of the open frame among `count` tiles from `first` on, all of which that frame has seen. */
  owedOfOpen(since: number, first: number, count: number): NumberedTile[] {
    const tiles: NumberedTile[] = [];
    for (let number = first; number < first + count; number++) {
      if (this.#openedBy[number] === this.#openFrame) {
        tiles.push({ number, bytes: this.#openedBytes[number] as Uint8Array });
      } else if ((this.#changedBy[number] as number) > since) {
        tiles.push({ number, bytes: this.#bytes[number] as Uint8Array });
      }
    }
    return tiles;
  }

  /** The newest whole frame as an ordinary JPEG; null before the first. */
  stitch(): Uint8Array<ArrayBuffer> | null {
    return this.#newestFrame === 0 ? null : stitchTiles(this.#header, this.#bytes);
  }
}
