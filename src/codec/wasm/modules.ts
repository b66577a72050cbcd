// The WebAssembly files of the codecs, compiled once a thread. Where their bytes come from is up to the runtime.

import { type KernelName, type KernelVariant, supportedVariant } from "./variants.ts";

/** A kernel's build, or one half of MozJPEG. */
export type WasmFile = `${KernelName}.${KernelVariant}` | "mozjpeg-decoder" | "mozjpeg-encoder";

/** Reads a file's bytes: from disk (bun/wasm.ts), or by `fetch` in a page. Rejects with what to do about a file that is missing. */
export type ReadWasm = (file: WasmFile) => Promise<ArrayBuffer | Uint8Array<ArrayBuffer>>;

export class WasmModules {
  readonly #read: ReadWasm;
  readonly #compiled = new Map<WasmFile, Promise<WebAssembly.Module>>();

  constructor(read: ReadWasm) {
    this.#read = read;
  }

  /** Compiles a file. The same module is returned each time; after a failure the next call tries again. */
  compile(file: WasmFile): Promise<WebAssembly.Module> {
    let module = this.#compiled.get(file);
    if (module === undefined) {
      module = this.#read(file)
        .then((bytes) => WebAssembly.compile(bytes))
        .catch((error: unknown) => {
          this.#compiled.delete(file);
          throw error;
        });
      this.#compiled.set(file, module);
    }
    return module;
  }

  /** Compiles a kernel: without `variant`, the fastest build that this engine can run. Rejects where it has no SIMD. */
  async kernel(name: KernelName, variant = supportedVariant()): Promise<WebAssembly.Module> {
    if (variant === undefined) throw new Error("this engine has no WebAssembly SIMD: use the jsquash codec");
    return this.compile(`${name}.${variant}`);
  }
}
