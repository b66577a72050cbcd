// Reads the codecs' WebAssembly from files.

import { PROGRAM_FILES } from "../../program-files.ts";
import { type ReadWasm, WasmModules } from "../wasm/modules.ts";

export const readWasm: ReadWasm = (file) => Bun.file(PROGRAM_FILES.wasm[file]).arrayBuffer();

/** The modules of the main thread. */
export const WASM = new WasmModules(readWasm);
