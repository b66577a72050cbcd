// Reads the codecs' WebAssembly from files.

import { type ReadWasm, WasmModules } from "../wasm/modules.ts";
import { WASM_PATHS } from "./files.ts";

export const readWasm: ReadWasm = (file) => Bun.file(WASM_PATHS[file]).arrayBuffer();

/** The modules of the main thread. */
export const WASM = new WasmModules(readWasm);
