// The codec `jsquash`: MozJPEG in WebAssembly, from the package @jsquash/jpeg. It is slow, but makes smaller pictures and decodes
// more kinds of JPEG than the codec `simd`.

import decodeJpeg, { init as initDecoder } from "@jsquash/jpeg/decode.js";
import encodeJpeg, { init as initEncoder } from "@jsquash/jpeg/encode.js";
import { CodecError, messageOf } from "../core/errors.ts";
import type { Arena } from "./memory/arena.ts";
import { frameBytes } from "../core/pixel-format.ts";
import type { Codec } from "./codec.ts";
import { toRgba } from "./rgba.ts";
import type { WasmModules } from "./wasm/modules.ts";

/** The part of the browser's ImageData that the package uses. Bun does not have ImageData. */
class PlainImageData {
  readonly data: Uint8ClampedArray;
  readonly width: number;
  readonly height: number;
  readonly colorSpace = "srgb";
  constructor(data: Uint8ClampedArray, width: number, height: number) {
    this.data = data;
    this.width = width;
    this.height = height;
  }
}

declare global {
  /** The type declarations of the package use this name, but Bun does not declare it. */
  interface ImageData extends PlainImageData {}
}

/**
 * The fastest settings that work: baseline, and one trellis loop (with 0 loops MozJPEG divides by zero). `optimize_coding` stays
 * on. Without it, MozJPEG's trellis quantisation makes invalid entropy-coded data for some pictures (6 % of the test card's
 * pictures at 320×240, for which djpeg reports "bad Huffman code"), and the time saved was too small to measure.
 */
const FASTEST = { baseline: true, progressive: false, optimize_coding: true, trellis_loops: 1 } as const;

/** The package's settings for 4:4:4. Its default is 4:2:0 below quality 80. */
const FULL_COLOUR = { auto_subsample: false, chroma_subsample: 1 } as const;

export async function createJsquash(arena: Arena, wasm: WasmModules): Promise<Codec> {
  if (!("ImageData" in globalThis)) Object.assign(globalThis, { ImageData: PlainImageData });
  const decoder = packageOptions(await wasm.compile("mozjpeg-decoder"));
  const encoder = packageOptions(await wasm.compile("mozjpeg-encoder"));
  await Promise.all([initDecoder(decoder), initEncoder(encoder)]);
  return {
    tileEncoder: null,
    async encode(frame, quality) {
      try {
        // The pixels are copied, because the package accepts only RGBA in unshared memory.
        const bytes = arena.bytes(frame.address, frameBytes(frame.format, frame.width, frame.height));
        const rgba = toRgba(frame, bytes);
        const image = new PlainImageData(rgba, frame.width, frame.height);
        const sampling = frame.sampling === "444" ? FULL_COLOUR : {};
        return new Uint8Array(await encodeJpeg(image, { ...FASTEST, ...sampling, quality }));
      } catch (cause) {
        throw new CodecError(`MozJPEG could not encode ${frame.width}x${frame.height}: ${messageOf(cause)}`, { cause });
      }
    },

    async decode(jpeg, target) {
      const picture = await decodeJpeg(jpeg as unknown as ArrayBuffer).catch(async (cause: unknown) => {
        // A failure of libjpeg may leak or corrupt its memory, so the next picture gets a new instance.
        await initDecoder(decoder);
        const reason = cause instanceof Error ? cause.message : "it is damaged";
        throw new CodecError(`MozJPEG could not decode ${jpeg.length} bytes: ${reason}`, { cause });
      });
      const { width, height, data } = picture;
      if (data.length !== target.bytes) {
        throw new CodecError(`the decoded picture is ${width}x${height}, which differs from the size in its header`);
      }
      // The pixels are copied, because the package allocates new memory for each picture.
      arena.bytes(target.address, target.bytes).set(data);
      // This frees the memory at once. The garbage collector would free it only after about ten large pictures.
      (data.buffer as ArrayBuffer).transfer(0);
      // Damage cannot be detected here, because libjpeg only warns of it, and the package hides the warnings.
      return { width, height, isDamaged: false };
    },
  };
}

type PackageOptions = Partial<EmscriptenWasm.ModuleOpts> & Pick<EmscriptenWasm.Module, "print" | "printErr">;

/** Gives the package its compiled module. Otherwise it would fetch its .wasm files, which works only in browsers. */
function packageOptions(module: WebAssembly.Module): PackageOptions {
  return {
    instantiateWasm(imports, onInstance) {
      const instance = new WebAssembly.Instance(module, imports);
      // By its type the parameter is a module, but Emscripten's receiveInstance takes an instance.
      (onInstance as unknown as (instance: WebAssembly.Instance) => void)(instance);
      return instance.exports;
    },
    // libjpeg would write warnings about damaged data to standard error. They are not needed, because the caller counts dropped
    // frames.
    print: () => undefined,
    printErr: () => undefined,
  };
}
