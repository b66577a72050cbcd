// The source `screen`: a screen or a part of it. ffmpeg captures it with the input device of the platform.

import { MissingError, UsageError } from "../../core/errors.ts";
import { type Log, SILENT_LOG } from "../../core/log.ts";
import type { Size } from "../../core/pixel-format.ts";
import { SILENCE_MS } from "../../protocol/silence.ts";
import { type FfmpegInput, LIVE_ARGUMENTS } from "./ffmpeg-input.ts";

/** The screen and the part of it that the user has named. Null stands for a field that the user has not named. */
export interface ScreenPlace {
  /** X11: a display, for example `:1.0`. macOS: a number. Linux without X11: a graphics card, for example /dev/dri/card0. */
  screen: string | null;
  area: (Size & { x: number; y: number }) | null;
}

/** The platform and the environment variables that tell where the screen is. */
export interface Session {
  platform: NodeJS.Platform;
  /** The variable DISPLAY. */
  x11: string | undefined;
  /** The variable WAYLAND_DISPLAY. */
  wayland: string | undefined;
}

/** Returns the session of this process. */
export function ownSession(): Session {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland } = process.env;
  return { platform: process.platform, x11, wayland };
}

/** Returns whether the source is a screen. */
export function isScreen(source: string): boolean {
  return source === "screen" || source.startsWith("screen:");
}

/**
 * Parses `screen`, `screen:1.0`, `screen:host:1.0`, `screen:640x480+100+50` and `screen:1.0,640x480+100+50`. The area is
 * WIDTHxHEIGHT+LEFT+TOP, as in X11 programs. Throws UsageError for other text.
 */
export function parseScreen(source: string): ScreenPlace {
  const place: ScreenPlace = { screen: null, area: null };
  for (const part of source === "screen" ? [] : source.slice("screen:".length).split(",")) {
    const area = /^(\d{1,5})x(\d{1,5})\+(\d{1,5})\+(\d{1,5})$/.exec(part);
    if (area !== null && place.area === null) {
      const [width = 0, height = 0, x = 0, y = 0] = area.slice(1).map(Number);
      place.area = { width, height, x, y };
    } else if (/^(?:[\w.-]*:)?\d+(?:\.\d+)?$|^\/dev\/dri\/card\d+$/.test(part) && place.screen === null) {
      place.screen = part;
    } else {
      throw new UsageError(
        `'${source}' is not a screen: write screen, screen:1.0 (a display) or screen:640x480+100+50`,
      );
    }
  }
  return place;
}

export interface ScreenOptions {
  place: ScreenPlace;
  session: Session;
  /** The size to which the picture is scaled. Null keeps the screen's own size. */
  size: Size | null;
  framesPerSecond: number;
  /** The log for a warning when only some of the windows can be captured. */
  log?: Log;
}

/**
 * Returns the input for ffmpeg. Throws MissingError when there is no screen, and UsageError when the platform cannot capture
 * `place`.
 */
export function screenInput({ place, session, size, framesPerSecond, log = SILENT_LOG }: ScreenOptions): FfmpegInput {
  const { screen, area } = place;
  const rate = ["-framerate", String(framesPerSecond)];
  const input = (name: string, args: string[], filters: string[] = []): FfmpegInput => ({
    name,
    arguments: [...LIVE_ARGUMENTS, ...args],
    size,
    framesPerSecond: null,
    askedFramesPerSecond: framesPerSecond,
    isRgb: true,
    filters,
    openedPath: null,
    isRecording: false,
    devicePath: null,
    body: null,
    address: null,
    stallTimeoutMs: SILENCE_MS, // ffmpeg reads the screen at each interval, even if the screen does not change
  });
  const cropped = area === null ? [] : [`crop=${area.width}:${area.height}:${area.x}:${area.y}`];
  const shown = area === null ? "" : ` ${area.width}x${area.height}+${area.x}+${area.y}`;

  if (session.platform === "darwin") {
    const number = screen ?? "0";
    const args = ["-f", "avfoundation", "-capture_cursor", "1", ...rate, "-i", `Capture screen ${number}:none`];
    return input(`screen ${number}${shown}`, args, cropped);
  }
  if (session.platform === "win32") {
    if (screen !== null)
      throw new UsageError(
        "on Windows a screen is a part of the desktop: write its width, height, left and top, for example screen:1920x1080+0+0",
      );
    const part =
      area === null
        ? []
        : ["-offset_x", `${area.x}`, "-offset_y", `${area.y}`, "-video_size", `${area.width}x${area.height}`];
    return input(`screen${shown}`, ["-f", "gdigrab", ...rate, ...part, "-i", "desktop"]);
  }
  if (screen?.startsWith("/dev/dri/")) {
    // The picture is in the memory of the graphics card, which only a program with CAP_SYS_ADMIN may map (ffmpeg-devices,
    // kmsgrab).
    const args = ["-device", screen, "-f", "kmsgrab", ...rate, "-i", "-"];
    return input(`screen ${screen}${shown}`, args, ["hwdownload", "format=bgr0", ...cropped]);
  }
  const display = displayOf(place, session);
  if (display === null) throw new MissingError(explainMissing(session));
  if (session.wayland && screen === null) {
    log.warning(`this is a Wayland session: only the windows of X11 programs can be captured. ${WAYLAND_WAYS}`);
  }
  const part =
    area === null
      ? []
      : ["-grab_x", `${area.x}`, "-grab_y", `${area.y}`, "-video_size", `${area.width}x${area.height}`];
  return input(`screen ${display}${shown}`, ["-f", "x11grab", ...rate, ...part, "-i", display]);
}

/** Returns the X11 display of a screen, or null when the screen is not on an X11 display. */
export function displayOf({ screen }: ScreenPlace, { platform, x11 }: Session): string | null {
  if (platform === "darwin" || platform === "win32" || screen?.startsWith("/dev/dri/")) return null;
  const display = screen === null ? x11 : screen.includes(":") ? screen : `:${screen}`;
  return display || null;
}

const WAYLAND_WAYS =
  "screen:/dev/dri/card0 captures from the graphics card (ffmpeg needs CAP_SYS_ADMIN), and --source - takes the pipe of a portal";

function explainMissing({ wayland }: Session): string {
  return wayland
    ? `this is a Wayland session without X11, which ffmpeg cannot capture: ${WAYLAND_WAYS}`
    : "there is no screen to capture: DISPLAY is not set; for display :0 write --source screen:0";
}
