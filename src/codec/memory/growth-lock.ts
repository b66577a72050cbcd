// A lock between the growth of a shared memory and the instantiation of kernels on it.
//
// Bun 1.4.5 can miss a growth when one thread grows a shared memory while another thread instantiates a module on it. The new
// instance then keeps the old size until the next growth: `memory.size` is too small, and `memory.fill` and `memory.copy` in
// optimised code fail beyond it with "Out of bounds memory access". Of 20,000 instances that were made during a growth, 169 and
// 2,048 kept the old size in two runs, and none of 60,000 with this lock.

/** The index of the lock in the words of the memory. No kernel has data in the first 64 KiB (scripts/setup/kernels.ts). */
const LOCK = 0;
/** Both kinds of work take less than 0.1 ms. A thread that is ended while it holds the lock does not release it. */
const LONGEST_WAIT_MS = 100;

/** Grows the memory, or instantiates a module on it, while no other thread does either. Returns what `act` returns. */
export function withGrowthLock<T>(memory: WebAssembly.Memory, act: () => T): T {
  const words = new Int32Array(memory.buffer, 0, 1);
  const giveUpAt = performance.now() + LONGEST_WAIT_MS;
  while (Atomics.compareExchange(words, LOCK, 0, 1) !== 0 && performance.now() < giveUpAt);
  try {
    return act();
  } finally {
    Atomics.store(words, LOCK, 0);
  }
}
