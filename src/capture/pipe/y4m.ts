// Reads YUV4MPEG2, which ffmpeg writes for 4:2:0. The stream contains size and rate, so no probe is needed.
//
// A stream is one text line `YUV4MPEG2 W768 H576 F10:1 … C420jpeg`, and then for each frame a line `FRAME…` and the planes
// (mjpegtools' manual page yuv4mpeg(5)). Only full-range 4:2:0 is supported, because ffmpeg is always told to write this format.

import { SourceError } from "../../core/errors.ts";
import { isUsableSize, type Size } from "../../core/pixel-format.ts";
import { RawFrames } from "./raw-frames.ts";
import type { FrameSink } from "../source.ts";

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 1024;

export interface Y4mHeader extends Size {
  framesPerSecond: number;
}

/**
 * Parses the header line of a stream. Throws SourceError when it is not a header line, or the stream is not 4:2:0 in full range.
 */
export function parseY4mHeader(line: string): Y4mHeader {
  const [magic, ...parameters] = line.split(" ");
  const value = (letter: string) => parameters.find((parameter) => parameter.startsWith(letter))?.slice(1);
  const width = Number(value("W"));
  const height = Number(value("H"));
  const [frames, seconds] = (value("F") ?? "0:1").split(":").map(Number);
  const isFullRange = value("C") === "420jpeg";
  if (magic !== "YUV4MPEG2" || !isUsableSize(width, height) || !isFullRange) {
    throw new SourceError(`ffmpeg did not write a YUV4MPEG2 stream: '${line.slice(0, 80)}'`, { retry: false });
  }
  return { width, height, framesPerSecond: frames && seconds ? frames / seconds : 0 };
}

/** Takes chunks of a YUV4MPEG2 stream and delivers its frames as `yuvj420p`. */
export class Y4mReader {
  readonly #sink: FrameSink;
  readonly #onRate: (framesPerSecond: number) => void;
  #line: number[] = [];
  #frames: RawFrames | null = null;
  #inFrame = false;
  readonly #keepsLast: boolean;

  /**
   * Before the first frame, the reader calls `onRate` with the nominal rate of the stream, or with 0 if the stream has none. With
   * `keepsLast`, `repeat` can deliver the last frame again.
   */
  constructor(
    sink: FrameSink,
    onRate: (framesPerSecond: number) => void,
    { keepsLast = false }: { keepsLast?: boolean } = {},
  ) {
    this.#sink = sink;
    this.#onRate = onRate;
    this.#keepsLast = keepsLast;
  }

  /** Takes a chunk. Throws SourceError when the stream is not YUV4MPEG2. */
  feed(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#inFrame && this.#frames !== null) {
        at += this.#frames.feed(chunk.subarray(at));
        this.#inFrame = this.#frames.pendingBytes > 0;
      } else {
        const byte = chunk[at++] as number;
        if (byte === NEWLINE) this.#takeLine();
        else if (this.#line.push(byte) > MAX_LINE_BYTES) this.#takeLine();
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

  #takeLine(): void {
    const line = String.fromCharCode(...this.#line);
    this.#line = [];
    if (this.#frames === null) {
      const { width, height, framesPerSecond } = parseY4mHeader(line);
      this.#onRate(framesPerSecond);
      this.#frames = new RawFrames("yuvj420p", { width, height }, this.#sink, { keepsLast: this.#keepsLast });
    } else if (line.startsWith("FRAME")) {
      this.#inFrame = true;
    } else {
      throw new SourceError(`ffmpeg wrote '${line.slice(0, 40)}' instead of FRAME into its YUV4MPEG2 stream`, {
        retry: "soon",
      });
    }
  }
}
