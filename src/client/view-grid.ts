// All cameras of a server in one window, each over a connection of its own.

import { Arena } from "../codec/memory/arena.ts";
import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { sleep } from "../core/clock.ts";
import { ConnectionError, messageOf } from "../core/errors.ts";
import { type Address, formatAddress } from "./connect/address.ts";
import { askForCameras } from "./connect/ask.ts";
import { CameraView } from "./camera-view.ts";
import { isHopeless } from "./connect/keep-connected.ts";
import { Backoff } from "./connect/backoff.ts";
import { Grid, type GridWindow } from "./screens/grid.ts";
import { createNoScreen } from "./screens/none.ts";
import type { ScreenEvents } from "./screens/screen.ts";
import { DECODER, REPORT_MS, TICK_MS, type WindowOptions } from "./view.ts";
import type { ViewReport } from "./figures.ts";

/** Until the user gives the window another size, and without a window for good. */
const WINDOW_SIZE = { width: 1280, height: 720 };

/** Printed as it is by `--json`. */
export interface GridReport {
  server: string;
  /** In the order of the server; `source` is a camera's name. */
  cameras: ViewReport[];
}

export interface GridEvents {
  /** Once a second. */
  report(report: GridReport): void;
  /** One line for the user. */
  say(text: string): void;
}

/**
 * Shows all cameras until the user quits, a limit is reached (`frames` is of all together) or `signal` aborts; resolves with the last
 * report. Which cameras there are is asked once. Throws as `view` does.
 */
export async function viewGrid(options: WindowOptions, signal: AbortSignal, events: GridEvents): Promise<GridReport> {
  const stopping = new AbortController();
  const stopped = AbortSignal.any([signal, stopping.signal]);
  let failure: { reason: unknown } | null = null;
  const fail = (reason: unknown) => {
    failure ??= { reason };
    stopping.abort();
  };
  const { address, once } = options;
  const server = formatAddress(address);
  const views: CameraView[] = [];
  const arena = Arena.create();
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: DECODER,
    threads: options.workers,
    onIdle: () => turns.pump(),
    onBroken: fail,
    onRestarted: (reason) => events.say(`a codec thread failed and was restarted: ${reason}`),
  });
  const turns = new FairShare(pool);
  const report = (): GridReport => ({ server, cameras: views.map(({ figures }) => figures.report()) });
  let window: GridWindow | null = null;
  let grid: Grid | null = null;
  const timers: ReturnType<typeof setInterval>[] = [];
  const all = (act: (view: CameraView) => void) => {
    for (const view of views) act(view);
  };
  try {
    if (options.seconds !== null) timers.push(setTimeout(() => stopping.abort(), options.seconds * 1000));
    const names = await findCameras(options, stopped, events.say);
    if (stopped.aborted) return report();
    window = await openWindow(options, server, {
      onQuit: () => stopping.abort(),
      onSnapshot() {
        const view = grid?.selected === null ? undefined : views[grid?.selected ?? 0];
        if (view === undefined) events.say("a snapshot is of one camera: choose it by its number or a click first");
        else view.snapshot();
      },
      onPause: () => all((view) => view.togglePause()),
      onOverlay: () => all((view) => view.toggleOverlay()),
      onExposed: () => grid?.expose(),
      onNumber: (number) => grid?.select(number - 1),
      onClick(x, y) {
        const cell = grid?.cellAt(x, y) ?? null;
        if (cell !== null) grid?.select(cell);
      },
    });
    await pool.started;
    grid = new Grid({
      window,
      cells: names.length,
      label: (index) => describeAge(names[index] as string, views[index]),
      onArranged() {
        for (const [index, view] of views.entries()) {
          view.setVisible(grid?.cells[index]?.visible ?? null);
          view.refresh();
        }
      },
      onBroken: fail,
    });
    let frames = 0;
    const onShown = () => {
      if (++frames === options.frames) stopping.abort();
    };
    for (const [index, cell] of grid.cells.entries()) {
      const camera = names[index] as string;
      const shown: Address = { ...address, camera };
      const view = await CameraView.create({
        ...{ address: shown, size: cell.visible, once, arena, pool, screen: cell, output: null, stopped, onShown },
        say: (text) => events.say(`${camera}: ${text}`),
        onConnected: () => all((other) => other.retryNow()),
        onBroken: fail,
      });
      view.setVisible(cell.visible);
      views.push(view);
      turns.add(view);
    }
    timers.push(setInterval(() => all((view) => view.tick()), TICK_MS));
    timers.push(
      setInterval(() => {
        events.report(report());
        all((view) => view.refresh()); // where nothing moves, its age is still to be seen
      }, REPORT_MS),
    );
    await runAll(views, fail);
    if (failure !== null) throw (failure as { reason: unknown }).reason;
    return report();
  } finally {
    for (const timer of timers) clearInterval(timer);
    grid?.close();
    await pool.close();
    window?.close();
  }
}

/** Resolves when all have ended; what none can go on with stops all. */
async function runAll(views: CameraView[], fail: (reason: unknown) => void): Promise<void> {
  await Promise.all(views.map((view) => view.run().catch(fail)));
}

/** Which cameras there are; asks until there is an answer. */
async function findCameras(
  { address, once }: WindowOptions,
  stopped: AbortSignal,
  say: (text: string) => void,
): Promise<string[]> {
  const backoff = new Backoff();
  let said = "";
  while (!stopped.aborted) {
    try {
      return (await askForCameras(address, stopped)).map(({ name }) => name);
    } catch (error) {
      if (!(error instanceof ConnectionError) || once || isHopeless(error)) throw error;
      const text = `${messageOf(error)}; trying again`;
      if (text !== said && !stopped.aborted) say(text);
      said = text;
    }
    await sleep(backoff.nextMs(), stopped);
  }
  return [];
}

async function openWindow(
  { display, renderer }: WindowOptions,
  server: string,
  events: ScreenEvents,
): Promise<GridWindow> {
  if (display === "none") return { ...createNoScreen(), pixelSize: WINDOW_SIZE };
  const { createSdlScreen } = await import("./screens/sdl.ts"); // only who wants a window needs SDL
  const window = await createSdlScreen(`${server} - Slipstream`, renderer, events);
  window.open(WINDOW_SIZE);
  return window;
}

function describeAge(name: string, view: CameraView | undefined): string {
  const latency = view?.figures.latencyNowMs ?? null;
  return latency === null ? name : `${name}  ${Math.round(latency)} ms`;
}

/** One calm line of what matters, for a terminal. */
export function describeGrid({ cameras }: GridReport): string {
  return cameras
    .map(({ source, server, connected, frames, fps, latencyMs }) => {
      if (!connected) return `waiting for ${server}`;
      return frames === 0 ? `${source}: no picture yet` : `${source} ${fps} fps · ${latencyMs.p50} ms`;
    })
    .join(" | ");
}

/** What is said of it all at the end. */
export function describeGridEnd({ cameras }: GridReport): string {
  if (cameras.every(({ frames }) => frames === 0)) return "ended: no picture was shown";
  return `ended: frames shown: ${cameras.map(({ source, frames }) => `${source} ${frames}`).join(", ")}`;
}
