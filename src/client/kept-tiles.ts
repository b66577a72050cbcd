// The newest compressed bytes of every tile of a picture, for snapshots: where they lie in the copies of the parts they came in.

import { stitchTiles } from "../codec/stitch.ts";
import type { PartBytes, TakenTiles } from "./tile-frame.ts";

/** A part is kept whole while any tile of it is the newest; beyond so many times the picture's bytes, tiles are put together. */
const MOST_KEPT = 4;
const ALWAYS_KEPT_BYTES = 256 * 1024;

export class KeptTiles {
  readonly #header: Uint8Array;
  readonly #parts: (PartBytes | null)[];
  readonly #offsets: Uint32Array;
  readonly #lengths: Uint32Array;
  #keptBytes = 0;
  #wholeBytes = 0;

  /** `header`: SOI to SOS. */
  constructor(header: Uint8Array, tileCount: number) {
    this.#header = header;
    this.#parts = new Array<PartBytes | null>(tileCount).fill(null);
    this.#offsets = new Uint32Array(tileCount);
    this.#lengths = new Uint32Array(tileCount);
  }

  /** These are the newest from now on; the parts' copies may be made later. */
  add({ numbers, parts, offsets, lengths }: TakenTiles): void {
    if (this.#keptBytes > MOST_KEPT * this.#wholeBytes + ALWAYS_KEPT_BYTES) this.#putTogether();
    for (let index = 0; index < numbers.length; index++) {
      const number = numbers[index] as number;
      const part = parts[index] as PartBytes;
      const length = lengths[index] as number;
      const older = this.#parts[number] as PartBytes | null;
      if (part.kept++ === 0) this.#keptBytes += part.bytes;
      if (older !== null && --older.kept === 0) this.#keptBytes -= older.bytes;
      this.#wholeBytes += length - (this.#lengths[number] as number);
      this.#parts[number] = part;
      this.#offsets[number] = offsets[index] as number;
      this.#lengths[number] = length;
    }
  }

  /** Makes the JPEG of the tiles as they are now, later: what comes in between does not change it. */
  snapshot(): () => Uint8Array {
    const header = this.#header;
    const parts = this.#parts.slice();
    const offsets = this.#offsets.slice();
    const lengths = this.#lengths.slice();
    return () =>
      stitchTiles(
        header,
        parts.map((part, number) => bytesOf(part, offsets, lengths, number)),
      );
  }

  /** Copies all tiles into one piece, so that the parts they came in can go. */
  #putTogether(): void {
    const copy = new Uint8Array(this.#wholeBytes);
    const all: PartBytes = { area: { address: 0, bytes: 0 }, bytes: copy.length, users: 0, copy, kept: 0 };
    let at = 0;
    for (const [number, part] of this.#parts.entries()) {
      if (part === null) continue;
      const bytes = bytesOf(part, this.#offsets, this.#lengths, number);
      copy.set(bytes, at);
      part.kept--;
      all.kept++;
      this.#parts[number] = all;
      this.#offsets[number] = at;
      at += bytes.length;
    }
    this.#keptBytes = copy.length;
  }
}

function bytesOf(part: PartBytes | null, offsets: Uint32Array, lengths: Uint32Array, number: number): Uint8Array {
  const offset = offsets[number] as number;
  return part === null ? new Uint8Array() : part.copy.subarray(offset, offset + (lengths[number] as number));
}
