// Provides the native part of @kmamal/sdl: downloads the release that was checked, or builds it for the system's SDL2.

import { existsSync, mkdirSync, readdirSync, renameSync } from "node:fs";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import { run, SetupError, say } from "./run.ts";
import { assetFor, download } from "./sdl-download.ts";
import { installSystemPackages } from "./system-packages.ts";

/** Throws a SetupError if it can neither download nor build the binding, or if the download has a wrong checksum. */
export async function provideSdl(root: string): Promise<void> {
  const folder = join(root, "node_modules", "@kmamal", "sdl");
  const binding = join(folder, "dist", "sdl.node");
  if (existsSync(binding)) return;
  const failure = await downloadTo(folder);
  if (failure === null && existsSync(binding) && loads(root)) return;
  if (process.platform !== "linux") {
    throw new SetupError(
      `the SDL binding can be built on Linux only, and its download cannot be used: ${failure ?? "it does not load"}; --display none works without it`,
    );
  }
  say(`${failure ?? "the downloaded SDL binding does not load"}: building it from its sources (half a minute)`);
  installSystemPackages(["compiler", "pkg-config", "SDL2 headers"], "the SDL binding");
  await build(root, folder, binding);
  if (!loads(root))
    throw new SetupError("the SDL binding was built but does not load; --display none works without it");
}

/** Returns null, or why the binding was not downloaded. */
async function downloadTo(folder: string): Promise<string | null> {
  const asset = assetFor(folder);
  if (typeof asset === "string") return asset;
  say("downloading the SDL binding (@kmamal/sdl)");
  return download(asset, folder);
}

/** Whether the binding loads. Tries it in a separate process, because a bad binding crashes the process. */
function loads(root: string): boolean {
  const script = `process.env.SDL_VIDEODRIVER ??= "dummy"; await import("@kmamal/sdl"); process.exit(0)`;
  return run([process.execPath, "-e", script], { cwd: root, timeoutMs: 10_000 }) === null;
}

async function build(root: string, folder: string, binding: string): Promise<void> {
  const objects = join(folder, "build");
  mkdirSync(objects, { recursive: true });
  mkdirSync(join(folder, "dist"), { recursive: true });
  const flags = (option: string) => {
    const result = Bun.spawnSync(["pkg-config", option, "sdl2"]);
    return result.stdout.toString().trim().split(/\s+/).filter(Boolean);
  };
  const compile = [
    ...["g++", "-c", "-O2", "-std=c++17", "-fPIC", "-D_REENTRANT"],
    // The flags are those of the package's binding.gyp. node-gyp would be a large dependency for these few lines.
    ...[
      "-DNAPI_VERSION=9",
      "-DNODE_ADDON_API_DISABLE_DEPRECATED",
      "-DNAPI_CPP_EXCEPTIONS",
      "-DNODE_GYP_MODULE_NAME=sdl",
    ],
    ...["-I", join(root, "node_modules", "node-api-headers", "include")],
    ...["-I", join(root, "node_modules", "node-addon-api")],
    ...["-include", join(import.meta.dir, "sdl2-compatibility.h")],
    ...flags("--cflags"),
  ];
  const native = join(folder, "src", "native");
  const sources = readdirSync(native).filter((name) => name.endsWith(".cpp"));
  const objectOf = (source: string) => join(objects, `${basename(source, ".cpp")}.o`);
  const waiting = [...sources];
  const worker = async () => {
    for (let source = waiting.pop(); source !== undefined; source = waiting.pop()) {
      const child = Bun.spawn([...compile, "-o", objectOf(source), join(native, source)], { stderr: "pipe" });
      const errors = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new SetupError(`${source} of the SDL binding does not compile:\n${errors}`);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  const unfinished = `${binding}.unfinished`; // the file is renamed when it is complete, so that an interrupted build leaves no broken binding
  const failure = run(["g++", "-shared", "-o", unfinished, ...sources.map(objectOf), ...flags("--libs")]);
  if (failure !== null) throw new SetupError(`the SDL binding does not link:\n${failure}`);
  renameSync(unfinished, binding);
}
