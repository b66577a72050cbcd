// Writes the declarations of the library's types.

import { mkdtemp, readFile, rm } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { runOrThrow } from "../setup/run.ts";

/** A module of our own in a declaration: `from "./path.ts"` or `import("./path.ts")`. */
const OWN_MODULE = /((?:from |import\()")(\.[^"]*)\.ts"/g;

/** Writes the declarations of src/index.ts and of all files that they import into the folder. */
export async function writeTypes(root: string, folder: string): Promise<void> {
  const work = await mkdtemp(join(root, "dist", "types-"));
  try {
    const settings = {
      extends: "../../tsconfig.json",
      compilerOptions: { noEmit: false, declaration: true, emitDeclarationOnly: true, rootDir: root, outDir: "." },
      files: [join(root, "src", "index.ts")],
      include: [],
    };
    await Bun.write(join(work, "tsconfig.json"), JSON.stringify(settings));
    runOrThrow([process.execPath, "x", "tsc", "--project", work], root);
    const from = join(work, "src");
    const waiting = [join(from, "index")];
    const seen = new Set(waiting);
    for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
      const text = await readFile(`${path}.d.ts`, "utf8");
      for (const [, , module = ""] of text.matchAll(OWN_MODULE)) {
        const other = join(dirname(path), module);
        if (!seen.has(other)) waiting.push(other);
        seen.add(other);
      }
      await Bun.write(join(folder, `${relative(from, path)}.d.ts`), text.replaceAll(OWN_MODULE, '$1$2.js"'));
    }
  } finally {
    await rm(work, { recursive: true });
  }
}
