// Builds the files that src/program-files.ts lists, and the module that takes its place in the program and in the package.

import { mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import type { BunPlugin } from "bun";
import { PROGRAM_FILES } from "../../src/program-files.ts";
import { bundlePageScript } from "../../src/server/doors/http/assets.ts";

/** The key under which threads find the list (node:worker_threads, getEnvironmentData). */
const LIST_KEY = "slipstream program files";
const LIST_MODULE = /\/program-files\.ts$/;
/** The commands of a checkout that a built program has itself. */
const OWN_COMMAND = /\bbun run (serve|view|clip|cameras|key|demo|doctor)\b/g;

/** Built files by their group and name in PROGRAM_FILES, as file names. */
export type Parts = Record<"threads" | "pageScripts" | "wasm" | "assets", Record<string, string>>;

/** Bundles the entry points into the folder, and copies the other files there. `names` changes the commands in messages. */
export async function buildParts(folder: string, names: BunPlugin[] = [ownCommands]): Promise<Parts> {
  await mkdir(folder, { recursive: true });
  const { threads, pageScripts, wasm, assets } = PROGRAM_FILES;
  const each = async (files: Record<string, string>, make: (name: string, path: string) => Promise<string>) =>
    Object.fromEntries(
      await Promise.all(Object.entries(files).map(async ([name, path]) => [name, await make(name, path)])),
    );
  const write = async (name: string, contents: string | Uint8Array | Bun.BunFile) => {
    await Bun.write(join(folder, name), contents);
    return name;
  };
  return {
    threads: await each(threads, async (name, path) => write(`thread-${name}.js`, await bundleThread(path, names))),
    pageScripts: await each(pageScripts, async (name, path) =>
      write(`page-${name}.js`, await bundlePageScript(path, names)),
    ),
    wasm: await each(wasm, (name, path) => write(`${name}.wasm`, Bun.file(path))),
    assets: await each(assets, async (name, path) =>
      write(
        name,
        name.endsWith(".html") && names.includes(ownCommands)
          ? withOwnCommands(await Bun.file(path).text())
          : Bun.file(path),
      ),
    ),
  };
}

async function bundleThread(entry: string, names: BunPlugin[]): Promise<string> {
  const { outputs } = await Bun.build({
    entrypoints: [entry],
    target: "bun",
    minify: { whitespace: true, syntax: true },
    plugins: [listOfThreads, ...names],
  });
  const [script, ...others] = outputs;
  if (script === undefined || others.length > 0) throw new Error(`the bundle of ${basename(entry)} is not one file`);
  return script.text();
}

/**
 * Writes the module that takes the place of src/program-files.ts. `files` is the folder of the parts, relative to that of the module.
 */
export async function writeList(
  path: string,
  { parts, files, program, sdlBinding }: { parts: Parts; files: string; program: string; sdlBinding: string | null },
): Promise<void> {
  const imports: string[] = [];
  const imported = (file: string) => {
    const name = `file${imports.length}`;
    imports.push(`import ${name} from ${JSON.stringify(file)} with { type: "file" };`);
    return name;
  };
  const groups = Object.entries(parts).map(([group, names]) => {
    const entries = Object.entries(names).map(
      ([name, file]) => `${JSON.stringify(name)}: ${imported(`${files}/${file}`)}`,
    );
    return `${group}: { ${entries.join(", ")} }`;
  });
  const sdl = sdlBinding === null ? "null" : imported(sdlBinding);
  const lines = [
    'import { setEnvironmentData } from "node:worker_threads";',
    ...imports,
    `export const PROGRAM_FILES = { program: ${program}, ${groups.join(", ")}, sdlBinding: ${sdl} };`,
    "export const ARE_BUILT = true;",
    `setEnvironmentData(${JSON.stringify(LIST_KEY)}, PROGRAM_FILES);`,
  ];
  await Bun.write(path, `${lines.join("\n")}\n`);
}

/** In threads, the list comes from the thread that has started them. */
const listOfThreads: BunPlugin = {
  name: "list of threads",
  setup(build) {
    build.onResolve({ filter: LIST_MODULE }, () => ({ path: "list", namespace: "threads" }));
    build.onLoad({ filter: /.*/, namespace: "threads" }, () => ({
      contents: `import { getEnvironmentData } from "node:worker_threads";
        export const PROGRAM_FILES = getEnvironmentData(${JSON.stringify(LIST_KEY)});
        export const ARE_BUILT = true;`,
      loader: "js",
    }));
  },
};

/** Takes the list from the module `path`. */
export function listFrom(path: string, { external }: { external: boolean }): BunPlugin {
  return {
    name: "list",
    setup(build) {
      build.onResolve({ filter: LIST_MODULE }, () => ({ path, external }));
    },
  };
}

function withOwnCommands(text: string): string {
  return text.replaceAll(OWN_COMMAND, "slipstream $1");
}

/** Messages name the commands of a checkout, `bun run view`. In a build they name its own, `slipstream view`. */
export const ownCommands: BunPlugin = {
  name: "own commands",
  setup(build) {
    build.onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => ({
      contents: withOwnCommands(await Bun.file(path).text()),
      loader: "ts",
    }));
  },
};
