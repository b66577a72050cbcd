// Some tiles of a picture as plain numbers: hundreds of them pass with every frame, so there is no object for each.

export interface TileList {
  /** Ascending. */
  readonly numbers: Uint32Array;
  readonly lengths: Uint32Array;
  /** Their bytes, one tile after the other, in as many pieces as they lie in. */
  readonly pieces: readonly Uint8Array[];
}

export const NO_TILES: TileList = { numbers: new Uint32Array(), lengths: new Uint32Array(), pieces: [] };

/** Puts a list together, tile by tile in ascending order. Tiles that lie one after the other become one piece. */
export class TileCollector {
  readonly #numbers: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #pieces: Uint8Array[] = [];
  #count = 0;
  #buffer: Uint8Array | null = null;
  #start = 0;
  #end = 0;

  /** For up to so many tiles. */
  constructor(capacity: number) {
    this.#numbers = new Uint32Array(capacity);
    this.#lengths = new Uint32Array(capacity);
  }

  /** The tile's bytes are `length` of `buffer` from `offset` on. */
  add(number: number, buffer: Uint8Array, offset: number, length: number): void {
    this.#numbers[this.#count] = number;
    this.#lengths[this.#count++] = length;
    if (buffer === this.#buffer && offset === this.#end) {
      this.#end += length;
      return;
    }
    this.#endPiece();
    this.#buffer = buffer;
    this.#start = offset;
    this.#end = offset + length;
  }

  finish(): TileList {
    this.#endPiece();
    const count = this.#count;
    return {
      numbers: this.#numbers.subarray(0, count),
      lengths: this.#lengths.subarray(0, count),
      pieces: this.#pieces,
    };
  }

  #endPiece(): void {
    if (this.#buffer !== null) this.#pieces.push(this.#buffer.subarray(this.#start, this.#end));
    this.#buffer = null;
  }
}

/** Bytes of all the tiles. */
export function totalBytes({ pieces }: TileList): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
