// Reads the codecs' WebAssembly from files.

import { WasmModules } from "../wasm/modules.ts";
import { WASM_PATHS } from "./files.ts";

export const WASM = new WasmModules((file) => Bun.file(WASM_PATHS[file]).arrayBuffer());
