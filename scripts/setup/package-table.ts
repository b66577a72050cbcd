// The table of programs and libraries of the operating system that Slipstream, its tests and its benches use.

import { existsSync } from "node:fs";
import { run } from "./run.ts";

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

function file(path: string): () => boolean {
  return () => existsSync(path);
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

/** The packages by the names that messages use. */
export const SYSTEM_PACKAGES = {
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
    isThere: file(LIBFAKETIME),
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
    isThere: file(`${LIBRARIES}/vlc/plugins/access/libhttp_plugin.so`),
  },
  mkvtoolnix: {
    purpose: "checks recordings in tests",
    debian: "mkvtoolnix",
    homebrew: "mkvtoolnix",
    isThere: () => program("mkvinfo")() && program("mkvmerge")(),
  },
  mandoc: { purpose: "checks manual pages", debian: "mandoc", homebrew: "mandoc", isThere: program("mandoc") },
  man: { purpose: "shows manual pages in tests", debian: "man-db", homebrew: null, isThere: program("man") },
  groff: { purpose: "a part of man", debian: "groff", homebrew: "groff", isThere: program("groff") },
  fish: { purpose: "checks its completions", debian: "fish", homebrew: "fish", isThere: program("fish") },
  zsh: { purpose: "checks its completions", debian: "zsh", homebrew: null, isThere: program("zsh") },
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
    isThere: file("/usr/aarch64-linux-gnu/include/linux/videodev2.h"),
  },
} as const satisfies Record<string, SystemPackage>;

export type SystemNeed = keyof typeof SYSTEM_PACKAGES;
