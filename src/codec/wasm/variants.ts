// The builds of the kernels, and a test for the builds that this engine can run.

/** The builds of a kernel. Relaxed SIMD is faster. Plain SIMD runs in every engine with WebAssembly SIMD. */
export type KernelVariant = "relaxed" | "plain";
export type KernelName = "decoder" | "encoder";

/** Makes a module with one function without parameters. The function consists of these instructions and returns a v128. */
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

/** Returns the fastest build that this engine can run, or undefined if it has no SIMD. */
export function supportedVariant(): KernelVariant | undefined {
  if (WebAssembly.validate(relaxedProbe)) return "relaxed";
  return WebAssembly.validate(plainProbe) ? "plain" : undefined;
}
