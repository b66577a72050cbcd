// Set-up: before a program starts, whatever it needs and is missing is installed or built. Preloaded by every script.
//
// What was done is noted in node_modules/.slipstream-setup.json, so that the next start costs a few milliseconds. Only
// node's and Bun's own modules are imported up here: on a bare machine there is nothing else yet.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { buildKernels } from "./setup/kernels.ts";
import { installPackages } from "./setup/packages.ts";
import { SetupError } from "./setup/run.ts";
import { provideSdl } from "./setup/sdl-binding.ts";
import { installSystemPackages, type SystemNeed } from "./setup/system-packages.ts";

const ROOT = dirname(import.meta.dir);
const STAMP = join(ROOT, "node_modules", ".slipstream-setup.json");

/** What a program needs beside the packages of package.json. */
interface Needs {
  sdl: boolean;
  system: readonly SystemNeed[];
}

/** What `view` answers without a window. */
const WINDOWLESS = /^(-h|--help|-v|--version|--list|--controls|--set(=.*)?|--display=none)$/;

function needsOf(program: string, flags: readonly string[]): Needs {
  switch (program) {
    case "src/cli/view.ts": {
      const hasNoWindow = flags.some(
        (flag, at) => WINDOWLESS.test(flag) || (flag === "none" && flags[at - 1] === "--display"),
      );
      return { sdl: !hasNoWindow, system: [] };
    }
    case "scripts/demo.ts":
      // Without a display and without Xvfb the demo shows figures instead of a window.
      return { sdl: hasDisplay() || Bun.which("Xvfb") !== null, system: ["ffmpeg"] };
    case "scripts/test.ts":
      return { sdl: true, system: ["ffmpeg", "fswebcam", "Xvfb", "openbox", "xdotool", "djpeg", "libturbojpeg"] };
    default:
      return { sdl: false, system: [] };
  }
}

function hasDisplay(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform !== "linux" || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY);
}

/** Changes when something that was set up would have to be set up again. */
function stampKey(): string {
  const lock = readFileSync(join(ROOT, "bun.lock"), "utf8");
  return `${Bun.hash(lock).toString(16)} bun ${Bun.version} ${process.platform} ${process.arch}`;
}

function readStamp(key: string): Set<string> {
  if (!existsSync(STAMP)) return new Set();
  try {
    const stamp = JSON.parse(readFileSync(STAMP, "utf8"));
    return new Set(stamp.key === key ? stamp.done : []);
  } catch {
    return new Set(); // half written, by a set-up that was interrupted: everything is looked at again
  }
}

async function setUp(): Promise<void> {
  const program = relative(ROOT, process.argv[1] ?? "");
  const needs = needsOf(program, process.argv.slice(2));
  const key = stampKey();
  const done = readStamp(key);
  const wanted = ["packages", ...needs.system, ...(needs.sdl ? ["sdl"] : [])];
  if (wanted.every((what) => done.has(what))) return buildKernels(ROOT);
  const note = (...what: string[]) => {
    for (const each of what) done.add(each);
    writeFileSync(STAMP, JSON.stringify({ key, done: [...done] }));
  };
  const isFirst = !done.has("packages");
  if (isFirst) {
    installPackages(ROOT);
    note("packages");
  }
  if (needs.system.length > 0) {
    installSystemPackages(needs.system, basename(program, ".ts"));
    note(...needs.system);
  }
  if (needs.sdl) {
    await provideSdl(ROOT);
    note("sdl");
  }
  await buildKernels(ROOT);
  if (isFirst) await startAnew();
}

/** Runs the program in a process of its own: this one has looked for its packages before they were there. */
async function startAnew(): Promise<never> {
  const child = Bun.spawn([process.execPath, "--preload", import.meta.path, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => undefined); // the terminal sends it to the child as well; this process only has to wait
  process.exit(await child.exited);
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exit(1);
}
