// Addresses of memory, for structures with pointers and for threads that share memory by its address.

import { type Pointer, ptr, toArrayBuffer } from "bun:ffi";

/**
 * Returns the address of `bytes`, for structures that contain pointers. The caller must keep `bytes` reachable while the address
 * is used.
 */
export function addressOf(bytes: Uint8Array): bigint {
  return BigInt(ptr(bytes));
}

/** Returns a view of memory at an address from another thread. That thread must keep the memory while the view is used. */
export function viewOf({ address, bytes }: { address: number; bytes: number }): Uint8Array {
  return new Uint8Array(toArrayBuffer(address as Pointer, 0, bytes));
}
