// The kernels' WebAssembly modules: which build this engine can run, compiling it once, putting it on a shared memory.

import { readFile } from "node:fs/promises";

/** Builds of a kernel: relaxed SIMD is faster, plain SIMD runs wherever WebAssembly has vectors. */
export type KernelVariant = "relaxed" | "plain";
/** "encoder-stages" is for benches: the encoder and, besides, its stages one by one. */
export type KernelName = "decoder" | "encoder" | "encoder-stages";

/** A module with one function of no arguments, v128 result and the given instructions. */
function moduleOf(...instructions: number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...instructions, 0x0b];
  return new Uint8Array([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...[1, 5, 1, 0x60, 0, 1, 0x7b],
    ...[3, 2, 1, 0],
    ...[10, body.length + 2, 1, body.length, ...body],
  ]);
}

// i32.const 0, i8x16.splat (0xfd 0x0f); i8x16.relaxed_swizzle is 0xfd 0x100.
const zeroVector = [0x41, 0, 0xfd, 0x0f];
const plainProbe = moduleOf(...zeroVector);
const relaxedProbe = moduleOf(...zeroVector, ...zeroVector, 0xfd, 0x80, 0x02);

/** The fastest build that this engine can run, or undefined where it has no SIMD at all. */
export function supportedVariant(): KernelVariant | undefined {
  if (WebAssembly.validate(relaxedProbe)) return "relaxed";
  return WebAssembly.validate(plainProbe) ? "plain" : undefined;
}

const compiled = new Map<string, Promise<WebAssembly.Module>>();

/**
 * Compiles a kernel, once a process. The module can be posted to workers, which then need not compile it again.
 * Without `variant`, the fastest build that runs here.
 */
export function compileKernel(name: KernelName, variant = supportedVariant()): Promise<WebAssembly.Module> {
  if (variant === undefined)
    return Promise.reject(new Error("this engine has no WebAssembly SIMD: use the jsquash codec"));
  const file = new URL(`../kernel/build/${name}.${variant}.wasm`, import.meta.url);
  let module = compiled.get(file.href);
  if (module === undefined) {
    module = readFile(file).then(
      (bytes) => WebAssembly.compile(bytes),
      (cause: unknown) => {
        compiled.delete(file.href);
        throw new Error(`${file.pathname} is not there: run "bun run build"`, { cause });
      },
    );
    compiled.set(file.href, module);
  }
  return module;
}

/** A shared memory that kernels can be instantiated on; `bytes` is rounded up to 64 KiB pages. */
export function createKernelMemory(bytes: number, maximumBytes = bytes): WebAssembly.Memory {
  const pages = (size: number): number => Math.ceil(size / 65536);
  return new WebAssembly.Memory({ initial: pages(bytes), maximum: pages(maximumBytes), shared: true });
}

/** Instantiates a kernel on a shared memory. Every worker may do so on the same memory: kernels keep no state of their own. */
export function instantiateKernel(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): WebAssembly.Instance["exports"] {
  // Kernels abort nowhere (--noAssert, no allocation); the import is there in case the compiler keeps its declaration.
  const abort = (): never => {
    throw new Error("the codec kernel aborted");
  };
  return new WebAssembly.Instance(module, { env: { memory, abort } }).exports;
}
