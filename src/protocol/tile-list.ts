// A list of tiles. It consists of arrays of numbers instead of one object for each tile, because a frame has hundreds of tiles.

/** The largest number of tiles. An 8K picture has 130 000 MCUs, and useful tiles have several MCUs. */
export const MAX_TILES = 70_000;

export interface TileList {
  /** The tile numbers in ascending order. */
  readonly numbers: Uint32Array;
  readonly lengths: Uint32Array;
  /** The bytes of the tiles, one tile after the other. Tiles that are neighbours in memory share a chunk. */
  readonly chunks: readonly Uint8Array[];
}

export const NO_TILES: TileList = { numbers: new Uint32Array(), lengths: new Uint32Array(), chunks: [] };

/** Builds a list, tile by tile in ascending order. Tiles that are neighbours in memory become one chunk. */
export class TileCollector {
  readonly #numbers: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #chunks: Uint8Array[] = [];
  #count = 0;
  #buffer: Uint8Array | null = null;
  #start = 0;
  #end = 0;

  /** `capacity` is the largest number of tiles. */
  constructor(capacity: number) {
    this.#numbers = new Uint32Array(capacity);
    this.#lengths = new Uint32Array(capacity);
  }

  /** Adds a tile. Its bytes are the `length` bytes of `buffer` that begin at `offset`. */
  add(number: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#numbers[this.#count] = number;
    this.#lengths[this.#count++] = length;
    if (buffer === this.#buffer && offset === this.#end) {
      this.#end += length;
      return;
    }
    this.#endChunk();
    this.#buffer = buffer;
    this.#start = offset;
    this.#end = offset + length;
  }

  finish(): TileList {
    this.#endChunk();
    const count = this.#count;
    return {
      numbers: this.#numbers.subarray(0, count),
      lengths: this.#lengths.subarray(0, count),
      chunks: this.#chunks,
    };
  }

  #endChunk(): void {
    if (this.#buffer !== null) this.#chunks.push(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = null;
  }
}

/** Returns the number of bytes of all tiles together. */
export function totalBytes({ chunks }: TileList): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
