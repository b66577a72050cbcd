// Builds the Debian packages with the programs in them, for this processor and for the other one.

import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buildProgram, provideProgram } from "../build/program.ts";
import { licencesOf } from "../build/licences.ts";
import { digestOfInputs, unlessFresh } from "../build/stamp.ts";
import { run, SetupError } from "../setup/run.ts";
import { buildDeb, DEB_ARCHITECTURES, type DebArchitecture, sourceEpochSeconds } from "./deb.ts";

/** Bun's names of the processors. */
const BUN: Readonly<Record<DebArchitecture, { target: Bun.Build.CompileTarget; cpu: string; npmPackage: string }>> = {
  amd64: { target: "bun-linux-x64", cpu: "x64", npmPackage: "@oven/bun-linux-x64" },
  arm64: { target: "bun-linux-arm64", cpu: "arm64", npmPackage: "@oven/bun-linux-aarch64" },
};

/** Builds `dist/slipstream_VERSION_ARCHITECTURE.deb` for both architectures. Returns the paths. */
export async function buildDebs(root: string): Promise<string[]> {
  const folder = join(root, "dist");
  const epochSeconds = sourceEpochSeconds(root);
  const paths: string[] = [];
  for (const architecture of DEB_ARCHITECTURES) {
    const program = await programFor(root, architecture);
    paths.push(buildDeb({ program, architecture, licences: licencesOf(root), folder, epochSeconds }));
  }
  return paths;
}

/** Returns the path of the program for an architecture. The program for another processor has no window. */
async function programFor(root: string, architecture: DebArchitecture): Promise<string> {
  const { target, cpu } = BUN[architecture];
  if (process.platform === "linux" && process.arch === cpu) return provideProgram(root);
  const output = join(root, "dist", `slipstream-${architecture}`);
  await unlessFresh(output, digestOfInputs(root), async () =>
    buildProgram({ root, output, sdlBinding: null, target, bun: await bunFor(root, architecture) }),
  );
  return output;
}

/** Returns the path of the Bun of this version for another processor, from the npm registry. */
async function bunFor(root: string, architecture: DebArchitecture): Promise<string> {
  const { cpu, npmPackage } = BUN[architecture];
  const folder = join(root, "node_modules", ".cache", `bun-${Bun.version}-${architecture}`);
  const path = join(folder, "node_modules", npmPackage, "bin", "bun");
  if (existsSync(path)) return path;
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ dependencies: { [npmPackage]: Bun.version } }));
  const command = [process.execPath, "install", "--os", "linux", "--cpu", cpu, "--ignore-scripts"];
  const failure = run(command, { cwd: folder });
  if (failure !== null) throw new SetupError(`${npmPackage} could not be installed (is there a network?):\n${failure}`);
  return path;
}
