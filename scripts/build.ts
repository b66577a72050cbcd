// `bun run build`: makes the codec kernels anew where they are missing or stale. Set-up does the same before every program.

import { dirname } from "node:path";
import { buildKernels } from "./setup/kernels.ts";

await buildKernels(dirname(import.meta.dir));
console.log("the codec kernels are built from the sources there are");
