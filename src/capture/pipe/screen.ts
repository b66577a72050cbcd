// The source `screen`: what is on a screen, or on a part of it, by what ffmpeg has for it on each platform.

import { MissingError, UsageError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { FfmpegInput } from "./ffmpeg.ts";

/** Which screen, and where on it; each null where the user does not say. */
export interface ScreenPlace {
  /** X11: a display, as `:1.0`. macOS: a number. Linux without X11: a graphics card, as /dev/dri/card0. */
  screen: string | null;
  area: (Size & { x: number; y: number }) | null;
}

/** As much of the environment as says where the screen is. */
export interface Session {
  platform: NodeJS.Platform;
  /** DISPLAY and WAYLAND_DISPLAY. */
  x11: string | undefined;
  wayland: string | undefined;
}

/** The session that this process runs in. */
export function ownSession(): Session {
  const { DISPLAY: x11, WAYLAND_DISPLAY: wayland } = process.env;
  return { platform: process.platform, x11, wayland };
}

/** Whether the source names a screen. */
export function isScreen(source: string): boolean {
  return source === "screen" || source.startsWith("screen:");
}

/**
 * Reads `screen`, `screen:1.0`, `screen:host:1.0`, `screen:640x480+100+50` and `screen:1.0,640x480+100+50`; the area is written
 * as X11 programs do. Throws UsageError for anything else.
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
      throw new UsageError(`'${source}' is no screen: write screen, screen:1.0 (a display) or screen:640x480+100+50`);
    }
  }
  return place;
}

/**
 * What ffmpeg is to be told. `say` hears where the screen will not be all that the user sees.
 * Throws MissingError where there is no screen, UsageError where the platform cannot do what is asked.
 */
export function screenInput(
  place: ScreenPlace,
  session: Session,
  size: Size | null,
  framesPerSecond: number,
  say: (text: string) => void = () => undefined,
): FfmpegInput {
  const { screen, area } = place;
  const rate = ["-framerate", String(framesPerSecond)];
  const common = {
    size,
    framesPerSecond: null,
    askedFramesPerSecond: framesPerSecond,
    isRgb: true,
    probe: null,
    devicePath: null,
  };
  const input = (name: string, args: string[], filters: string[] = []): FfmpegInput => ({
    ...common,
    ...{ name, filters, arguments: ["-fflags", "nobuffer", ...args], stallTimeoutMs: SCREEN_STALL_MS },
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
      throw new UsageError("on Windows a screen is a part of the desktop: write screen:1920x1080+0+0");
    const part =
      area === null
        ? []
        : ["-offset_x", `${area.x}`, "-offset_y", `${area.y}`, "-video_size", `${area.width}x${area.height}`];
    return input(`screen${shown}`, ["-f", "gdigrab", ...rate, ...part, "-i", "desktop"]);
  }
  if (screen?.startsWith("/dev/dri/")) {
    // Planes lie in the card's memory; only a program with CAP_SYS_ADMIN may map them (ffmpeg-devices, kmsgrab).
    const args = ["-device", screen, "-f", "kmsgrab", ...rate, "-i", "-"];
    return input(`screen ${screen}${shown}`, args, ["hwdownload", "format=bgr0", ...cropped]);
  }
  const display = screen === null ? session.x11 : screen.includes(":") ? screen : `:${screen}`;
  if (display === undefined || display === "") throw new MissingError(explainMissing(session));
  if (session.wayland && screen === null) {
    say(`this is a Wayland session: of the screen only X11's own windows can be read. ${WAYLAND_WAYS}`);
  }
  const part =
    area === null
      ? []
      : ["-grab_x", `${area.x}`, "-grab_y", `${area.y}`, "-video_size", `${area.width}x${area.height}`];
  return input(`screen ${display}${shown}`, ["-f", "x11grab", ...rate, ...part, "-i", display]);
}

/** A screen is asked for a picture at each beat and gives one, moving or not. */
const SCREEN_STALL_MS = 2_000;

const WAYLAND_WAYS =
  "screen:/dev/dri/card0 reads the card itself (ffmpeg needs CAP_SYS_ADMIN), and what a portal gives can be piped in (--source -)";

function explainMissing({ wayland }: Session): string {
  return wayland
    ? `this is a Wayland session without X11, which ffmpeg cannot read: ${WAYLAND_WAYS}`
    : "there is no screen to read: DISPLAY is not set; for display :0 write --source screen:0";
}
