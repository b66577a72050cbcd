// Creates the shared memory for kernels, and instantiates kernels on it.

import { withGrowthLock } from "../memory/growth-lock.ts";

/** Creates a shared memory for kernels. `bytes` is rounded up to pages of 64 KiB. */
export function createKernelMemory(bytes: number, maximumBytes = bytes): WebAssembly.Memory {
  const pages = (size: number): number => Math.ceil(size / 65536);
  return new WebAssembly.Memory({ initial: pages(bytes), maximum: pages(maximumBytes), shared: true });
}

/** Instantiates a kernel on a shared memory. Several threads may use the same memory, because kernels have no static state. */
export function instantiateKernel(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): WebAssembly.Instance["exports"] {
  // Kernels never abort (--noAssert, no allocation), but the compiler may keep the import.
  const abort = (): never => {
    throw new Error("the codec kernel aborted");
  };
  return withGrowthLock(memory, () => new WebAssembly.Instance(module, { env: { memory, abort } })).exports;
}
