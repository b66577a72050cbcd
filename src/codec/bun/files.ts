// The list of files that codecs need at run time: WebAssembly modules and the worker.
//
// `bun build --compile --root src PROGRAM src/codec/bun/worker.ts` includes all of them in the program: the WebAssembly by these
// imports, and the worker as a second entry point.

/// <reference path="./wasm-files.d.ts" /> — a program that uses the library checks this file without our tsconfig.json
/// <reference path="./libjpeg-turbo.d.ts" />

import libjpegTurboDecoder from "@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm" with { type: "file" };
import mozjpegDecoder from "@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm" with { type: "file" };
import mozjpegEncoder from "@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm" with { type: "file" };
import decoderPlain from "../kernel/build/decoder.plain.wasm" with { type: "file" };
import decoderRelaxed from "../kernel/build/decoder.relaxed.wasm" with { type: "file" };
import encoderPlain from "../kernel/build/encoder.plain.wasm" with { type: "file" };
import encoderRelaxed from "../kernel/build/encoder.relaxed.wasm" with { type: "file" };
import type { WasmFile } from "../wasm/modules.ts";

/** The paths of the files by name. scripts/setup/kernels.ts builds the kernels. */
export const WASM_PATHS: Readonly<Record<WasmFile, string>> = {
  "decoder.plain": decoderPlain,
  "decoder.relaxed": decoderRelaxed,
  "encoder.plain": encoderPlain,
  "encoder.relaxed": encoderRelaxed,
  "mozjpeg-decoder": mozjpegDecoder,
  "mozjpeg-encoder": mozjpegEncoder,
};

/** The path of libjpeg-turbo's decoder. It is not in WASM_PATHS, because only codec/bun/rare-jpegs.ts loads it. */
export const LIBJPEG_TURBO_PATH = libjpegTurboDecoder;

/**
 * Whether this is a program that `bun build --compile` has made. In such a program all modules are one file at the root, and
 * entry points keep their paths below `--root`.
 */
const isCompiled = import.meta.url.startsWith("file:///$bunfs/");

export const WORKER_URL = new URL(isCompiled ? "./codec/bun/worker.ts" : "./worker.ts", import.meta.url);
