// Rare kinds of JPEG: arithmetic-coded ones, and those with four components (CMYK, YCCK). A runtime (for example Bun) may provide
// a decoder for them.

import { CodecError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import type { Codec } from "./codec.ts";
import { type FrameKind, isForEveryViewer, UnsupportedJpegError } from "./jpeg/frame-kind.ts";
import { readJpegHeader } from "./jpeg/header.ts";
import type { Arena } from "./memory/arena.ts";

/**
 * Decodes a JPEG that is arithmetic-coded or has four components to RGBA. `isDamaged` is true if only a part of the picture was
 * decoded. Rejects with CodecError.
 */
export type RareDecoder = (
  jpeg: Uint8Array,
  kind: FrameKind,
) => Promise<Size & { rgba: Uint8Array; isDamaged: boolean }>;

/**
 * Adds a decoder for rare kinds to a codec. `rare` is null if the runtime has none. A web page has none, because servers send it
 * no such JPEGs.
 */
export function withRareKinds(codec: Codec, arena: Arena, rare: RareDecoder | null): Codec {
  return {
    ...codec,
    async decode(jpeg, target) {
      const kind = kindOf(jpeg);
      if (kind === null || isForEveryViewer(kind)) return codec.decode(jpeg, target);
      if (rare === null) throw new CodecError("arithmetic-coded JPEGs and CMYK cannot be decoded here");
      const { width, height, rgba, isDamaged } = await rare(jpeg, kind);
      if (rgba.length !== target.bytes) {
        throw new CodecError(`the picture is ${width}x${height}, which differs from the size in its header`);
      }
      arena.bytes(target.address, target.bytes).set(rgba); // the pixels are copied, because these decoders have their own memory
      return { width, height, isDamaged };
    },
  };
}

/**
 * Returns the kind of a JPEG, or null if its header is damaged. The codec may still be able to read that JPEG. Throws
 * UnsupportedJpegError.
 */
function kindOf(jpeg: Uint8Array): FrameKind | null {
  try {
    return readJpegHeader(jpeg).kind;
  } catch (error) {
    if (error instanceof UnsupportedJpegError || !(error instanceof CodecError)) throw error;
    return null;
  }
}
