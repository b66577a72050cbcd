// `slipstream bench`: the benches are not in the program, because they compare checkouts and start other programs.

import { MissingError } from "../core/errors.ts";
import { runMain } from "./program.ts";

await runMain(async () => {
  throw new MissingError("the benches need the source of Slipstream: run 'bun run bench' in a checkout");
});
