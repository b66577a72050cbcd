// Loads a codec by its name. Only codec threads import this file: it loads the kernels.

import type { Codec } from "./codec.ts";
import type { CodecName } from "./codecs.ts";
import { createJsquash } from "./jsquash.ts";
import type { Arena } from "./memory/arena.ts";
import { createSimd } from "./simd/simd.ts";

const LOADERS = { simd: createSimd, jsquash: createJsquash } satisfies Record<
  CodecName,
  (arena: Arena) => Promise<Codec>
>;

/** Loads the WebAssembly of a codec, which then works on that arena. Takes some tens of milliseconds. */
export function createCodec(name: CodecName, arena: Arena): Promise<Codec> {
  return LOADERS[name](arena);
}
