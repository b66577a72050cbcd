// JPEGs of rare kinds: arithmetic-coded, and of four components (CMYK, YCCK). A runtime may bring decoders for them.

import { CodecError } from "../core/errors.ts";
import type { Size } from "../core/pixel-format.ts";
import type { Codec } from "./codec.ts";
import { type FrameKind, isForEveryViewer, UnsupportedJpegError } from "./jpeg/frame-kind.ts";
import { readJpegHeader } from "./jpeg/header.ts";
import type { Arena } from "./memory/arena.ts";

/** Decodes a JPEG that is arithmetic-coded or has four components to RGBA. Rejects with CodecError. */
export type RareDecoder = (jpeg: Uint8Array, kind: FrameKind) => Promise<Size & { rgba: Uint8Array }>;

/** Returns the codec with a decoder of rare kinds; null where the runtime has none, as a page, to which servers send no such JPEGs. */
export function withRareKinds(codec: Codec, arena: Arena, rare: RareDecoder | null): Codec {
  return {
    ...codec,
    async decode(jpeg, target) {
      const kind = kindOf(jpeg);
      if (kind === null || isForEveryViewer(kind)) return codec.decode(jpeg, target);
      if (rare === null) throw new CodecError("arithmetic-coded JPEGs and CMYK are not decoded here");
      const { width, height, rgba } = await rare(jpeg, kind);
      if (rgba.length !== target.bytes) {
        throw new CodecError(`the picture is ${width}x${height}, which differs from the size in its header`);
      }
      arena.bytes(target.address, target.bytes).set(rgba); // a copy: these decoders have memory of their own
      return { width, height, isDamaged: false };
    },
  };
}

/** Null for a damaged header, which the codec may still read. Throws UnsupportedJpegError. */
function kindOf(jpeg: Uint8Array): FrameKind | null {
  try {
    return readJpegHeader(jpeg).kind;
  } catch (error) {
    if (error instanceof UnsupportedJpegError || !(error instanceof CodecError)) throw error;
    return null;
  }
}
