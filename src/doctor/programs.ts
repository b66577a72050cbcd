// Examines the programs and libraries of other projects that Slipstream uses: ffmpeg, and SDL with a display.

import { loadSdl } from "../client/screens/sdl.ts";
import { MissingError } from "../core/errors.ts";
import { type Finding, good, installCommand, limited } from "./finding.ts";

/** Examines ffmpeg. Cameras and the test card work without it. `path` is null if it is not installed. */
export function examineFfmpeg(path: string | null = Bun.which("ffmpeg")): Finding[] {
  const mend = installCommand({ debian: "ffmpeg", homebrew: "ffmpeg" });
  const uses = "files, screens and network streams";
  if (path === null) return [limited("ffmpeg", `ffmpeg is not installed, so ${uses} cannot be read`, mend)];
  const result = Bun.spawnSync([path, "-hide_banner", "-version"], { stdout: "pipe", stderr: "pipe", stdin: "ignore" });
  const [, version] = /^ffmpeg version (\S+)/.exec(result.stdout.toString()) ?? [];
  if (version === undefined) {
    const reason = result.stderr.toString().trim().split("\n").at(-1) || `exit code ${result.exitCode}`;
    return [limited("ffmpeg", `${path} does not run (${reason}), so ${uses} cannot be read`, mend)];
  }
  // The option -fps_mode is new in ffmpeg 5.1. Builds of a branch or a day have no such number.
  if (/^n?(?:[0-4]|5\.0)\b/.test(version)) {
    const newer = "use a newer release of the system, or a build from https://ffmpeg.org/download.html";
    return [limited("ffmpeg", `ffmpeg ${version} is older than 5.1, so ${uses} cannot be read`, newer)];
  }
  return [good("ffmpeg", `ffmpeg ${version} reads ${uses}`)];
}

/** Examines the display and the window library. Only `view` and `serve --preview` need them. */
export async function examineDisplay(): Promise<Finding[]> {
  const { DISPLAY, WAYLAND_DISPLAY } = process.env;
  if (process.platform === "linux" && !DISPLAY && !WAYLAND_DISPLAY) {
    const text = "there is no display (DISPLAY and WAYLAND_DISPLAY are not set), so view opens no window";
    return [limited("display", text, "bun run view --display none, or the web page of the server")];
  }
  const shown = DISPLAY ? `DISPLAY=${DISPLAY}` : WAYLAND_DISPLAY ? `WAYLAND_DISPLAY=${WAYLAND_DISPLAY}` : "the desktop";
  try {
    const { info } = await loadSdl();
    const { compile, runtime } = info.version;
    const of = ({ major, minor, patch }: typeof runtime) => `${major}.${minor}.${patch}`;
    return [
      good("display", `windows open on ${shown} (${info.drivers.video.current})`),
      good("sdl", `SDL ${of(runtime)} (built for ${of(compile)})`),
    ];
  } catch (error) {
    if (!(error instanceof MissingError)) throw error;
    return [limited("display", error.message)];
  }
}
