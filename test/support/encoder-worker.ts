// A worker of encoder-tiles.test.ts. It encodes its share of a picture many times and reports the number of bytes.

import { parentPort, workerData } from "node:worker_threads";
import { type PixelPlane, SimdEncoder, type TileTarget } from "../../src/codec/simd/encoder.ts";
import type { PreparedPicture } from "../../src/codec/tile-jobs.ts";

interface Task {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly picture: PreparedPicture;
  readonly scratch: number;
  readonly planes: readonly PixelPlane[];
  readonly first: number;
  readonly count: number;
  readonly output: TileTarget;
  readonly rounds: number;
}

const { module, memory, picture, scratch, planes, first, count, output, rounds } = workerData as Task;
const encoder = new SimdEncoder(module, memory);
let written = 0;
for (let round = 0; round < rounds; round++)
  written = encoder.encodeTiles(picture, scratch, planes, first, count, output);
parentPort?.postMessage(written);
