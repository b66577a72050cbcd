// Shows all cameras of a server in one window. Each camera has its own connection.

import { sleep } from "../core/clock.ts";
import { ConnectionError, messageOf } from "../core/errors.ts";
import { type Log, SILENT_LOG } from "../core/log.ts";
import type { Size } from "../core/pixel-format.ts";
import type { LatencyMs } from "../core/statistics.ts";
import { CameraView, type CameraViewOwner } from "./camera-view.ts";
import { formatAddress } from "../connect/address.ts";
import { askForCameras } from "../connect/ask.ts";
import { Backoff } from "../connect/backoff.ts";
import { isHopeless } from "../connect/keep-connected.ts";
import { DEFAULT_MAX_PIXELS, PixelBudget } from "../connect/server-limits.ts";
import { type ServerAccess, withoutKey } from "../connect/server-access.ts";
import { connectTcp } from "../connect/tcp.ts";
import type { ViewReport } from "./figures.ts";
import { clipKey } from "./save/clip.ts";
import { saveSnapshot } from "./save/snapshot.ts";
import { Grid, type GridWindow } from "./screens/grid.ts";
import { createNoScreen } from "./screens/none.ts";
import type { ScreenEvents } from "./screens/screen.ts";
import { reportSeenMotion } from "./seen-motion.ts";
import { ViewSession, type WindowOptions } from "./session.ts";

/** The first size of the window, or the size of the grid when there is no window. */
const REFRESH_MS = 1_000;
const WINDOW_SIZE = { width: 1280, height: 720 };

/** The report of a grid. `--json` prints this object. */
export interface GridReport {
  server: string;
  /** The reports of the cameras in the server's order. `source` is the name of a camera. */
  cameras: ViewReport[];
  /** As in WindowReport (view.ts). */
  loopDelayMs: LatencyMs;
}

/**
 * Shows all cameras of a server until the user quits, a limit is reached or `signal` aborts. `frames` counts all cameras
 * together. Resolves with the last report. `report` is called once a second. The server's list of cameras is read once. Log lines
 * about one camera have its name as subject. Throws the same errors as `view`.
 */
export async function viewGrid(
  options: WindowOptions,
  signal: AbortSignal,
  report: (report: GridReport) => void,
): Promise<GridReport> {
  const { address, once, wait, maxPixels, trace = null, log = SILENT_LOG } = options;
  const access = options.access ?? withoutKey(address);
  await using session = new ViewSession(options, log, signal);
  const { arena, pool, stopped } = session;
  const server = formatAddress(address);
  const pixels = new PixelBudget(maxPixels ?? DEFAULT_MAX_PIXELS);
  const views: CameraView[] = [];
  const present = (): GridReport => ({
    server,
    cameras: views.map((view) => view.report()),
    loopDelayMs: session.loopDelay.delays.summary(),
  });
  const all = (act: (view: CameraView) => void) => {
    for (const view of views) act(view);
  };
  let grid: Grid | null = null;
  const names = await findCameras(options, access, stopped, log);
  if (stopped.aborted) return present();
  const saveLast = clipKey(access, stopped, log);
  const window = await openGridWindow(options, server, {
    onQuit: () => session.stop(),
    onSnapshot() {
      const view = grid?.selected === null ? undefined : views[grid?.selected ?? 0];
      if (view === undefined)
        log.info("a snapshot contains one camera: first choose a camera by its number or by a click");
      else view.snapshot();
    },
    onClip() {
      const camera = names[grid?.selected ?? -1];
      if (camera === undefined)
        log.info("a clip contains one camera: first choose a camera by its number or by a click");
      else saveLast({ ...address, camera });
    },
    onPause: () => all((view) => view.togglePause()),
    onOverlay: () => all((view) => view.toggleOverlay()),
    onExposed: () => grid?.expose(),
    onHidden: (isHidden) => grid?.setHidden(isHidden),
    onNumber: (number) => grid?.select(number - 1),
    onClick(x, y) {
      const cell = grid?.cellAt(x, y) ?? null;
      if (cell !== null) grid?.select(cell);
    },
  });
  session.atEnd(() => window.close());
  await pool.started;
  const cells = new Grid({
    window,
    cells: names.length,
    label: (index) => describeAge(names[index] as string, views[index]),
    onArranged() {
      for (const [index, view] of views.entries()) {
        showIn(view, grid?.cells[index]?.visible ?? null);
        view.refresh();
      }
    },
    onBroken: (reason) => session.fail(reason),
  });
  grid = cells;
  session.atEnd(() => cells.close());
  let frames = 0;
  const owner: CameraViewOwner = {
    viewConnected: () => all((view) => view.retryNow()),
    viewShown: () => {
      if (++frames === options.frames) session.stop();
    },
    viewFailed: (reason) => session.fail(reason),
  };
  for (const [index, cell] of cells.cells.entries()) {
    const camera = names[index] as string;
    const view = await CameraView.create(
      {
        address: { ...address, camera },
        connect: connectTcp,
        access,
        size: null,
        once,
        wait,
        maxPixels: pixels,
        arena,
        pool,
        screen: cell,
        save: saveSnapshot,
        output: null,
        stopped,
        trace,
        log: log.getChild(camera),
      },
      {
        ...owner,
        motionTold: (motion) => {
          if (motion !== null) options.onMotion?.(reportSeenMotion(camera, motion));
        },
      },
    );
    showIn(view, cell.visible);
    views.push(view);
    session.threadUsers.add(view);
  }
  session.startTimers(
    () => all((view) => view.tick()),
    () => report(present()),
  );
  // The displayed age of a picture grows even if no new picture comes.
  session.repeat(REFRESH_MS, () => all((view) => view.refresh()));
  await Promise.all(views.map((view) => view.run().catch((reason: unknown) => session.fail(reason))));
  session.throwIfFailed();
  return present();
}

/** Asks the server for its list of cameras until it answers. */
async function findCameras(
  { address, once, wait }: WindowOptions,
  access: ServerAccess,
  stopped: AbortSignal,
  log: Log,
): Promise<string[]> {
  const backoff = new Backoff();
  let said = "";
  while (!stopped.aborted) {
    try {
      return (await askForCameras({ address, access }, stopped)).map(({ name }) => name);
    } catch (error) {
      if (!(error instanceof ConnectionError) || (!wait && (once || isHopeless(error)))) throw error;
      const text = `${messageOf(error)}; trying again`;
      if (text !== said && !stopped.aborted) log.info(text);
      said = text;
    }
    await sleep(backoff.nextMs(), stopped);
  }
  return [];
}

async function openGridWindow(
  { display, renderer }: WindowOptions,
  server: string,
  events: ScreenEvents,
): Promise<GridWindow> {
  if (display === "none") return { ...createNoScreen(), pixelSize: WINDOW_SIZE };
  const { createSdlScreen } = await import("./screens/sdl.ts"); // SDL is loaded only when a window is needed.
  const window = await createSdlScreen(`${server} - Slipstream`, renderer, events);
  window.open(WINDOW_SIZE);
  return window;
}

/** Requests pictures of the size that they have on the screen, or no pictures while the view cannot be seen (null). */
function showIn(view: CameraView, visible: Size | null): void {
  if (visible !== null) view.setSeen(visible);
  view.setHidden(visible === null);
}

function describeAge(name: string, view: CameraView | undefined): string {
  const latency = view?.figures.latencyNowMs ?? null;
  return latency === null ? name : `${name}  ${Math.round(latency)} ms`;
}

/** Returns the most important figures in one line for a terminal. */
export function describeGrid({ cameras }: GridReport): string {
  return cameras
    .map(({ source, server, connected, frames, fps, latencyMs }) => {
      if (!connected) return `waiting for ${server}`;
      return frames === 0 ? `${source}: no picture yet` : `${source} ${fps} fps · ${latencyMs.p50} ms`;
    })
    .join(" | ");
}

/** Returns the line that is printed at the end. */
export function describeGridEnd({ cameras }: GridReport): string {
  if (cameras.every(({ frames }) => frames === 0)) return "ended: no picture was shown";
  return `ended: frames shown: ${cameras.map(({ source, frames }) => `${source} ${frames}`).join(", ")}`;
}
