// Runs a codec in tests: it takes and returns pixels as bytes, and has an arena of its own.

import { Arena } from "../../src/codec/memory/arena.ts";
import { GrowingBlock } from "../../src/codec/memory/growing-block.ts";
import type { Decoded } from "../../src/codec/codec.ts";
import type { CodecName } from "../../src/codec/codecs.ts";
import { WASM } from "../../src/codec/bun/wasm.ts";
import { createCodec } from "../../src/codec/threads/load-codec.ts";
import type { Sampling, PixelFormat, Size } from "../../src/core/pixel-format.ts";

export interface ByteFrame extends Size {
  format: PixelFormat;
  sampling?: Sampling;
  bytes: Uint8Array;
}

export interface ByteCodec {
  encode(frame: ByteFrame, quality: number): Promise<Uint8Array<ArrayBuffer>>;
  /** `target` must have the size of the expected picture in bytes. */
  decode(jpeg: Uint8Array, target: Uint8Array): Promise<Decoded>;
}

export async function createByteCodec(name: CodecName): Promise<ByteCodec> {
  const arena = Arena.create();
  const codec = await createCodec(name, arena, WASM);
  const pixels = new GrowingBlock(arena);
  return {
    encode({ bytes, ...frame }, quality) {
      const address = pixels.reserve(bytes.length);
      arena.bytes(address, bytes.length).set(bytes);
      return codec.encode({ ...frame, address }, quality);
    },
    async decode(jpeg, target) {
      const address = pixels.reserve(target.length);
      const decoded = await codec.decode(jpeg, { address, bytes: target.length });
      target.set(arena.bytes(address, target.length));
      return decoded;
    },
  };
}
