// Loads a codec by its name. Only codec threads import this file, because it loads the kernels.

import type { Codec } from "../codec.ts";
import type { CodecName } from "../codecs.ts";
import type { Arena } from "../memory/arena.ts";
import { type RareDecoder, withRareKinds } from "../rare-kinds.ts";
import { createSimd } from "../simd/simd.ts";
import type { WasmModules } from "../wasm/modules.ts";

/** Loads the WebAssembly of a codec on an arena. It takes some tens of milliseconds. */
export function createCodec(
  name: CodecName,
  arena: Arena,
  wasm: WasmModules,
  rare: RareDecoder | null = null,
): Promise<Codec> {
  const loadJsquash = async () => {
    const { createJsquash } = await import("../jsquash.ts"); // few threads need its code
    return withRareKinds(await createJsquash(arena, wasm), arena, rare);
  };
  // MozJPEG and the decoders of rare kinds decode the JPEGs that our kernel does not support.
  const loaders = { simd: () => createSimd(arena, wasm, loadJsquash), jsquash: loadJsquash };
  return loaders[name]();
}
