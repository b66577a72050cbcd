// Checks the Tiles messages of one stream: the numbers and the lengths of the tiles, and that the first frame has all of them.

import { ProtocolError } from "../core/errors.ts";
import type { Tiles } from "./messages.ts";

/**
 * The most bytes of a tile. A coefficient has at most 27 bits (T.81 F.1.2: 16 for a Huffman code and 11 for its value). So a
 * pixel with three components and no subsampling has about 10 bytes. The limit is larger because of stuffed zeros.
 */
export const MAX_BYTES_PER_PIXEL = 16;
const MAX_EXTRA_BYTES = 64;

export class TileCheck {
  readonly #tiles: number;
  readonly #mostBytes: number;
  /** For each tile number: 1 if the tile has arrived. */
  readonly #seen: Uint8Array;
  #unseen: number;

  /** `tiles` is the number of tiles of the picture, and `tilePixels` the number of pixels of the largest one. */
  constructor(tiles: number, tilePixels: number) {
    this.#tiles = tiles;
    this.#mostBytes = MAX_BYTES_PER_PIXEL * tilePixels + MAX_EXTRA_BYTES;
    this.#seen = new Uint8Array(tiles);
    this.#unseen = tiles;
  }

  /**
   * Takes a part of a frame. Throws ProtocolError for a tile number outside the picture, for the last part of a first frame without all
   * tiles, and for a tile with more bytes than any encoder could make of its pixels. Such tiles would use up memory, because the newest
   * bytes of each tile are kept.
   */
  take({ tiles: { numbers, lengths }, isLast }: Tiles): void {
    const highest = numbers.at(-1) ?? 0;
    if (highest >= this.#tiles)
      throw new ProtocolError(`the message Tiles contains tile ${highest}, but the picture has ${this.#tiles} tiles`);
    const most = this.#mostBytes;
    for (const length of lengths) {
      if (length > most) throw new ProtocolError(`a tile has ${length} bytes, and at most ${most} are allowed`);
    }
    for (let index = 0; index < numbers.length && this.#unseen > 0; index++) {
      const number = numbers[index] as number;
      this.#unseen -= 1 - (this.#seen[number] as number);
      this.#seen[number] = 1;
    }
    if (isLast && this.#unseen > 0)
      throw new ProtocolError(`${this.#unseen} of ${this.#tiles} tiles are missing in the first frame of a stream`);
  }

  /** Begins again, because the first frame was given up. The next one must have all tiles. */
  restart(): void {
    this.#unseen = this.#seen.fill(0).length;
  }
}
