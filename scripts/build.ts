// `bun run build`: builds the codec kernels and the program `dist/slipstream`, unless they are up to date.

import { dirname, join } from "node:path";
import { Argument, Command } from "commander";
import { asProgram, runMain } from "../src/cli/program.ts";
import { VERSION } from "../src/core/version.ts";
import { licencesOf } from "./build/licences.ts";
import { providePackage } from "./build/package.ts";
import { provideProgram } from "./build/program.ts";
import { buildDebs } from "./package/debs.ts";

const ROOT = dirname(import.meta.dir);

/** What can be built. Each function returns the paths of what it has built. */
const BUILD: Readonly<Record<string, () => Promise<string[]>>> = {
  kernels: async () => [], // the set-up has built them before this program starts
  program: async () => {
    const licences = join(ROOT, "dist", "third-party-licences.txt"); // has to be passed on with the program
    await Bun.write(licences, licencesOf(ROOT));
    return [await provideProgram(ROOT), licences];
  },
  package: async () => [await providePackage(ROOT)],
  deb: () => buildDebs(ROOT),
};

const command = asProgram(new Command("bun run build"), VERSION)
  .description("Builds Slipstream, unless it is up to date.")
  .addArgument(
    new Argument(
      "[what...]",
      "kernels: the codec kernels; program: dist/slipstream, a single file (default); package: the npm package; deb: packages for Debian, amd64 and arm64",
    ).choices(Object.keys(BUILD)),
  );

await runMain(async () => {
  command.parse();
  const named = command.processedArgs[0] as string[];
  for (const what of named.length === 0 ? ["program"] : named) {
    for (const path of (await BUILD[what]?.()) ?? []) {
      console.log(`${path}: ${(Bun.file(path).size / 1e6).toFixed(1)} MB`);
    }
  }
});
