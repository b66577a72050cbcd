// Reads a stream of PPM pictures, which ffmpeg writes for RGB. Each picture contains its size, so no probe is needed.
//
// A picture is `P6`, width, height and 255, each followed by a blank or a newline, and then the pixels (netpbm's manual page
// ppm(5)).

import { SourceError } from "../../core/errors.ts";
import { isUsableSize, type Size } from "../../core/pixel-format.ts";
import { RawFrames } from "./raw-frames.ts";
import type { FrameSink } from "../source.ts";

const MAX_HEADER_BYTES = 64;

/** Takes chunks of a stream of PPMs and delivers its frames as `rgb24`. */
export class PpmReader {
  readonly #sink: FrameSink;
  #header = "";
  #size: Size | null = null;
  #frames: RawFrames | null = null;
  #inFrame = false;
  readonly #keepsLast: boolean;

  /** With `keepsLast`, `repeat` can deliver the last frame again. */
  constructor(sink: FrameSink, { keepsLast = false }: { keepsLast?: boolean } = {}) {
    this.#sink = sink;
    this.#keepsLast = keepsLast;
  }

  /** Takes a chunk. Throws SourceError when the stream is not PPM with 255 as the largest value. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inFrame && this.#frames !== null) {
        at += this.#frames.feed(chunk.subarray(at));
        this.#inFrame = this.#frames.pendingBytes > 0;
      } else {
        this.#header += String.fromCharCode(chunk[at++] as number);
        this.#tryHeader();
      }
    }
  }

  /** Delivers the last frame again, with the current time as its capture time. Does nothing before the first frame. */
  repeat(): void {
    if (!this.#inFrame) this.#frames?.repeat();
  }

  /** Releases the slot of an unfinished frame. */
  abandon(): void {
    this.#frames?.abandon();
  }

  #tryHeader(): void {
    const header = /^P6\s(\d+)\s(\d+)\s255\s$/.exec(this.#header);
    if (header === null) {
      if (this.#header.length < MAX_HEADER_BYTES && "P6".startsWith(this.#header.slice(0, 2))) return;
      throw new SourceError(`ffmpeg did not write a PPM stream: '${this.#header.slice(0, 20)}'`, { retry: false });
    }
    const [width, height] = [Number(header[1]), Number(header[2])];
    if (!isUsableSize(width, height)) {
      throw new SourceError(`pictures of ${width}x${height} are too large to send`, { retry: false });
    }
    if (this.#size?.width !== width || this.#size.height !== height) {
      this.#size = { width, height };
      this.#frames = new RawFrames("rgb24", this.#size, this.#sink, { keepsLast: this.#keepsLast });
    }
    this.#header = "";
    this.#inFrame = true;
  }
}
