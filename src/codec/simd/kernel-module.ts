// The kernels' builds: which of them this engine can run, and running one on a shared memory.

/** Builds of a kernel: relaxed SIMD is faster, plain SIMD runs wherever WebAssembly has vectors. */
export type KernelVariant = "relaxed" | "plain";
export type KernelName = "decoder" | "encoder";

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
