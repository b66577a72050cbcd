// Builds the codec kernels: AssemblyScript in src/codec/kernel becomes WebAssembly in src/codec/kernel/build.
//
// The kernels are not committed: a build takes seconds, and a committed binary could differ from its source unnoticed.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetupError, say } from "./run.ts";

/** The entry files. Each has 64 KiB in the arena for its constant tables, at this address (codec/memory/arena.ts). */
const ENTRIES = [
  { name: "decoder", folder: "decode", memoryBaseBytes: 1 << 16 },
  { name: "encoder", folder: "encode", memoryBaseBytes: 2 << 16 },
  { name: "encoder-stages", folder: "encode", memoryBaseBytes: 2 << 16 }, // for `bench stages`; it is never loaded together with the encoder
];

/** Two builds of the same source. codec/wasm/variants.ts chooses one at the start of a program. */
const VARIANTS = [
  { name: "relaxed", features: ["threads", "simd", "relaxed-simd"] },
  { name: "plain", features: ["threads", "simd"] },
];

/** Builds the kernels unless they are up to date. Throws a SetupError with the errors of the compiler. */
export async function buildKernels(root: string): Promise<void> {
  const sourceFolder = join(root, "src", "codec", "kernel");
  const folder = join(sourceFolder, "build");
  const stampFile = join(folder, "stamp.txt");
  const outputs = ENTRIES.flatMap(({ name }) =>
    VARIANTS.map((variant) => join(folder, `${name}.${variant.name}.wasm`)),
  );
  const stamp = sourceStamp(root, sourceFolder);
  const isFresh =
    [...outputs, stampFile].every((file) => existsSync(file)) && readFileSync(stampFile, "utf8") === stamp;
  if (isFresh) return;
  say("building the codec kernels (AssemblyScript, half a minute)");
  mkdirSync(folder, { recursive: true });
  rmSync(stampFile, { force: true });
  await Promise.all(
    ENTRIES.flatMap(({ name, folder: stages, memoryBaseBytes }) =>
      VARIANTS.map((variant) =>
        compile(
          root,
          `${stages}/${name}`,
          memoryBaseBytes,
          variant.features,
          join(folder, `${name}.${variant.name}.wasm`),
        ),
      ),
    ),
  );
  writeFileSync(stampFile, stamp);
}

/** A digest of all inputs of the build. */
function sourceStamp(root: string, sourceFolder: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  for (const file of readdirSync(sourceFolder, { recursive: true, encoding: "utf8" }).toSorted()) {
    if (file.endsWith(".ts")) hasher.update(`${file}\n`).update(readFileSync(join(sourceFolder, file)));
  }
  hasher.update(readFileSync(join(root, "node_modules", "assemblyscript", "package.json")));
  hasher.update(readFileSync(import.meta.path));
  return hasher.digest("hex");
}

async function compile(
  root: string,
  entry: string,
  memoryBaseBytes: number,
  features: readonly string[],
  output: string,
): Promise<void> {
  const compiler = Bun.spawn(
    [
      process.execPath,
      join(root, "node_modules", "assemblyscript", "bin", "asc.js"),
      `src/codec/kernel/${entry}.ts`,
      ...["--outFile", output, "--runtime", "stub", "--noAssert", "-O3", "--importMemory", "--sharedMemory"],
      // 4 GiB is also the maximum of the arena's memory. Warning 112 says that relaxed SIMD is new.
      ...["--maximumMemory", "65536", "--memoryBase", String(memoryBaseBytes), "--disableWarning", "112"],
      ...features.flatMap((feature) => ["--enable", feature]),
    ],
    { cwd: root, stdout: "pipe", stderr: "pipe" },
  );
  const errors = `${await new Response(compiler.stdout).text()}${await new Response(compiler.stderr).text()}`;
  if ((await compiler.exited) !== 0) throw new SetupError(`the kernel ${entry} could not be built:\n${errors}`);
  // The file contains the tables, so a file of at most 64 KiB proves that they fit.
  if (statSync(output).size > 1 << 16)
    throw new SetupError(`${output} is larger than 64 KiB: give its tables more memory`);
}
