// The screen `sdl`: a resizable window through the package @kmamal/sdl.

import { existsSync } from "node:fs";
import type { Sdl } from "@kmamal/sdl";
import { MissingError, messageOf } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import { ARE_BUILT, PROGRAM_FILES } from "../../program-files.ts";
import { drawOverlay, type Overlay, type RgbaPicture } from "./overlay.ts";
import { firstWindowSize, letterbox, sourceSize } from "./letterbox.ts";
import type { Renderer, Screen, ScreenEvents } from "./screen.ts";
import { SeenWindow } from "./seen-window.ts";
import { ignoreWindowErrors } from "./x11-errors.ts";

type SdlModule = typeof import("@kmamal/sdl");

/** The window opens after this time even without a picture, so that it can show the reason. */
const REVEAL_AFTER_MS = 400;

/** The size of the window before the first picture. */
const FIRST_SIZE: Size = { width: 640, height: 360 };

/** A screen in a window. The window can also be opened before the first picture. */
export interface SdlScreen extends Screen {
  /** Size of the contents, in pixels. */
  readonly pixelSize: Size;
  /** Opens the window now. It has this size, or a smaller one if it does not fit on the screen. */
  open(size: Size): void;
}

/** Creates a window. Throws MissingError if there is no display or the package's binding is not built. */
export async function createSdlScreen(title: string, renderer: Renderer, events: ScreenEvents): Promise<SdlScreen> {
  const sdl = await loadSdl();
  ignoreWindowErrors();
  const window = openWindow(sdl, title, renderer);
  const seen = new SeenWindow(window, events);
  window.on("close", () => events.onQuit());
  window.on("resize", () => events.onExposed());
  window.on("expose", () => events.onExposed());
  window.on("keyDown", (event) => pressKey(window, event.key, events));
  window.on("mouseButtonDown", ({ x, y }) =>
    events.onClick?.((x * window.pixelWidth) / window.width, (y * window.pixelHeight) / window.height),
  );
  let source: Size | null = null;
  let fittedFor: Size | null = null;
  // The window stays hidden until its size is known, because window managers may ignore a change of size while they place the
  // window.
  let isRevealed = false;
  const reveal = () => {
    if (window.destroyed || isRevealed) return; // after that, the user decides about the window and may have minimised it
    isRevealed = true;
    window.show();
  };
  const revealing = setTimeout(reveal, REVEAL_AFTER_MS);
  return {
    show(picture, overlay) {
      if (window.destroyed) return;
      if (
        picture.received !== undefined &&
        (source?.width !== fittedFor?.width || source?.height !== fittedFor?.height)
      ) {
        fittedFor = source;
        const whole = source === null ? picture : sourceSize(picture, source);
        fitWindow(sdl, window, whole);
        seen.setSource(whole);
        reveal();
      }
      render(window, picture, overlay);
    },
    setSource(size) {
      source = size;
    },
    get pixelSize() {
      return { width: window.pixelWidth, height: window.pixelHeight };
    },
    open(size) {
      fitWindow(sdl, window, size);
      reveal();
    },
    setTitle: (text) => window.destroyed || window.setTitle(text),
    close() {
      clearTimeout(revealing);
      seen.close();
      if (!window.destroyed) window.destroy();
    },
  };
}

function howToGetSdl(): string {
  if (!ARE_BUILT) return "'bun run view' sets SDL up";
  const install = "install SDL2 (apt-get install libsdl2-2.0-0, macOS: brew install sdl2)";
  return PROGRAM_FILES.sdlBinding === null ? `${install} and the package @kmamal/sdl with its install script` : install;
}

/** Loads the window library. Throws MissingError if it is missing, or if there is no display that it can use. */
export async function loadSdl(): Promise<SdlModule> {
  let sdl: SdlModule;
  try {
    sdl = await import("@kmamal/sdl");
  } catch (cause) {
    const reason = messageOf(cause).split("\n")[0];
    throw new MissingError(
      `no window can be opened (${reason}): ${howToGetSdl()}; --display none works without a window`,
      { cause },
    );
  }
  // If SDL finds no display, it uses a driver whose windows cannot be seen.
  const driver = sdl.info.drivers.video.current;
  if (driver === null || driver === "offscreen" || driver === "dummy") {
    const { DISPLAY } = process.env;
    const reason = DISPLAY ? `the display ${DISPLAY} cannot be used` : "there is no display";
    throw new MissingError(`no window can be opened (${reason}): set DISPLAY to a display, or use --display none`);
  }
  return sdl;
}

function openWindow(sdl: SdlModule, title: string, renderer: Renderer): Sdl.Video.Window {
  try {
    return sdl.video.createWindow({
      title,
      ...FIRST_SIZE,
      resizable: true,
      visible: false,
      // With vsync, SDL would wait for the display's refresh and block this thread, which owns the sockets.
      vsync: false,
      accelerated: renderer === "gpu" || (renderer === "auto" && hasGpu()),
    });
  } catch (cause) {
    throw new MissingError(`no window can be opened (${messageOf(cause)}); --display none works without a window`, {
      cause,
    });
  }
}

/**
 * Returns whether there probably is a GPU. Without one, "accelerated" means OpenGL in software, which takes 4–6 ms for a 720p
 * picture. SDL's own software renderer takes 1 ms.
 */
function hasGpu(): boolean {
  return process.platform !== "linux" || existsSync("/dev/dri");
}

function fitWindow(sdl: SdlModule, window: Sdl.Video.Window, picture: Size): void {
  if (window.fullscreen || window.maximized) return;
  const space = sdl.video.displays[0]?.usable;
  if (space === undefined) return;
  const { width, height } = firstWindowSize(picture, space);
  window.setSize(width, height);
  // SDL makes the window larger to the right and downwards, so it may leave the screen. Therefore it is centred. A window manager
  // may place it elsewhere.
  window.setPosition(space.x + ((space.width - width) >> 1), space.y + ((space.height - height) >> 1));
}

function render(window: Sdl.Video.Window, picture: RgbaPicture, overlay: Overlay): void {
  const { width, height, pixels } = picture;
  const dstRect = letterbox(picture, { width: window.pixelWidth, height: window.pixelHeight });
  const scaling = dstRect.width === width && dstRect.height === height ? "nearest" : "linear";
  const restore = drawOverlay(picture, overlay);
  // This buffer is a view and not a copy, because its memory is shared with the codec threads.
  const buffer = Buffer.from(pixels.buffer, pixels.byteOffset, pixels.byteLength);
  window.render(width, height, width * 4, "rgba32", buffer, { scaling, dstRect });
  restore();
}

function pressKey(window: Sdl.Video.Window, key: string | null, events: ScreenEvents): void {
  switch (key) {
    case "f11":
    case "f":
      window.setFullscreen(!window.fullscreen);
      break;
    case "return":
    case "escape":
    case "q":
      events.onQuit();
      break;
    case "s":
      events.onSnapshot();
      break;
    case "c":
      events.onClip();
      break;
    case "left":
      events.onBack?.();
      break;
    case "right":
      events.onForward?.();
      break;
    case "end":
      events.onNow?.();
      break;
    case "space":
      events.onPause();
      break;
    case "i":
      events.onOverlay();
      break;
    default:
      if (key !== null && /^[1-9]$/.test(key)) events.onNumber?.(Number(key));
  }
}
