// Writes the raw frames of --output. Raw pixels do not contain their size, so each change of the size is reported in the log.

import { SourceError } from "../core/errors.ts";
import type { Log } from "../core/log.ts";
import { isSameSize, type Size } from "../core/pixel-format.ts";
import type { FrameWriter } from "./present/presenter.ts";
import type { FrameOutput } from "./save/frame-output.ts";
import { drawFitted } from "./screens/draw-scaled.ts";
import type { RgbaPicture } from "./screens/overlay.ts";

/** The server rounds up when it halves an odd size, so its pictures may be larger than the wanted size by this. */
const ROUNDING_PIXELS = 1;

/**
 * Writes shown pictures as raw frames. With a wanted size, all frames have that size: other pictures are scaled to fit, with
 * black bars. Without one, frames have the size of the pictures.
 */
export class RawFrameWriter implements FrameWriter {
  readonly #output: Pick<FrameOutput, "write">;
  readonly #log: Log;
  /** The size of all frames. Null means the size of the pictures. */
  #wanted: Size | null;
  /** The size of the last frame, or null before the first frame. */
  #size: Size | null = null;
  /** Whether no frame was written since the server was connected. */
  #isNewConnection = true;
  /** The memory for a scaled picture, which is reused. */
  #scaled: RgbaPicture | null = null;

  constructor(output: Pick<FrameOutput, "write">, wanted: Size | null, log: Log) {
    this.#output = output;
    this.#wanted = wanted;
    this.#log = log;
  }

  /** The owner calls this after each connection, because another server may send pictures of another size. */
  connected(): void {
    this.#isNewConnection = true;
  }

  /** Writes a picture. Rejects with SourceError when a server is back with another picture size and no size is wanted. */
  async write(picture: RgbaPicture): Promise<void> {
    const isFirst = this.#size === null;
    if (isFirst && this.#wanted !== null) {
      const size = roundedUp(this.#wanted, picture);
      if (!isSameSize(this.#wanted, size)) this.#log.info(`the frames of the output are ${size.width}x${size.height}`);
      this.#wanted = size;
    }
    const { width, height } = this.#wanted ?? picture;
    const before = this.#size;
    if (before !== null && !isSameSize(before, { width, height })) this.#changeSize(before, picture);
    this.#size = { width, height };
    this.#isNewConnection = false;
    await this.#output.write(isSameSize(picture, this.#size) ? picture.pixels : this.#scale(picture, this.#size));
  }

  #changeSize(before: Size, now: Size): void {
    const [old, fresh] = [before, now].map(({ width, height }) => `${width}x${height}`);
    const advice = `--size ${old} scales all frames to one size`;
    if (this.#isNewConnection) {
      const text = `the server is back with pictures of ${fresh}, but the output has frames of ${old}: ${advice}`;
      throw new SourceError(text, { retry: false });
    }
    this.#log.warning(`the frames of the output are ${fresh} from now on, after ${old}: ${advice}`);
  }

  /**
   * Scales a picture. This is done on the main thread, because it is rarely needed: the server sends most wanted sizes itself.
   */
  #scale(picture: RgbaPicture, size: Size): Uint8Array {
    this.#scaled = drawFitted(picture, size, this.#scaled);
    return this.#scaled.pixels;
  }
}

/**
 * Returns the size of the picture if it differs from the wanted size only because the server has rounded up, or else the wanted
 * size. Such a picture is not scaled, because that would only blur it.
 */
export function roundedUp(wanted: Size, { width, height }: Size): Size {
  const isRounded = (side: number, asked: number) => side >= asked && side - asked <= ROUNDING_PIXELS;
  return isRounded(width, wanted.width) && isRounded(height, wanted.height) ? { width, height } : wanted;
}
