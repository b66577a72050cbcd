// A list of tiles as arrays of numbers: a frame has hundreds of tiles, so there is no object for each.

export interface TileList {
  /** The tile numbers, ascending. */
  readonly numbers: Uint32Array;
  readonly lengths: Uint32Array;
  /** The bytes of the tiles, one tile after the other. A chunk has the tiles that are neighbours in memory. */
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

  /** The tile's bytes are `length` bytes of `buffer` from `offset` on. */
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

/** The bytes of all tiles together. */
export function totalBytes({ chunks }: TileList): number {
  return chunks.reduce((sum, { length }) => sum + length, 0);
}
