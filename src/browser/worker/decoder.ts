// The codec of a page and the thread that runs it: the worker itself. Without cross-origin isolation, which needs HTTPS and special
// headers, workers cannot share memory. Decoding on the worker's own thread needs neither, and one thread decodes 720p in 3 ms.

import type { Codec } from "../../codec/codec.ts";
import type { Arena } from "../../codec/memory/arena.ts";
import { instantiateDecoder } from "../../codec/simd/decoder.ts";
import { createDecode } from "../../codec/simd/simd.ts";
import type { CodecRuntime } from "../../codec/threads/codec-thread.ts";
import type { Job } from "../../codec/threads/job.ts";
import { createJobs } from "../../codec/threads/jobs.ts";
import { WasmModules } from "../../codec/wasm/modules.ts";
import { CodecError, messageOf } from "../../core/errors.ts";

/** Returns the runtime of the page's codec. `base` is the address of the folder with the kernels. */
export function createRuntime(arena: Arena, base: string): CodecRuntime {
  const wasm = new WasmModules(async (file) => {
    const response = await fetch(new URL(`${file}.wasm`, base));
    if (!response.ok) throw new Error(`${file}.wasm: the server answers with status ${response.status}`);
    return response.arrayBuffer();
  });
  return {
    wasm,
    nextTurn: null,
    startThread(_setup, listener) {
      let run: ((job: Job) => void) | null = null;
      const load = () => createCodec(arena, wasm);
      const start = async () => {
        run = createJobs({ arena, wasm, codec: await load(), load, post: (message) => listener.hear(message) });
        listener.hear({ kind: "ready" });
      };
      start().catch((error: unknown) => listener.ended(messageOf(error)));
      return {
        // The job begins after the code that posts it, as in a thread of its own, and before the next event.
        post: (job) => queueMicrotask(() => run?.(job)),
        end: () => Promise.resolve(),
        keepProcessAlive: () => undefined,
      };
    },
  };
}

async function createCodec(arena: Arena, wasm: WasmModules): Promise<Codec> {
  const kernel = instantiateDecoder(await wasm.kernel("decoder"), arena.memory);
  return {
    tileEncoder: null,
    encode: () => Promise.reject(new CodecError("pages do not encode")),
    decode: createDecode(arena, kernel, () => Promise.resolve(createBrowserCodec(arena))),
  };
}

/** The browser's own decoder, for the kinds of JPEG that the kernel does not support, for example progressive ones. */
function createBrowserCodec(arena: Arena): Codec {
  return {
    tileEncoder: null,
    encode: () => Promise.reject(new CodecError("pages do not encode")),
    async decode(jpeg, target) {
      const bitmap = await createImageBitmap(new Blob([new Uint8Array(jpeg)], { type: "image/jpeg" }), {
        colorSpaceConversion: "none",
      }).catch((cause: unknown) => {
        throw new CodecError(`the browser cannot decode the picture: ${messageOf(cause)}`, { cause });
      });
      const { width, height } = bitmap;
      if (width * height * 4 !== target.bytes) {
        throw new CodecError(`the decoded picture is ${width}x${height}, which differs from the size in its header`);
      }
      const context = new OffscreenCanvas(width, height).getContext("2d", { alpha: false, willReadFrequently: true });
      if (context === null) throw new CodecError("the browser has no memory for a canvas");
      context.drawImage(bitmap, 0, 0);
      bitmap.close();
      arena.bytes(target.address, target.bytes).set(context.getImageData(0, 0, width, height).data);
      return { width, height, isDamaged: false };
    },
  };
}
