// Builds the program `slipstream`: a single file with Bun, the code, and all files that it needs.

import { existsSync } from "node:fs";
import { mkdtemp, mkdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { BunPlugin } from "bun";
import { buildParts, listFrom, ownCommands, writeList } from "./parts.ts";
import { digestOfInputs, unlessFresh } from "./stamp.ts";

export interface ProgramOptions {
  root: string;
  /** The path of the program. */
  output: string;
  /** The native part of @kmamal/sdl for the target, or null for a program without windows. */
  sdlBinding: string | null;
  /** The platform of the program. Default: this one. */
  target?: Bun.Build.CompileTarget;
  /** The executable of Bun for the target. Without it, Bun downloads that of another platform. */
  bun?: string;
  /** Whether messages keep the names of the commands of a checkout, `bun run view`. Default: false. */
  keepsCommandNames?: boolean;
}

/** Builds `dist/slipstream` for this platform unless it is up to date. Returns its path. */
export function provideProgram(root: string): Promise<string> {
  return provide(root, join(root, "dist", "slipstream"), {});
}

/** Builds the program for tests unless it is up to date. Its messages name the commands of a checkout, like the source. Returns its path. */
export function provideTestProgram(root: string): Promise<string> {
  return provide(root, join(root, "node_modules", ".slipstream-test-program"), { keepsCommandNames: true });
}

async function provide(
  root: string,
  output: string,
  options: Pick<ProgramOptions, "keepsCommandNames">,
): Promise<string> {
  const binding = join(root, "node_modules", "@kmamal", "sdl", "dist", "sdl.node");
  const sdlBinding = existsSync(binding) ? binding : null;
  await unlessFresh(output, digestOfInputs(root, sdlBinding === null ? [] : [sdlBinding]), () =>
    buildProgram({ root, output, sdlBinding, ...options }),
  );
  return output;
}

/** Builds the program. It replaces the old one when it is complete. */
export async function buildProgram({
  root,
  output,
  sdlBinding,
  target,
  bun,
  keepsCommandNames = false,
}: ProgramOptions): Promise<void> {
  const names = keepsCommandNames ? [] : [ownCommands];
  await mkdir(dirname(output), { recursive: true });
  const work = await mkdtemp(`${output}.unfinished-`);
  try {
    const list = join(work, "program-files.js");
    await writeList(list, { parts: await buildParts(work, names), files: ".", program: "null", sdlBinding });
    const outfile = join(work, "slipstream");
    await Bun.build({
      entrypoints: [join(root, "src", "cli", "main.ts")],
      target: "bun",
      format: "esm",
      minify: { whitespace: true, syntax: true },
      bytecode: true,
      naming: { asset: "[name].[ext]" }, // the names of files are shown and differ from each other
      plugins: [listFrom(list, { external: false }), ...names, bindingFromList(root)],
      compile: {
        outfile,
        // The folder in which a user starts the program has settings for other programs.
        ...{ autoloadBunfig: false, autoloadDotenv: false },
        ...(target === undefined ? {} : { target }),
        ...(bun === undefined ? {} : { executablePath: bun }),
      },
    });
    await rename(outfile, output);
  } finally {
    await rm(work, { recursive: true });
  }
}

/** Makes @kmamal/sdl load its native part from the list. */
function bindingFromList(root: string): BunPlugin {
  const loader = join(root, "src", "client", "screens", "sdl-binding.ts");
  return {
    name: "SDL binding",
    setup(build) {
      build.onLoad({ filter: /@kmamal\/sdl\/src\/javascript\/bindings\.js$/ }, () => ({
        contents: `module.exports = require(${JSON.stringify(loader)}).loadBinding();`,
        loader: "js",
      }));
    },
  };
}
