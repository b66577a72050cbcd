// The contestants of `bench codec`: the kernel in both builds, from RGBA and from planar YUV, @jsquash/jpeg, and native libjpeg-turbo.

import { Arena } from "../src/codec/memory/arena.ts";
import { createJsquash } from "../src/codec/jsquash.ts";
import { instantiateDecoder, JpegPicture } from "../src/codec/simd/decoder.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import type { KernelVariant } from "../src/codec/wasm/variants.ts";
import { cutTiles, stitchTiles } from "../src/codec/jpeg/stitch.ts";
import { planesOf, type PixelFormat, type Size } from "../src/core/pixel-format.ts";
import { loadNativeTurbojpeg } from "./native-turbojpeg.ts";

export const NATIVE = "libjpeg-turbo (native)";

export interface Contestant {
  name: string;
  /** This contestant takes tens of milliseconds a picture, so it is measured less often. */
  isSlow: boolean;
  encodesOnly: boolean;
  /** Encodes the frame with this number. */
  encode(frame: number): Promise<unknown> | undefined;
  /** Decodes the JPEG of this frame, which is the same for all contestants. With `box`, chroma is repeated instead of interpolated. */
  decode(frame: number, box: boolean): Promise<unknown> | undefined;
  bytesPerFrame(): number;
}

type Frames = Record<"rgba" | "yuvj420p", readonly Uint8Array[]>;

/** All contestants decode the JPEGs of the native encoder, or those of the kernel if libjpeg-turbo is not installed. */
export async function createContestants(size: Size, quality: number, frames: Frames): Promise<Contestant[]> {
  const { width, height } = size;
  const native = loadNativeTurbojpeg();
  const jpegs = native
    ? frames.rgba.map((rgba) => native.encode(rgba, width, height, quality).slice())
    : await encodeAll(size, quality, frames.rgba);
  const contestants = [
    await kernelContestant("simd (relaxed)", "relaxed", "rgba", size, quality, frames.rgba, jpegs),
    await kernelContestant("simd (plain)", "plain", "rgba", size, quality, frames.rgba, jpegs),
    await kernelContestant("simd, I420 in", "relaxed", "yuvj420p", size, quality, frames.yuvj420p, null),
    await jsquashContestant(size, quality, frames.rgba, jpegs),
  ];
  if (native === null) return contestants;
  const target = new Uint8Array(width * height * 4);
  let bytes = 0;
  return [
    {
      name: NATIVE,
      isSlow: false,
      encodesOnly: false,
      encode(frame) {
        bytes = native.encode(frames.rgba[frame] as Uint8Array, width, height, quality).length;
        return undefined;
      },
      decode(frame, box) {
        native.decode(jpegs[frame] as Uint8Array, target, width, height, box);
        return undefined;
      },
      bytesPerFrame: () => bytes,
    },
    ...contestants,
  ];
}

/** Uses the kernels as the codec `simd` does, but synchronously and in this thread. The time includes joining the tiles. */
async function kernelContestant(
  name: string,
  variant: KernelVariant,
  format: PixelFormat,
  { width, height }: Size,
  quality: number,
  frames: readonly Uint8Array[],
  jpegs: readonly Uint8Array[] | null,
): Promise<Contestant> {
  const arena = Arena.create();
  const place = (bytes: Uint8Array) => {
    const address = arena.take(bytes.length);
    arena.bytes(address, bytes.length).set(bytes);
    return { address, length: bytes.length };
  };
  const encoder = new SimdEncoder(await WASM.kernel("encoder", variant), arena.memory);
  const layout = { width: width, height: height, format: format } as const;
  const picture = encoder.prepare(arena.take(encoder.stateBytes), { ...layout, quality });
  const scratch = arena.take(encoder.scratchBytes);
  const outputBytes = width * height;
  const tileBytesAddress = arena.take(4 * picture.tileCount);
  const output = { address: arena.take(outputBytes), bytes: outputBytes, tileBytesAddress };
  const planes = frames.map((frame) => planesOf(layout.format, layout, place(frame).address));
  const decoder = instantiateDecoder(await WASM.kernel("decoder", variant), arena.memory);
  const decoded = new JpegPicture(decoder, arena.memory, (bytes) => arena.take(bytes));
  const inputs = jpegs?.map(place) ?? [];
  const target = arena.take(width * height * 4);
  let bytes = 0;
  return {
    name,
    isSlow: false,
    encodesOnly: jpegs === null,
    encode(frame) {
      const total = encoder.encodeTiles(picture, scratch, planes[frame] ?? [], 0, picture.tileCount, output);
      const lengths = new Uint32Array(arena.memory.buffer, tileBytesAddress, picture.tileCount);
      bytes = stitchTiles(picture.header, cutTiles(arena.bytes(output.address, total), lengths)).length;
      return undefined;
    },
    decode(frame, box) {
      const input = inputs[frame];
      if (input) decoded.decode(input.address, input.length, target, width * 4, { box });
      return undefined;
    },
    bytesPerFrame: () => bytes,
  };
}

async function jsquashContestant(
  { width, height }: Size,
  quality: number,
  frames: readonly Uint8Array[],
  jpegs: readonly Uint8Array[],
): Promise<Contestant> {
  const arena = Arena.create();
  const codec = await createJsquash(arena, WASM);
  const bytes = width * height * 4;
  const addresses = frames.map((frame) => {
    const address = arena.take(bytes);
    arena.bytes(address, bytes).set(frame);
    return address;
  });
  const target = { address: arena.take(bytes), bytes };
  let encodedBytes = 0;
  return {
    name: "jsquash",
    isSlow: true,
    encodesOnly: false,
    async encode(frame) {
      const address = addresses[frame] as number;
      encodedBytes = (await codec.encode({ format: "rgba", width, height, address }, quality)).length;
    },
    decode: (frame) => codec.decode(jpegs[frame] as Uint8Array, target),
    bytesPerFrame: () => encodedBytes,
  };
}

async function encodeAll(
  { width, height }: Size,
  quality: number,
  frames: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const arena = Arena.create();
  const codec = await createJsquash(arena, WASM);
  const address = arena.take(width * height * 4);
  const jpegs: Uint8Array[] = [];
  for (const frame of frames) {
    arena.bytes(address, frame.length).set(frame);
    jpegs.push(await codec.encode({ format: "rgba", width, height, address }, quality));
  }
  return jpegs;
}
