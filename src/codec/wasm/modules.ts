// Compiles the WebAssembly files of the codecs. The runtime provides their bytes.

import type { CodecName } from "../codecs.ts";
import { type KernelName, type KernelVariant, supportedVariant } from "./variants.ts";

/** The name of a WebAssembly file: a build of a kernel, or MozJPEG's encoder or decoder. */
export type WasmFile = `${KernelName}.${KernelVariant}` | "mozjpeg-decoder" | "mozjpeg-encoder";

/**
 * Reads a file's bytes, from disk (bun/wasm.ts) or by `fetch` in a web page. For a missing file it rejects with an error that
 * tells what to do.
 */
export type ReadWasm = (file: WasmFile) => Promise<ArrayBuffer | Uint8Array<ArrayBuffer>>;

/** Compiled files. They can be posted to other threads. */
export type CompiledFiles = Partial<Record<WasmFile, WebAssembly.Module>>;

export class WasmModules {
  readonly #read: ReadWasm;
  readonly #compiled = new Map<WasmFile, Promise<WebAssembly.Module>>();

  /** `compiled` are files that another thread has compiled. */
  constructor(read: ReadWasm, compiled: CompiledFiles = {}) {
    this.#read = read;
    for (const [file, module] of Object.entries(compiled))
      this.#compiled.set(file as WasmFile, Promise.resolve(module));
  }

  /** Compiles the files that a codec loads at its start. Threads with the same modules share their optimised machine code. */
  async compileFor(codec: CodecName): Promise<CompiledFiles> {
    const variant = supportedVariant();
    const kernels = variant === undefined ? [] : ([`encoder.${variant}`, `decoder.${variant}`] as const);
    const files = codec === "simd" ? kernels : (["mozjpeg-encoder", "mozjpeg-decoder"] as const);
    return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await this.compile(file)] as const)));
  }

  /** Compiles a file. Later calls return the same module. After a failure the next call tries again. */
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

  /**
   * Compiles a kernel. Without `variant` it uses the fastest build that this engine can run. Rejects if the engine has no SIMD.
   */
  async kernel(name: KernelName, variant = supportedVariant()): Promise<WebAssembly.Module> {
    if (variant === undefined)
      throw new Error("this JavaScript engine has no WebAssembly SIMD: choose another codec with --codec jsquash");
    return this.compile(`${name}.${variant}`);
  }
}
