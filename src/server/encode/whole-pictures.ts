// Whole pictures: encodes each frame as one JPEG in a codec thread, for codecs that make no tiles.

import type { JpegBlock } from "../../capture/jpeg-blocks.ts";
import type { JobResult } from "../../codec/threads/job.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { nowMicros } from "../../core/clock.ts";
import type { Sampling } from "../../core/pixel-format.ts";
import type { CapturedPixels } from "../picture.ts";
import type { PictureSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";

export interface WholePicturesOptions {
  pool: CodecPool;
  /** 1 to 100. */
  quality: number;
  sampling: Sampling;
  /** The source of memory for the JPEGs. */
  slots: { reserveJpeg(mostBytes: number): JpegBlock | null };
  figures: EncodeFigures;
  /** Receives the pictures. Their order may differ from the order of capture. */
  sink: PictureSink;
}

export class WholePictures {
  readonly #options: WholePicturesOptions;
  #inWork = 0;

  constructor(options: WholePicturesOptions) {
    this.#options = options;
  }

  /** Whether no frame is being encoded. */
  get idle(): boolean {
    return this.#inWork === 0;
  }

  /** Takes a frame and its slot. Returns false when no thread is idle. Then call it again when a thread is idle. */
  tryStart(pixels: CapturedPixels): boolean {
    const { pool, quality, sampling } = this.#options;
    const { slot, format, width, height } = pixels;
    const job = { kind: "encode", width, height, format, sampling, address: slot.address, quality } as const;
    if (!pool.tryRun(job, (result) => this.#finish(pixels, result))) return false;
    this.#inWork++;
    return true;
  }

  #finish(pixels: CapturedPixels, result: JobResult<"encode">): void {
    const { figures, slots, sink } = this.#options;
    this.#inWork--;
    pixels.slot.release();
    if (!result.ok) {
      figures.failed(result.message);
      return;
    }
    figures.succeeded(result.busyMicros);
    const { width, height, frameNumber, capturedAt } = pixels;
    const { jpeg } = result.value;
    const block = slots.reserveJpeg(jpeg.length);
    if (block === null) {
      figures.drops.add("encode");
      return;
    }
    block.bytes.set(jpeg);
    const jpegBytes = jpeg.length;
    const encodedAt = nowMicros();
    sink.publish({ width, height, frameNumber, capturedAt, encodedAt, block, jpegBytes, isPassedOn: false });
    block.release();
  }
}
