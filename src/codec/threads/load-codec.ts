// Loads a codec by its name. Only codec threads import this file: it loads the kernels.

import type { Codec } from "../codec.ts";
import type { CodecName } from "../codecs.ts";
import { createJsquash } from "../jsquash.ts";
import type { Arena } from "../memory/arena.ts";
import { createSimd } from "../simd/simd.ts";
import type { WasmModules } from "../wasm/modules.ts";

const LOADERS = {
  // MozJPEG reads the kinds of JPEG that our kernel does not.
  simd: (arena, wasm) => createSimd(arena, wasm, () => createJsquash(arena, wasm)),
  jsquash: createJsquash,
} satisfies Record<CodecName, (arena: Arena, wasm: WasmModules) => Promise<Codec>>;

/** Loads the WebAssembly of a codec, which then works on that arena. Takes some tens of milliseconds. */
export function createCodec(name: CodecName, arena: Arena, wasm: WasmModules): Promise<Codec> {
  return LOADERS[name](arena, wasm);
}
