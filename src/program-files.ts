// The list of the files that the programs and the library need at run time beside their own code: threads, WebAssembly, the files
// of the page, the film of the demo. No other module finds a file by its path.
//
// In a checkout the files are in their folders. A build (scripts/build/parts.ts) bundles the entry points, and replaces this module by
// one that imports each file `with { type: "file" }`, so that `bun build --compile` includes the files in a program.

import { fileURLToPath } from "node:url";
import type { WasmFile } from "./codec/wasm/modules.ts";

if (Bun.isStandaloneExecutable) {
  throw new Error(
    "this program was compiled with the source of Slipstream: compile it with Slipstream's package, which 'bun run build package' makes",
  );
}

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const inPackage = (path: string) => fileURLToPath(import.meta.resolve(path));

/** The paths of the files, by name. */
export const PROGRAM_FILES = {
  /** The program `slipstream`. */
  program: at("./cli/main.ts"),
  /** The entry points of threads. */
  threads: {
    cameraControls: at("./capture/camera/controls-worker.ts"),
    capture: at("./capture/camera/capture-worker.ts"),
    codec: at("./codec/bun/worker.ts"),
    hangGuard: at("./cli/hang-guard-thread.ts"),
    output: at("./cli/output-thread.ts"),
    pattern: at("./capture/pattern/pattern-worker.ts"),
    rawInput: at("./capture/pipe/raw-input-thread.ts"),
    tryOpen: at("./capture/supervise/try-open-worker.ts"),
    virtualCamera: at("./client/virtual-camera/thread.ts"),
  },
  /** The entry points of the page. */
  pageScripts: {
    page: at("./browser/page/main.ts"),
    worker: at("./browser/worker/main.ts"),
  },
  /** WebAssembly of the codecs. scripts/setup/kernels.ts builds the kernels. */
  wasm: {
    "decoder.plain": at("./codec/kernel/build/decoder.plain.wasm"),
    "decoder.relaxed": at("./codec/kernel/build/decoder.relaxed.wasm"),
    "encoder.plain": at("./codec/kernel/build/encoder.plain.wasm"),
    "encoder.relaxed": at("./codec/kernel/build/encoder.relaxed.wasm"),
    "mozjpeg-decoder": inPackage("@jsquash/jpeg/codec/dec/mozjpeg_dec.wasm"),
    "mozjpeg-encoder": inPackage("@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm"),
    /** This one has no WasmFile, because only codec/bun/rare-jpegs.ts loads it. */
    "libjpeg-turbo": inPackage("@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasm"),
  } satisfies Record<WasmFile | "libjpeg-turbo", string>,
  /** Files that are used as they are. */
  assets: {
    "index.html": at("./browser/index.html"),
    "page.css": at("./browser/page.css"),
    "motion.css": at("./browser/motion.css"),
    "icon.svg": at("./browser/icon.svg"),
    "demo.mp4": at("../test/fixtures/vtest-6s.mp4"),
  },
  /** The native part of @kmamal/sdl in a compiled program. Otherwise null, and the package finds it. */
  sdlBinding: null as string | null,
};

/** Whether a build has bundled the entry points. */
export const ARE_BUILT: boolean = false;
