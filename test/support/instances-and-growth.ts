// A thread that makes instances of a module on an arena, each at the moment when the main thread grows the arena.
// growth-lock.test.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import { instantiateKernel } from "../../src/codec/simd/kernel-module.ts";
import { type InstancesSetup, meet } from "./meeting.ts";

const { memory, module, meetings, rounds } = workerData as InstancesSetup;
const wrong: number[] = [];
for (let round = 0; round < rounds; round++) {
  meet(meetings);
  const { size } = instantiateKernel(module, memory) as { size: () => number };
  meet(meetings); // the main thread has grown the memory
  if (size() * 65536 !== memory.buffer.byteLength) wrong.push(round);
}
parentPort?.postMessage(wrong);
