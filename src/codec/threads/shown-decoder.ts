// Decodes JPEGs that must not be shown as they are stored: it turns, scales or stretches the decoded pixels.

import { CodecError } from "../../core/errors.ts";
import { frameBytes } from "../../core/pixel-format.ts";
import type { Codec, Decoded, PixelTarget } from "../codec.ts";
import { readJpegSize } from "../jpeg/header.ts";
import { isAsStored, type Presentation, shownSize } from "../jpeg/presentation.ts";
import { writeShown } from "../jpeg/shown-pixels.ts";
import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";

export class ShownDecoder {
  readonly #arena: Arena;
  /** The memory for the pixels as they are stored in the JPEG. */
  readonly #stored: GrowingBlock;

  constructor(arena: Arena) {
    this.#arena = arena;
    this.#stored = new GrowingBlock(arena);
  }

  /**
   * Decodes a JPEG into the target. Rejects with CodecError like the codec, and also if the target does not have the size of the
   * shown picture.
   */
  async decode(codec: Codec, jpeg: Uint8Array, presentation: Presentation, target: PixelTarget): Promise<Decoded> {
    if (isAsStored(presentation)) return codec.decode(jpeg, target);
    const stored = readJpegSize(jpeg);
    const { width, height } = shownSize(stored, presentation);
    if (frameBytes("rgba", width, height) !== target.bytes) {
      throw new CodecError(
        `the picture is ${width}x${height} after its rotation and scaling, and memory for another size was reserved`,
      );
    }
    const bytes = frameBytes("rgba", stored.width, stored.height);
    const address = this.#stored.reserve(bytes);
    const { isDamaged } = await codec.decode(jpeg, { address, bytes });
    const { buffer } = this.#arena.memory;
    const pixels = new Int32Array(buffer, address, bytes / 4);
    writeShown(pixels, stored, presentation, new Int32Array(buffer, target.address, target.bytes / 4));
    return { width, height, isDamaged };
  }
}
