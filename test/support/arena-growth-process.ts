// A process that grows the arena again and again while codec threads on it are ended. arena.test.ts runs it.

import { Arena } from "../../src/codec/memory/arena.ts";
import { BUN_RUNTIME } from "../../src/codec/bun/runtime.ts";
import { CodecPool } from "../../src/codec/threads/pool.ts";
import { CodecError } from "../../src/core/errors.ts";

const ROUNDS = 12;
const GROWING_MS = 40;
let refused = 0;

for (let round = 0; round < ROUNDS; round++) {
  const arena = Arena.create();
  const nothing = () => undefined;
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: "simd",
    threads: 3,
    onIdle: nothing,
    onBroken: nothing,
    onRestarted: nothing,
  });
  await pool.started;
  const closed = pool.close();
  const until = performance.now() + GROWING_MS;
  while (performance.now() < until) {
    try {
      arena.take(65536);
    } catch (error) {
      if (!(error instanceof CodecError)) throw error;
      refused++;
    }
  }
  await closed;
  arena.take(65536 * 64); // from now on the arena grows again
}
console.log(JSON.stringify({ refused }));
