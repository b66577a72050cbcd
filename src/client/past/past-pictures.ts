// The pictures of a clip in memory, which a viewer goes through one by one.

import type { Micros } from "../../core/clock.ts";

/** A picture of the past. */
export interface PastPicture {
  jpeg: Uint8Array<ArrayBuffer>;
  /** The time since which it was seen, in this machine's clock. A clip may end up to a second after its last picture. */
  capturedAt: Micros;
}

/** The most pictures, which is 30 s of a camera with 240 pictures a second. It bounds the memory for pictures of a few bytes. */
const MOST_PICTURES = 7_200;

export class PastPictures {
  readonly #mostBytes: number;
  readonly #pictures: { jpeg: Uint8Array<ArrayBuffer>; milliseconds: number }[] = [];
  #bytes = 0;
  #index = 0;

  /** Keeps at most `mostBytes` of pictures, and at most 7200 of them. It drops the oldest ones beyond that. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Adds the next picture, and goes to it. */
  add(milliseconds: number, jpeg: Uint8Array<ArrayBuffer>): void {
    this.#pictures.push({ jpeg, milliseconds });
    this.#bytes += jpeg.length;
    while ((this.#bytes > this.#mostBytes && this.#pictures.length > 1) || this.#pictures.length > MOST_PICTURES) {
      this.#bytes -= this.#pictures.shift()?.jpeg.length ?? 0;
    }
    this.#index = this.#pictures.length - 1;
  }

  /** Goes one picture back (−1) or forward (1). Returns false at the first and the last one. */
  step(by: -1 | 1): boolean {
    if (this.#pictures[this.#index + by] === undefined) return false;
    this.#index += by;
    return true;
  }

  /** Returns the picture, or null if there is none. `endedAt` is the time of the clip's end. */
  current(endedAt: Micros): PastPicture | null {
    const [picture, last] = [this.#pictures[this.#index], this.#pictures.at(-1)];
    if (picture === undefined || last === undefined) return null;
    return { jpeg: picture.jpeg, capturedAt: endedAt - 1000 * (last.milliseconds - picture.milliseconds) };
  }
}
