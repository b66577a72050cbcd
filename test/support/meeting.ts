// Lets two threads go on at the same moment, so that tests of races have many tries.

/** What the thread of instances-and-growth.ts gets. */
export interface InstancesSetup {
  memory: WebAssembly.Memory;
  module: WebAssembly.Module;
  /** Two words for `meet`. */
  meetings: Int32Array;
  rounds: number;
}

const ARRIVED = 0;
const MEETING = 1;
/** A waiting thread looks this often before it sleeps, so that on two cores both go on within a microsecond. */
const LOOKS = 100_000;

/** Returns when both threads have called it. The words begin with 0. */
export function meet(words: Int32Array): void {
  const meeting = Atomics.load(words, MEETING);
  if (Atomics.add(words, ARRIVED, 1) === 1) {
    Atomics.store(words, ARRIVED, 0);
    Atomics.add(words, MEETING, 1);
    Atomics.notify(words, MEETING);
    return;
  }
  for (let look = 0; look < LOOKS; look++) if (Atomics.load(words, MEETING) !== meeting) return;
  // The other thread may notify late, and so wake this one in the next meeting.
  while (Atomics.load(words, MEETING) === meeting) Atomics.wait(words, MEETING, meeting);
}
