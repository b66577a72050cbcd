// The set-up installs or builds the things that a program needs, before the program starts. Every script of package.json preloads it.
//
// A note in node_modules/.slipstream-setup.json records the parts that are done, so that the next start takes a few milliseconds. This file
// imports modules of node and Bun only, because a new checkout has no packages yet.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { buildKernels } from "./setup/kernels.ts";
import { installPackages } from "./setup/packages.ts";
import { SetupError } from "./setup/run.ts";
import { provideSdl } from "./setup/sdl-binding.ts";
import type { SystemNeed } from "./setup/package-table.ts";
import {
  installSystemPackages,
  installWideningPackages,
  TEST_PROGRAMS,
  WIDENING_PROGRAMS,
} from "./setup/system-packages.ts";

const ROOT = dirname(import.meta.dir);
const STAMP = join(ROOT, "node_modules", ".slipstream-setup.json");

/** The needs of a program besides the packages of package.json. */
interface Needs {
  sdl: boolean;
  system: readonly SystemNeed[];
  /** The packages without which the program does less. */
  widening?: readonly SystemNeed[];
}

/** With these flags, `view` opens no window. */
const WINDOWLESS = /^(-h|--help|-v|--version|--list|--controls|--set(=.*)?|--display=none)$/;

/** With these arguments, `bun run test` needs packages only. */
const LIGHT_CHECKS = /^(unit|types|kernel-types|page-types|lint|format|dead-code|-h|--help|-v|--version)$/;

function needsOf(program: string, flags: readonly string[]): Needs {
  switch (program) {
    case "src/cli/view.ts": {
      const hasNoWindow = flags.some(
        (flag, at) => WINDOWLESS.test(flag) || (flag === "none" && flags[at - 1] === "--display"),
      );
      return { sdl: !hasNoWindow, system: [] };
    }
    case "scripts/build.ts": {
      const hasProgram = flags.length === 0 || flags.includes("program");
      return { sdl: hasProgram, system: [] };
    }
    case "scripts/dev.ts":
      return { sdl: hasDisplay(), system: [] };
    case "src/cli/demo.ts":
      // Without a display and Xvfb, the demo shows figures instead of a window.
      return { sdl: hasDisplay() || Bun.which("Xvfb") !== null, system: ["ffmpeg"] };
    case "scripts/test.ts": {
      // The unit tests and the checks of the source start no programs.
      const isLight = flags.length > 0 && flags.every((flag) => LIGHT_CHECKS.test(flag));
      if (isLight) return { sdl: false, system: [] };
      return { sdl: true, system: TEST_PROGRAMS, widening: flags.includes("--all") ? WIDENING_PROGRAMS : [] };
    }
    default:
      return { sdl: false, system: [] };
  }
}

function hasDisplay(): boolean {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  return process.platform !== "linux" || Boolean(DISPLAY) || Boolean(WAYLAND_DISPLAY);
}

/** The identity of a set-up. When one of these things changes, everything is checked again. */
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
    return new Set(); // an interrupted set-up left half a file, so everything is checked again
  }
}

async function setUp(): Promise<void> {
  const program = relative(ROOT, process.argv[1] ?? "");
  const needs = needsOf(program, process.argv.slice(2));
  const key = stampKey();
  const done = readStamp(key);
  const wanted = ["packages", ...needs.system, ...(needs.widening ?? []), ...(needs.sdl ? ["sdl"] : [])];
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
  if (needs.widening !== undefined && needs.widening.length > 0) {
    note(...installWideningPackages(needs.widening, basename(program, ".ts")));
  }
  if (needs.sdl) {
    await provideSdl(ROOT);
    note("sdl");
  }
  await buildKernels(ROOT);
  if (isFirst) await restart();
}

/** Runs the program in a new process, because this process has cached that its packages are missing. */
async function restart(): Promise<never> {
  const child = Bun.spawn([process.execPath, "--preload", import.meta.path, ...process.argv.slice(1)], {
    stdio: ["inherit", "inherit", "inherit"],
  });
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  process.on("SIGINT", () => undefined); // the terminal sends the signal to the child as well; this process only has to wait
  process.exit(await child.exited);
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  console.error(`error: ${error.message}`);
  process.exit(1);
}
