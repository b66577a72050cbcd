// `bun run build`: builds the codec kernels unless they are up to date. The set-up does the same before every program.

import { dirname } from "node:path";
import { buildKernels } from "./setup/kernels.ts";

await buildKernels(dirname(import.meta.dir));
console.log("the codec kernels are up to date");
