// The viewer as a function: one camera in a window, until it is told to stop.

import { Arena } from "../codec/memory/arena.ts";
import type { CodecName } from "../codec/codecs.ts";
import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import type { Size } from "../core/pixel-format.ts";
import { type Address, formatAddress } from "./connect/address.ts";
import { CameraView } from "./camera-view.ts";
import { type FrameOutput, openFrameOutput, OutputClosed } from "./present/frame-output.ts";
import { createNoScreen } from "./screens/none.ts";
import type { Display, Renderer, Screen, ScreenEvents } from "./screens/screen.ts";
import type { ViewReport } from "./figures.ts";

/** What one window and a grid of cameras have in common. */
export interface WindowOptions {
  address: Address;
  display: Display;
  renderer: Renderer;
  workers: number;
  /** End after so many shown frames, or seconds; null = never. */
  frames: number | null;
  seconds: number | null;
  /** End with the first connection instead of connecting again. */
  once: boolean;
}

export interface ViewOptions extends WindowOptions {
  /** A picture of that size is enough; null = as large as the source's. */
  size: Size | null;
  /** File for raw RGBA frames, `-` for standard output; null = none. */
  output: string | null;
}

export interface ViewEvents {
  /** Once a second. */
  report(report: ViewReport): void;
  /** One line for the user. */
  say(text: string): void;
  /** Another screen than `options.display` names; benches look at the pixels with it. */
  createScreen?(events: ScreenEvents): Promise<Screen>;
}

/** The fast one, which asks jsquash for what it does not read itself; what the server encodes with does not matter. */
export const DECODER: CodecName = "simd";
export const TICK_MS = 100;
export const REPORT_MS = 1_000;

/**
 * Shows a server's video until the user quits, a limit is reached or `signal` aborts; resolves with the last report.
 * Throws MissingError without a display, ConnectionError where the host is unknown or, with `once`, nobody answers, and
 * ProtocolError where what answers is no Slipstream server of this version.
 */
export async function view(options: ViewOptions, signal: AbortSignal, events: ViewEvents): Promise<ViewReport> {
  const stopping = new AbortController();
  const stopped = AbortSignal.any([signal, stopping.signal]);
  let failure: { reason: unknown } | null = null;
  const fail = (reason: unknown) => {
    failure ??= { reason };
    stopping.abort();
  };
  let camera: CameraView | null = null;
  const arena = Arena.create();
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: DECODER,
    threads: options.workers,
    onIdle: () => camera?.pump(),
    onBroken: fail,
    onRestarted: (reason) => events.say(`a codec thread failed and was restarted: ${reason}`),
  });
  const screenEvents: ScreenEvents = {
    onQuit: () => stopping.abort(),
    onSnapshot: () => (camera === null ? events.say("there is no picture to save yet") : camera.snapshot()),
    onPause: () => camera?.togglePause(),
    onOverlay: () => camera?.toggleOverlay(),
    onExposed: () => camera?.refresh(),
  };
  let output: FrameOutput | null = null;
  let screen: Screen | null = null;
  const timers: ReturnType<typeof setInterval>[] = [];
  try {
    output = options.output === null ? null : await openFrameOutput(options.output);
    screen = await openScreen(options, events, screenEvents);
    await pool.started;
    const { address, size, once } = options;
    const shown = await CameraView.create({
      ...{ address, size, once, arena, pool, screen, output, stopped },
      say: events.say,
      onShown: (frames) => {
        if (frames === options.frames) stopping.abort();
      },
      onBroken: fail,
    });
    camera = shown;
    timers.push(setInterval(() => shown.tick(), TICK_MS));
    timers.push(setInterval(() => events.report(shown.figures.report()), REPORT_MS));
    if (options.seconds !== null) timers.push(setTimeout(() => stopping.abort(), options.seconds * 1000));
    await shown.run();
    throwUnlessClosed(failure);
    return shown.figures.report();
  } finally {
    camera = null;
    for (const timer of timers) clearInterval(timer);
    await pool.close();
    screen?.close();
    await output?.close();
  }
}

/** Whoever read the output and has enough of it is no failure. */
function throwUnlessClosed(failure: { reason: unknown } | null): void {
  if (failure !== null && !(failure.reason instanceof OutputClosed)) throw failure.reason;
}

async function openScreen(options: ViewOptions, events: ViewEvents, screenEvents: ScreenEvents): Promise<Screen> {
  if (events.createScreen !== undefined) return events.createScreen(screenEvents);
  if (options.display === "none") return createNoScreen();
  const { createSdlScreen } = await import("./screens/sdl.ts"); // only who wants a window needs SDL
  return createSdlScreen(`Slipstream - ${formatAddress(options.address)}`, options.renderer, screenEvents);
}
