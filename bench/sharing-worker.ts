// The second worker of `bench sharing`. It encodes or decodes its share of a picture when the first worker tells it to.

import { workerData } from "node:worker_threads";
import { Arena } from "../src/codec/memory/arena.ts";
import { instantiateDecoder } from "../src/codec/simd/decoder.ts";
import { SimdEncoder } from "../src/codec/simd/encoder.ts";
import { WASM } from "../src/codec/bun/wasm.ts";
import { CONTROL_WORDS, DONE, ENCODE, GO, KIND, type SharingSetup } from "./sharing-setup.ts";

const { memory, control, encode, decode } = workerData as SharingSetup;
const arena = Arena.attach(memory);
const words = new Int32Array(arena.memory.buffer, control, CONTROL_WORDS);
const encoder = new SimdEncoder(await WASM.kernel("encoder"), memory);
const decoder = instantiateDecoder(await WASM.kernel("decoder"), memory);

/** The worker spins for a moment before it sleeps, because the next share usually comes soon. */
const SPINS = 20_000;

for (let turn = 0; ;) {
  for (let spin = 0; spin < SPINS && Atomics.load(words, GO) === turn; spin++);
  if (Atomics.load(words, GO) === turn) Atomics.wait(words, GO, turn);
  turn = Atomics.load(words, GO);
  if (words[KIND] === ENCODE) {
    const { picture, scratch, planes, firstTile, tiles, target } = encode;
    encoder.encodeTiles(picture, scratch, planes, firstTile, tiles, target);
  } else {
    const { state, scratch, list, tiles, pixels, stride } = decode;
    decoder.decodeTiles(state, scratch, list, tiles, pixels, stride, 0);
  }
  Atomics.store(words, DONE, turn);
}
