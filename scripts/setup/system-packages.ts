// Programs and libraries of the operating system. Names the missing ones, and installs them if the user has the right to.

import { SYSTEM_PACKAGES, type SystemNeed } from "./package-table.ts";
import { run, SetupError, say } from "./run.ts";

/** The programs with which `bench peers` compares Slipstream. */
export const PEER_PROGRAMS: readonly SystemNeed[] = [
  "ffmpeg",
  "Xvfb",
  "libturbojpeg",
  "numpy",
  "OpenCV",
  "ZeroMQ",
  "GStreamer",
  "GStreamer's TCP",
  "GStreamer's JPEG",
];

/** The packages without which the tests cannot run. */
export const TEST_PROGRAMS: readonly SystemNeed[] = [
  "ffmpeg",
  "fswebcam",
  "Xvfb",
  "openbox",
  "xdotool",
  "xwd",
  "djpeg",
  "libturbojpeg",
];

/** The packages without which some tests are skipped. `bun run test --all` installs them. */
export const WIDENING_PROGRAMS: readonly SystemNeed[] = [
  ...PEER_PROGRAMS,
  "xrandr",
  "rsvg-convert",
  "libfaketime",
  "motion",
  "nginx",
  "mosquitto",
  "chromium",
  "firefox",
  "Caddy",
  "promtool",
  "GStreamer's HTTP",
  "mpv",
  "VLC",
  "VLC's modules",
  "mkvtoolnix",
  "mandoc",
  "man",
  "groff",
  "fish",
  "zsh",
  "arm64 compiler",
  "arm64 headers",
];

/** Whether this machine has the package. */
export function isInstalled(need: SystemNeed): boolean {
  return SYSTEM_PACKAGES[need].isThere();
}

/** Installs missing packages. Throws a SetupError with the exact command if the user has no right to install. */
export function installSystemPackages(needs: readonly SystemNeed[], forWhat: string): void {
  const missing = needs.filter((need) => !SYSTEM_PACKAGES[need].isThere());
  if (missing.length === 0) return;
  for (const need of missing) say(`${forWhat} needs ${need} (${SYSTEM_PACKAGES[need].purpose})`);
  if (Bun.which("apt-get") === null) {
    const formulas = missing.flatMap((need) => SYSTEM_PACKAGES[need].homebrew ?? []);
    const hint =
      process.platform === "darwin" ? `: brew install ${formulas.join(" ")}` : " with your system's package manager";
    throw new SetupError(`install what is missing (${missing.join(", ")})${hint}`);
  }
  const packages = missing.map((need) => SYSTEM_PACKAGES[need].debian);
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  const asRoot = prefixForRoot();
  if (asRoot === null) throw new SetupError(`no right to install packages here; run: sudo ${install.join(" ")}`);
  say(`running: ${[...asRoot, ...install].join(" ")}`);
  // The install fails if the package lists are old or missing. Then the lists are fetched, and the install is tried once more.
  if (run([...asRoot, ...install]) === null) return;
  const failure = run([...asRoot, "apt-get", "update"]) ?? run([...asRoot, ...install]);
  if (failure !== null) throw new SetupError(`'${install.join(" ")}' failed:\n${failure}`);
}

/**
 * Installs the missing packages without which some tests are skipped. A package that cannot be installed is named, and the others
 * are installed, so that one of them does not stop all tests. Returns the packages that this machine has then.
 */
export function installWideningPackages(needs: readonly SystemNeed[], forWhat: string): SystemNeed[] {
  const failure = tryInstall(needs, forWhat);
  if (failure === null) return [...needs];
  say(failure);
  const mayInstall = Bun.which("apt-get") !== null && prefixForRoot() !== null;
  for (const need of needs.filter((each) => !isInstalled(each))) {
    if (mayInstall) tryInstall([need], forWhat);
    if (!isInstalled(need)) say(`without ${need}, some tests are skipped`);
  }
  return needs.filter(isInstalled);
}

/** Returns the reason why packages could not be installed, or null. */
function tryInstall(needs: readonly SystemNeed[], forWhat: string): string | null {
  try {
    installSystemPackages(needs, forWhat);
    return null;
  } catch (error) {
    if (error instanceof SetupError) return error.message;
    throw error;
  }
}

/** The words before a command that run it as root, or null without that right. */
function prefixForRoot(): string[] | null {
  if (process.getuid?.() === 0) return [];
  if (Bun.which("sudo") !== null && run(["sudo", "-n", "true"]) === null) return ["sudo", "-n"];
  return null;
}
