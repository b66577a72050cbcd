// Programs and libraries of the operating system. Names the missing ones, and installs them if the user has the right to.

import { existsSync } from "node:fs";
import { run, SetupError, say } from "./run.ts";

interface SystemPackage {
  /** The purpose of the package. It is shown before the package is installed. */
  purpose: string;
  /** The name of the package in Debian and Ubuntu. */
  debian: string;
  /** The formula of Homebrew, or null if there is none. */
  homebrew: string | null;
  isThere: () => boolean;
}

function program(name: string): () => boolean {
  return () => Bun.which(name) !== null;
}

/** The Python of Debian. Its packages are installed for this Python, and another Python in the path does not find them. */
export const DEBIAN_PYTHON = "/usr/bin/python3";

/** The folder of libraries in Debian. */
const LIBRARIES = `/usr/lib/${process.arch === "arm64" ? "aarch64" : "x86_64"}-linux-gnu`;

/** A library that LD_PRELOAD loads and that gives a program another wall clock. "MT" is the build for programs with threads. */
export const LIBFAKETIME = `${LIBRARIES}/faketime/libfaketimeMT.so.1`;

function pythonRuns(script: string): () => boolean {
  return () => existsSync(DEBIAN_PYTHON) && run([DEBIAN_PYTHON, "-c", script]) === null;
}

/** Whether a script runs in Python with GStreamer's module as `Gst`. */
function gstreamerRuns(script: string): () => boolean {
  const begin = 'import gi; gi.require_version("Gst", "1.0"); from gi.repository import Gst; Gst.init(None)';
  return pythonRuns(`${begin}; ${script}`);
}

const SYSTEM_PACKAGES = {
  ffmpeg: {
    purpose: "reads files, cameras and streams",
    debian: "ffmpeg",
    homebrew: "ffmpeg",
    isThere: program("ffmpeg"),
  },
  fswebcam: {
    purpose: "takes pictures for --source webcam",
    debian: "fswebcam",
    homebrew: null,
    isThere: program("fswebcam"),
  },
  Xvfb: { purpose: "a display for window tests", debian: "xvfb", homebrew: null, isThere: program("Xvfb") },
  xrandr: {
    purpose: "changes the size of a display in tests",
    debian: "x11-xserver-utils",
    homebrew: null,
    isThere: program("xrandr"),
  },
  xwd: { purpose: "takes pictures of windows in tests", debian: "x11-apps", homebrew: null, isThere: program("xwd") },
  xdotool: { purpose: "presses keys in window tests", debian: "xdotool", homebrew: null, isThere: program("xdotool") },
  openbox: {
    purpose: "manages windows in window tests",
    debian: "openbox",
    homebrew: null,
    isThere: program("openbox"),
  },
  djpeg: {
    purpose: "checks our JPEGs against libjpeg-turbo",
    debian: "libjpeg-turbo-progs",
    homebrew: "jpeg-turbo",
    isThere: program("djpeg"),
  },
  libturbojpeg: {
    purpose: "the yardstick of the codec bench",
    debian: "libturbojpeg0",
    homebrew: "jpeg-turbo",
    isThere: () =>
      ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib"].some((folder) =>
        existsSync(`${folder}/libturbojpeg.so.0`),
      ),
  },
  compiler: { purpose: "builds the SDL binding", debian: "g++", homebrew: null, isThere: program("g++") },
  "pkg-config": {
    purpose: "finds SDL for that",
    debian: "pkg-config",
    homebrew: "pkg-config",
    isThere: program("pkg-config"),
  },
  "SDL2 headers": {
    purpose: "is needed to build the SDL binding",
    debian: "libsdl2-dev",
    homebrew: "sdl2",
    isThere: () => Bun.which("pkg-config") !== null && run(["pkg-config", "--exists", "sdl2"]) === null,
  },
  numpy: {
    purpose: "reads pixels in bench peers",
    debian: "python3-numpy",
    homebrew: null,
    isThere: pythonRuns("import numpy"),
  },
  OpenCV: {
    purpose: "a peer in bench peers",
    debian: "python3-opencv",
    homebrew: null,
    isThere: pythonRuns("import cv2"),
  },
  ZeroMQ: {
    purpose: "a peer in bench peers",
    debian: "python3-zmq",
    homebrew: null,
    isThere: pythonRuns("import zmq"),
  },
  GStreamer: {
    purpose: "a peer in bench peers",
    debian: "python3-gst-1.0",
    homebrew: null,
    isThere: gstreamerRuns("Gst.MapInfo.__enter__"),
  },
  "GStreamer's TCP": {
    purpose: "a part of that peer",
    debian: "gstreamer1.0-plugins-base",
    homebrew: null,
    isThere: gstreamerRuns('assert Gst.ElementFactory.find("tcpserversink")'),
  },
  "GStreamer's JPEG": {
    purpose: "a part of that peer",
    debian: "gstreamer1.0-plugins-good",
    homebrew: null,
    isThere: gstreamerRuns('assert Gst.ElementFactory.find("jpegenc")'),
  },
  "rsvg-convert": {
    purpose: "draws the charts in tests",
    debian: "librsvg2-bin",
    homebrew: "librsvg",
    isThere: program("rsvg-convert"),
  },
  libfaketime: {
    purpose: "sets the clock of a program in tests",
    debian: "faketime",
    homebrew: null,
    isThere: () => existsSync(LIBFAKETIME),
  },
  motion: { purpose: "a camera's web server in tests", debian: "motion", homebrew: null, isThere: program("motion") },
  mosquitto: {
    purpose: "the broker of the MQTT tests",
    debian: "mosquitto",
    homebrew: "mosquitto",
    isThere: program("mosquitto"),
  },
  nginx: {
    purpose: "is in front of a camera and of the web page in tests",
    debian: "nginx-light",
    homebrew: "nginx",
    isThere: program("nginx"),
  },
  chromium: { purpose: "shows the page in tests", debian: "chromium", homebrew: null, isThere: program("chromium") },
  Caddy: {
    purpose: "is in front of the web page in tests",
    debian: "caddy",
    homebrew: "caddy",
    isThere: program("caddy"),
  },
  promtool: {
    purpose: "checks the metrics in tests",
    debian: "prometheus",
    homebrew: "prometheus",
    isThere: program("promtool"),
  },
  firefox: {
    purpose: "shows the page in tests",
    debian: "firefox-esr",
    homebrew: null,
    isThere: program("firefox-esr"),
  },
  "GStreamer's HTTP": {
    purpose: "reads /stream in tests",
    debian: "gstreamer1.0-tools",
    homebrew: null,
    isThere: () =>
      Bun.which("gst-launch-1.0") !== null && gstreamerRuns('assert Gst.ElementFactory.find("souphttpsrc")')(),
  },
  mpv: { purpose: "reads /stream in tests", debian: "mpv", homebrew: "mpv", isThere: program("mpv") },
  VLC: { purpose: "reads /stream in tests", debian: "vlc-bin", homebrew: null, isThere: program("cvlc") },
  "VLC's modules": {
    purpose: "a part of VLC",
    debian: "vlc-plugin-base",
    homebrew: null,
    isThere: () => existsSync(`${LIBRARIES}/vlc/plugins/access/libhttp_plugin.so`),
  },
  "arm64 compiler": {
    purpose: "checks the kernel's structures on arm64",
    debian: "gcc-aarch64-linux-gnu",
    homebrew: null,
    isThere: program("aarch64-linux-gnu-gcc"),
  },
  "arm64 headers": {
    purpose: "a part of that check",
    debian: "libc6-dev-arm64-cross",
    homebrew: null,
    isThere: () => existsSync("/usr/aarch64-linux-gnu/include/linux/videodev2.h"),
  },
} as const satisfies Record<string, SystemPackage>;

export type SystemNeed = keyof typeof SYSTEM_PACKAGES;

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
