// Wraps a source of JPEGs and scales its pictures. ffmpeg decodes and scales them, one at a time.

import { Newest } from "../../core/newest.ts";
import type { Log } from "../../core/log.ts";
import type { Sampling, Size } from "../../core/pixel-format.ts";
import { PICTURE_HEAD_BYTES } from "../../protocol/messages.ts";
import { JpegBlock } from "../jpeg-blocks.ts";
import type { Delivery, FrameSink, Source } from "../source.ts";
import { createFfmpegSource } from "./ffmpeg.ts";
import { jpegsInput } from "./ffmpeg-input.ts";

export interface ScaledJpegsOptions {
  /** The source of the JPEGs. If it also delivers pixels, they are passed on unchanged. */
  source: Source;
  size: Size;
  sampling: Sampling;
  log: Log;
}

/** Returns a source whose pictures are scaled to `size`. Throws MissingError when ffmpeg is not installed. */
export function scaleJpegs({ source, size, sampling, log }: ScaledJpegsOptions): Source {
  const scale = (body: ReadableStream<Uint8Array>) =>
    createFfmpegSource(jpegsInput({ name: source.name, body, size }), { sampling, log });
  scale(new ReadableStream()); // this call throws MissingError here and not at the first picture
  return {
    get name() {
      return source.name;
    },
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    async run(sink, signal) {
      const ending = new AbortController();
      const either = AbortSignal.any([signal, ending.signal]);
      const jpegs = new JpegQueue();
      let scaling: Promise<void> | null = null;
      const intake = new JpegIntake(sink, jpegs, () => {
        scaling ??= scale(jpegs.stream)
          .run(sink, either)
          .finally(() => ending.abort());
        scaling.catch(() => undefined); // it is awaited below
      });
      try {
        await source.run(intake, either);
      } finally {
        ending.abort();
        await scaling;
      }
    },
  };
}

/** Holds the newest JPEG until ffmpeg reads it. */
class JpegQueue {
  readonly #waiting = new Newest<Uint8Array>();
  #wake: () => void = () => undefined;
  readonly stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (;;) {
          const part = this.#waiting.take();
          if (part !== null) return controller.enqueue(part);
          await new Promise<void>((resolve) => {
            this.#wake = resolve;
          });
        }
      },
    },
    { highWaterMark: 0 },
  );

  /** Makes this JPEG the waiting one. Returns whether it replaces an older one. */
  offer(jpeg: Uint8Array): boolean {
    const head = `--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
    const isReplaced = this.#waiting.offer(Buffer.concat([Buffer.from(head), jpeg, Buffer.from("\r\n")])) !== null;
    this.#wake();
    return isReplaced;
  }
}

/** A sink that puts the source's JPEGs into the queue for ffmpeg, and passes everything else to `sink`. */
class JpegIntake implements FrameSink {
  readonly #sink: FrameSink;
  readonly #jpegs: JpegQueue;
  readonly #onJpeg: () => void;

  /** The object calls `onJpeg` for each JPEG, before it queues the JPEG. */
  constructor(sink: FrameSink, jpegs: JpegQueue, onJpeg: () => void) {
    this.#sink = sink;
    this.#jpegs = jpegs;
    this.#onJpeg = onJpeg;
  }

  /** Returns ordinary memory instead of shared memory, because no codec thread reads these pictures. */
  reserveJpeg(maxBytes: number): JpegBlock {
    return new JpegBlock(new Uint8Array(PICTURE_HEAD_BYTES + maxBytes), () => undefined);
  }

  jpeg(block: JpegBlock, jpegBytes: number): Delivery {
    this.#onJpeg();
    const isReplaced = this.#jpegs.offer(block.bytes.subarray(0, jpegBytes));
    block.release();
    if (isReplaced) this.#sink.lost();
    return isReplaced ? "replaced an older frame" : "taken";
  }

  reserve(...frame: Parameters<FrameSink["reserve"]>): ReturnType<FrameSink["reserve"]> {
    return this.#sink.reserve(...frame);
  }

  pixels(...frame: Parameters<FrameSink["pixels"]>): Delivery {
    return this.#sink.pixels(...frame);
  }

  lost(): void {
    this.#sink.lost();
  }

  trouble(text: string | null): void {
    this.#sink.trouble(text);
  }
}
