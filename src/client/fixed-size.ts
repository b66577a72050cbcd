// The raw frames of --output: all of one size, because raw pixels do not say their size.

import { SourceError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import type { FrameWriter } from "./present/presenter.ts";
import type { FrameOutput } from "./save/frame-output.ts";
import { drawScaled } from "./screens/draw-scaled.ts";
import { letterbox } from "./screens/letterbox.ts";
import type { RgbaPicture } from "./screens/overlay.ts";

/**
 * Writes shown pictures in one size. With `size` a picture of another size is scaled into that size, in its own proportions, with black
 * bars. Without it the first picture gives the size, and `write` rejects with SourceError when a picture has another one.
 */
export class FixedSizeWriter implements FrameWriter {
  readonly #output: Pick<FrameOutput, "write">;
  /** What the user has asked for; null = the size of the first picture, which is never scaled. */
  readonly #wanted: Size | null;
  #first: Size | null = null;
  /** Memory for a scaled picture, used again for each. */
  #scaled: RgbaPicture | null = null;

  constructor(output: Pick<FrameOutput, "write">, size: Size | null) {
    this.#output = output;
    this.#wanted = size;
  }

  async write(picture: RgbaPicture): Promise<void> {
    if (this.#wanted !== null) {
      await this.#output.write(isOf(this.#wanted, picture) ? picture.pixels : this.#scale(picture, this.#wanted));
      return;
    }
    const first = this.#first ?? { width: picture.width, height: picture.height };
    this.#first = first;
    if (!isOf(first, picture)) {
      const [now, before] = [picture, first].map(({ width, height }) => `${width}x${height}`);
      throw new SourceError(
        `the pictures are ${now} now, and the output began with ${before}: raw frames have one size; --size ${before} scales all to it`,
        { retry: false },
      );
    }
    await this.#output.write(picture.pixels);
  }

  /** The main thread scales: a server sends most sizes that are asked for as they are, and no thread takes uncompressed pictures. */
  #scale(picture: RgbaPicture, { width, height }: Size): Uint8Array {
    const scaled = this.#scaled ?? { width, height, pixels: new Uint8Array(width * height * 4) };
    this.#scaled = scaled;
    new Uint32Array(scaled.pixels.buffer).fill(OPAQUE_BLACK);
    drawScaled(picture, scaled, letterbox(picture, scaled));
    return scaled.pixels;
  }
}

/** Little-endian RGBA. */
const OPAQUE_BLACK = 0xff000000;

function isOf(size: Size, { width, height }: Size): boolean {
  return size.width === width && size.height === height;
}
