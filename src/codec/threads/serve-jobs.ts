// The code of a codec thread, which is the same in every runtime. It loads one codec, and then does one job at a time.

import { createJobs } from "./jobs.ts";
import { createCodec } from "./load-codec.ts";
import { Arena } from "../memory/arena.ts";
import type { RareDecoder } from "../rare-kinds.ts";
import type { WasmModules } from "../wasm/modules.ts";
import type { Job, WorkerMessage, WorkerSetup } from "./job.ts";
import { warmUp } from "./warm-up.ts";

/**
 * Loads the codec and warms it up. Returns the function that does the posted jobs. It calls `post` with each answer, and the
 * buffers in `moved` are transferred. `rare` decodes JPEGs of rare kinds. The caller posts `{ kind: "ready" }` when it listens
 * for jobs.
 */
export async function serveJobs(
  setup: WorkerSetup,
  wasm: WasmModules,
  post: (message: WorkerMessage, moved: ArrayBuffer[]) => void,
  rare: RareDecoder | null = null,
): Promise<(job: Job) => void> {
  const arena = Arena.attach(setup.memory);
  const load = () => createCodec(setup.codec, arena, wasm, rare);
  const codec = await load();
  await warmUp(codec, arena, setup.warmUpFor);
  return createJobs({ arena, wasm, codec, load, post });
}
