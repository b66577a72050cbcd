// The codec `jsquash`: MozJPEG in WebAssembly, from the package @jsquash/jpeg. Its files are small, it is slow, and it reads every JPEG.

import decodeJpeg, { init as initDecoder } from "@jsquash/jpeg/decode.js";
import encodeJpeg, { init as initEncoder } from "@jsquash/jpeg/encode.js";
import { CodecError, messageOf } from "../core/errors.ts";
import type { Arena } from "./memory/arena.ts";
import { frameBytes } from "../core/pixel-format.ts";
import type { Codec } from "./codec.ts";
import { toRgba } from "./rgba.ts";
import type { WasmModules } from "./wasm/modules.ts";

/** The package takes and returns the browser's ImageData, which Bun does not have. It uses only this much of it. */
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
  /** The package's declarations use this name, and Bun has no such type. */
  interface ImageData extends PlainImageData {}
}

/**
 * The fastest settings that work: baseline, and one trellis loop (with none, it divides by zero). `optimize_coding` stays on:
 * without it, MozJPEG's trellis quantisation breaks the entropy-coded data of some pictures (6 % of the test card's at
 * 320×240; djpeg says "bad Huffman code"), and it would save no time that we could measure.
 */
const FASTEST = { baseline: true, progressive: false, optimize_coding: true, trellis_loops: 1 } as const;

/** The package's settings for 4:4:4. By default it uses 4:2:0 below quality 80. */
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
        // A copy: the package takes no shared memory, and RGBA only.
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
        await initDecoder(decoder); // when libjpeg gives up on a picture, its memory leaks or is broken
        const reason = cause instanceof Error ? cause.message : "it is damaged";
        throw new CodecError(`MozJPEG could not decode ${jpeg.length} bytes: ${reason}`, { cause });
      });
      const { width, height, data } = picture;
      if (data.length !== target.bytes) {
        throw new CodecError(`the picture is ${width}x${height}, which is not the size its header was read as`);
      }
      arena.bytes(target.address, target.bytes).set(data); // a copy: the package allocates memory for every picture
      return { width, height, isDamaged: false }; // libjpeg only warns of damage, and the package hides its warnings
    },
  };
}

type PackageOptions = Partial<EmscriptenWasm.ModuleOpts> & Pick<EmscriptenWasm.Module, "print" | "printErr">;

/** Gives the package its compiled module. Otherwise it would fetch its .wasm files, which works in pages only. */
function packageOptions(module: WebAssembly.Module): PackageOptions {
  return {
    instantiateWasm(imports, onInstance) {
      const instance = new WebAssembly.Instance(module, imports);
      // The declared parameter is a module, but Emscripten's receiveInstance takes the instance.
      (onInstance as unknown as (instance: WebAssembly.Instance) => void)(instance);
      return instance.exports;
    },
    // libjpeg would write each warning about damaged data to standard error; the caller counts dropped frames instead.
    print: () => undefined,
    printErr: () => undefined,
  };
}
