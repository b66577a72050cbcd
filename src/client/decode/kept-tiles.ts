// Keeps the newest compressed bytes of each tile, so that the picture can be saved as a JPEG (a snapshot). The table has, for
// each tile, its place in the copy of a received part.

import { stitchTiles } from "../../codec/jpeg/stitch.ts";
import type { BytePool, ByteBlock } from "../../core/byte-pool.ts";
import type { PartBytes, TakenTiles } from "./tile-frame.ts";

/**
 * The limit of kept bytes, as a multiple of the picture's bytes. A part stays in memory completely while one of its tiles is the
 * newest. So above the limit, all tiles are copied into one new part.
 */
const MOST_KEPT = 4;
const ALWAYS_KEPT_BYTES = 256 * 1024;

/** The tiles of a picture at one point in time. */
export interface Snapshot {
  /** Joins the tiles to a JPEG. It must not be called after `release`. */
  jpeg(): Uint8Array;
  /** Releases the bytes. It must be called once. */
  release(): void;
}

export class KeptTiles {
  readonly #copies: BytePool;
  readonly #header: Uint8Array;
  readonly #parts: (PartBytes | null)[];
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  #keptBytes = 0;
  #wholeBytes = 0;

  /** `header` is the JPEG header from SOI to SOS. `copies` is the pool for copies of parts. */
  constructor(header: Uint8Array, tileCount: number, copies: BytePool) {
    this.#copies = copies;
    this.#header = header;
    this.#parts = new Array<PartBytes | null>(tileCount).fill(null);
    this.#offsets = new Uint32Array(tileCount);
    this.#lengths = new Uint32Array(tileCount);
  }

  /** Makes these tiles the newest. The bytes of the parts' copies may be filled in later. */
  add({ numbers, parts, offsets, lengths }: TakenTiles): void {
    if (this.#keptBytes > MOST_KEPT * this.#wholeBytes + ALWAYS_KEPT_BYTES) this.#joinParts();
    for (let index = 0; index < numbers.length; index++) {
      const number = numbers[index] as number;
      const part = parts[index] as PartBytes;
      const length = lengths[index] as number;
      const older = this.#parts[number] as PartBytes | null;
      part.copy.retain();
      if (part.kept++ === 0) this.#keptBytes += part.bytes;
      if (older !== null) {
        if (--older.kept === 0) this.#keptBytes -= older.bytes;
        this.#copies.release(older.copy);
      }
      this.#wholeBytes += length - (this.#lengths[number] as number);
      this.#parts[number] = part;
      this.#offsets[number] = offsets[index] as number;
      this.#lengths[number] = length;
    }
  }

  /** Returns the current tiles. Later tiles do not change this snapshot. */
  snapshot(): Snapshot {
    const header = this.#header;
    const copies = this.#parts.map((part) => part?.copy ?? null);
    for (const copy of copies) if (copy !== null) copy.retain();
    const offsets = this.#offsets.slice();
    const lengths = this.#lengths.slice();
    return {
      jpeg: () =>
        stitchTiles(
          header,
          copies.map((copy, number) => bytesOf(copy, offsets, lengths, number)),
        ),
      release: () => {
        for (const copy of copies) if (copy !== null) this.#copies.release(copy);
      },
    };
  }

  /** Copies all tiles into one part, so that the received parts can be released. */
  #joinParts(): void {
    const copy = this.#copies.acquire(this.#wholeBytes);
    const all: PartBytes = { block: { address: 0, bytes: 0 }, bytes: this.#wholeBytes, users: 0, copy, kept: 0 };
    let at = 0;
    for (const [number, part] of this.#parts.entries()) {
      if (part === null) continue;
      const bytes = bytesOf(part.copy, this.#offsets, this.#lengths, number);
      copy.bytes.set(bytes, at);
      part.kept--;
      this.#copies.release(part.copy);
      all.kept++;
      copy.retain();
      this.#parts[number] = all;
      this.#offsets[number] = at;
      at += bytes.length;
    }
    this.#copies.release(copy); // From here on, only the tiles use the new part.
    this.#keptBytes = this.#wholeBytes;
  }
}

function bytesOf(copy: ByteBlock | null, offsets: Uint32Array, lengths: Uint32Array, number: number): Uint8Array {
  const offset = offsets[number] as number;
  return copy === null ? new Uint8Array() : copy.bytes.subarray(offset, offset + (lengths[number] as number));
}
