// Builds the npm package: the library, the program and their files as JavaScript that needs no other package, and the types of the library.

import { chmod, cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import manifest from "../../package.json";
import { licencesOf } from "./licences.ts";
import { buildParts, listFrom, ownCommands, writeList } from "./parts.ts";
import { runOrThrow } from "../setup/run.ts";
import { digestOfInputs, unlessFresh } from "./stamp.ts";
import { writeTypes } from "./types.ts";

/** The npm package of SDL is the only one that the package needs: it is native, and needed for windows only. */
const SDL = "@kmamal/sdl";
const LICENCES = "third-party-licences.txt";

/** Builds the archive of the package in `dist` unless it is up to date. Returns its path. */
export async function providePackage(root: string): Promise<string> {
  const archive = join(root, "dist", `${manifest.name}-${manifest.version}.tgz`);
  await unlessFresh(archive, digestOfInputs(root), async () => {
    const folder = join(root, "dist", "package");
    await buildPackage(root, folder);
    runOrThrow([process.execPath, "pm", "pack", "--quiet", "--destination", join(root, "dist")], folder); // npm pack makes the same
  });
  return archive;
}

async function buildPackage(root: string, folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const parts = await buildParts(join(folder, "files"));
  const program = 'Bun.fileURLToPath(new URL("./main.js", import.meta.url))';
  await writeList(join(folder, "program-files.js"), { parts, files: "./files", program, sdlBinding: null });
  await Bun.build({
    entrypoints: [join(root, "src", "index.ts"), join(root, "src", "cli", "main.ts")],
    target: "bun",
    format: "esm",
    splitting: true,
    outdir: folder,
    naming: { entry: "[name].js", chunk: "chunk-[hash].js" },
    external: [SDL],
    plugins: [listFrom("./program-files.js", { external: true }), ownCommands],
  });
  await chmod(join(folder, "main.js"), 0o755);
  await writeTypes(root, join(folder, "types"));
  await Bun.write(join(folder, "package.json"), `${JSON.stringify(packageManifest(), null, 2)}\n`);
  await cp(join(root, "scripts", "build", "package-readme.md"), join(folder, "README.md"));
  await cp(join(root, "LICENSE"), join(folder, "LICENSE"));
  await Bun.write(join(folder, LICENCES), licencesOf(root));
}

/** The package.json of the package. */
function packageManifest(): object {
  const { name, version, description, license, dependencies } = manifest;
  return {
    ...{ name, version, description, license },
    private: true, // the name belongs to another package of the npm registry
    type: "module",
    exports: {
      ".": { types: "./types/index.d.ts", default: "./index.js" },
      "./package.json": "./package.json",
    },
    bin: { slipstream: "main.js" },
    files: ["*.js", "files", "types", LICENCES],
    engines: { bun: `>=${manifest.engines.bun}` },
    optionalDependencies: { [SDL]: dependencies[SDL] },
  };
}
