// The codec `simd`: our own fast baseline JPEG codec in WebAssembly SIMD. It works on the arena.

import { CodecError, messageOf } from "../../core/errors.ts";
import { planesOf } from "../../core/pixel-format.ts";
import type { Arena } from "../memory/arena.ts";
import { GrowingBlock } from "../memory/growing-block.ts";
import type { Codec, PixelFrame } from "../codec.ts";
import { type DecoderExports, instantiateDecoder, JpegPicture } from "./decoder.ts";
import { SimdEncoder } from "./encoder.ts";
import type { PreparedPicture } from "../tile-jobs.ts";
import { samplingOf } from "../jpeg/sampling.ts";
import { KernelError } from "./kernel-status.ts";
import { cutTiles, stitchTiles } from "../jpeg/stitch.ts";
import { createTileEncoder } from "./tile-encoder.ts";
import { STATUS_OUTPUT_FULL } from "../kernel/status.ts";
import type { WasmModules } from "../wasm/modules.ts";

/**
 * Pixels per byte of the first output memory. It is enough for pictures from cameras. If it is too small, the bound for any
 * picture is used.
 */
const PIXELS_PER_OUTPUT_BYTE = 2;
const MIN_OUTPUT_BYTES = 64 * 1024;

/**
 * Loads the kernels on the arena. Each thread has its own kernels on the same memory. The codec calls `loadOther` for the first
 * JPEG of a kind that the kernel does not support (progressive, CMYK, 12 bit …).
 */
export async function createSimd(arena: Arena, wasm: WasmModules, loadOther: () => Promise<Codec>): Promise<Codec> {
  const [encoderModule, decoderModule] = await Promise.all([wasm.kernel("encoder"), wasm.kernel("decoder")]);
  const encoder = new SimdEncoder(encoderModule, arena.memory);
  const scratch = arena.take(encoder.scratchBytes);
  const encode = createEncode(arena, encoder, scratch);
  const decode = createDecode(arena, instantiateDecoder(decoderModule, arena.memory), loadOther);
  return { encode, decode, tileEncoder: createTileEncoder(arena, encoder, scratch) };
}

function createEncode(arena: Arena, encoder: SimdEncoder, scratch: number): Codec["encode"] {
  const state = arena.take(encoder.stateBytes);
  const output = new GrowingBlock(arena);
  const lengths = new GrowingBlock(arena);
  let prepared: { key: string; picture: PreparedPicture } | null = null;

  return async (frame: PixelFrame, quality: number) => {
    const { width, height, format } = frame;
    const sampling = samplingOf(format, frame.sampling ?? "420");
    try {
      const key = `${width}x${height} ${format} ${sampling} q${quality}`;
      if (prepared?.key !== key)
        prepared = { key, picture: encoder.prepare(state, { width, height, format, sampling, quality }) };
      const { picture } = prepared;
      const { tileCount } = picture;
      const tileBytesAddress = lengths.reserve(4 * tileCount);
      const planes = planesOf(format, frame, frame.address);
      const encodeInto = (bytes: number) => {
        const target = { address: output.reserve(bytes), bytes: output.bytes, tileBytesAddress };
        return encoder.encodeTiles(picture, scratch, planes, 0, tileCount, target);
      };
      let total: number;
      try {
        total = encodeInto(Math.max(MIN_OUTPUT_BYTES, (width * height) / PIXELS_PER_OUTPUT_BYTE));
      } catch (error) {
        if (!(error instanceof KernelError) || error.status !== STATUS_OUTPUT_FULL) throw error;
        total = encodeInto(encoder.bytesBound(picture, tileCount));
      }
      const tileBytes = new Uint32Array(arena.memory.buffer, tileBytesAddress, tileCount);
      // The JPEG is copied, because sockets send it while the next picture is encoded here.
      return stitchTiles(picture.header, cutTiles(arena.bytes(output.address, total), tileBytes));
    } catch (cause) {
      if (!(cause instanceof KernelError)) throw cause;
      throw new CodecError(`cannot encode ${width}x${height} ${format}: ${messageOf(cause)}`, { cause });
    }
  };
}

/**
 * Returns the function that decodes with the kernel. It calls `loadOther` for the first JPEG of a kind that the kernel does not
 * support.
 */
export function createDecode(arena: Arena, kernel: DecoderExports, loadOther: () => Promise<Codec>): Codec["decode"] {
  const input = new GrowingBlock(arena);
  const picture = new JpegPicture(kernel, arena.memory, (bytes) => arena.take(bytes));
  let other: Promise<Codec> | null = null;

  return async (jpeg, target) => {
    const address = input.reserve(jpeg.length);
    arena.bytes(address, jpeg.length).set(jpeg); // the kernel can read only the arena
    try {
      const { width, height } = picture.readHeader(address, jpeg.length);
      if (width * height * 4 !== target.bytes) {
        throw new CodecError(`the decoded picture is ${width}x${height}, which differs from the size in its header`);
      }
      const { isTruncated } = picture.decode(address, jpeg.length, target.address, width * 4);
      return { width, height, isDamaged: isTruncated };
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      if (!error.isForAnotherCodec) throw new CodecError(error.message, { cause: error });
      other ??= loadOther();
      return (await other).decode(jpeg, target);
    }
  };
}
