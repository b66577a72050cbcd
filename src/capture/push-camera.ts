// A camera whose frames come from the calling program, which pushes them.

import { type Micros, nowMicros } from "../core/clock.ts";
import { UsageError } from "../core/errors.ts";
import {
  frameBytes,
  isPixelFormat,
  isUsableSize,
  MAX_SIDE_PIXELS,
  PIXEL_FORMATS,
  type PixelFormat,
  type Size,
} from "../core/pixel-format.ts";
import { onAbort } from "../core/on-abort.ts";
import type { Delivery, FrameSink, Source } from "./source.ts";

/**
 * The result of pushing a frame. "taken" means that the frame was accepted. A newer frame may still replace it before it is
 * encoded. The push of that newer frame then returns "replaced an older frame".
 */
export type PushResult =
  Delivery | "dropped: no server runs this camera" | "dropped: the encoders are busy" | "dropped: memory has run out";

export interface PushCameraOptions {
  /** The name in messages. Viewers select the camera by this name, unless the server sets another one. Default: `camera`. */
  name?: string;
  /** The nominal rate, which is sent to viewers. 0 means unknown. Default: 0. */
  framesPerSecond?: number;
}

/** Describes a pushed frame. */
export interface PushedFrame extends Size {
  /** The format of the pixels, which have no padding between lines. Default: `rgba`. */
  format?: PixelFormat;
  /** The capture time of the frame in microseconds since the Unix epoch. Default: now. */
  capturedAt?: Micros;
}

/**
 * Makes a camera for `serve({ cameras: [{ source: camera }] })`. Frames may be pushed at any time. Before the server runs and
 * after it has ended, they are dropped.
 *
 * @example
 * const camera = createCamera({ name: "lab", framesPerSecond: 30 });
 * await using server = await serve({ cameras: [{ source: camera }], port: 0 });
 * const pixels = new Uint8Array(320 * 240 * 4).fill(128);
 * console.log(camera.push(pixels, { width: 320, height: 240 })); // "dropped: there are no viewers"
 */
export function createCamera(options: PushCameraOptions = {}): PushCamera {
  return new PushCamera(options);
}

/** A camera made by `createCamera`. */
export class PushCamera implements Source {
  readonly name: string;
  readonly framesPerSecond: number;
  /** The sink for frames, or null while no server uses this camera. */
  #sink: FrameSink | null = null;
  readonly #ended = Promise.withResolvers<void>();

  constructor({ name = "camera", framesPerSecond = 0 }: PushCameraOptions) {
    this.name = name;
    this.framesPerSecond = framesPerSecond;
  }

  /**
   * Delivers one frame. The pixels are copied, so the caller may change them after the call. The method returns the result
   * immediately, and no frame is queued. Throws UsageError when the number of bytes does not match the size and the format.
   */
  push(pixels: Uint8Array | Uint8ClampedArray, frame: PushedFrame): PushResult {
    const { width, height, format = "rgba", capturedAt = nowMicros() } = frame;
    if (!isPixelFormat(format))
      throw new UsageError(`format must be one of ${PIXEL_FORMATS.join(", ")}, not ${format}`);
    if (!(Number.isInteger(width) && Number.isInteger(height) && isUsableSize(width, height))) {
      throw new UsageError(`width and height must be whole numbers from 1 to ${MAX_SIDE_PIXELS}`);
    }
    const bytes = frameBytes(format, width, height);
    if (pixels.length !== bytes) {
      throw new UsageError(`a ${format} frame of ${width}x${height} has ${bytes} bytes, not ${pixels.length}`);
    }
    checkTime(capturedAt);
    const sink = this.#sink;
    if (sink === null) return "dropped: no server runs this camera";
    const slot = sink.reserve(format, { width, height });
    if (slot === null) {
      sink.lost();
      return "dropped: the encoders are busy";
    }
    slot.bytes.set(pixels); // codec threads can read only shared memory
    return sink.pixels(slot, format, { width, height }, capturedAt);
  }

  /**
   * Delivers a frame that is a complete baseline JPEG. It is sent unchanged to viewers that can take it. The bytes are copied.
   * The result is the same as for `push`. A damaged JPEG is dropped.
   */
  pushJpeg(jpeg: Uint8Array, { capturedAt = nowMicros() }: { capturedAt?: Micros } = {}): PushResult {
    checkTime(capturedAt);
    const sink = this.#sink;
    if (sink === null) return "dropped: no server runs this camera";
    const block = sink.reserveJpeg(jpeg.length);
    if (block === null) {
      sink.lost();
      return "dropped: memory has run out";
    }
    block.bytes.set(jpeg); // the block also has space for the head of the message, so that no further copy is needed
    return sink.jpeg(block, jpeg.length, capturedAt);
  }

  /** Ends the camera. Viewers are told that it has ended, and a server without other cameras ends. */
  end(): void {
    this.#ended.resolve();
  }

  /** Runs the camera for a server. Throws UsageError while another server uses it. */
  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (this.#sink !== null) throw new UsageError(`the camera '${this.name}' is in use by another server`);
    this.#sink = sink;
    const { promise: aborted, resolve: abort } = Promise.withResolvers<void>();
    using _ = onAbort(signal, abort);
    try {
      await Promise.race([this.#ended.promise, aborted]);
    } finally {
      this.#sink = null;
    }
  }
}

function checkTime(capturedAt: Micros): void {
  if (!(Number.isSafeInteger(capturedAt) && capturedAt >= 0)) {
    throw new UsageError(`capturedAt must be whole microseconds since the Unix epoch, not ${capturedAt}`);
  }
}
