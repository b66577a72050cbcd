// Programs and libraries that come with the operating system: named first, then installed where we may.

import { existsSync } from "node:fs";
import { run, SetupError, say } from "./run.ts";

interface SystemPackage {
  /** What it is for, in the list that is shown. */
  purpose: string;
  /** Debian's and Ubuntu's package. */
  debian: string;
  /** Homebrew's, where there is one. */
  homebrew: string | null;
  isThere: () => boolean;
}

function program(name: string): () => boolean {
  return () => Bun.which(name) !== null;
}

/** Debian's own Python, for which its packages are; another one in the path does not see them. */
export const DEBIAN_PYTHON = "/usr/bin/python3";

function pythonRuns(script: string): () => boolean {
  return () => existsSync(DEBIAN_PYTHON) && run([DEBIAN_PYTHON, "-c", script]) === null;
}

/** In the Python that it is used from; `Gst` is its module there. */
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
    purpose: "what the SDL binding is built against",
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
} as const satisfies Record<string, SystemPackage>;

export type SystemNeed = keyof typeof SYSTEM_PACKAGES;

/** Whether that is on this machine. */
export function isInstalled(need: SystemNeed): boolean {
  return SYSTEM_PACKAGES[need].isThere();
}

/** Throws SetupError with the exact command where something is missing and may not be installed from here. */
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
  // Lists that are old, or not there at all, make the install fail; then they are fetched and it is tried once more.
  if (run([...asRoot, ...install]) === null) return;
  const failure = run([...asRoot, "apt-get", "update"]) ?? run([...asRoot, ...install]);
  if (failure !== null) throw new SetupError(`'${install.join(" ")}' failed:\n${failure}`);
}

/** What to put before a command to run it as root; null where we may not. */
function prefixForRoot(): string[] | null {
  if (process.getuid?.() === 0) return [];
  if (Bun.which("sudo") !== null && run(["sudo", "-n", "true"]) === null) return ["sudo", "-n"];
  return null;
}
