// The viewer as a function: it shows one camera in a window until it is stopped.

import { type Log, SILENT_LOG } from "../core/log.ts";
import { untilAbort } from "../core/on-abort.ts";
import type { Size } from "../core/pixel-format.ts";
import type { LatencyMs } from "../core/statistics.ts";
import { CameraView, type CameraViewOwner } from "./camera-view.ts";
import { formatAddress } from "../connect/address.ts";
import { withoutKey } from "../connect/server-access.ts";
import { connectTcp } from "../connect/tcp.ts";
import type { ViewReport } from "./figures.ts";
import { DEFAULT_MAX_PIXELS } from "../connect/server-limits.ts";
import { PastView } from "./past/past-view.ts";
import { openFrameOutput } from "./save/frame-output.ts";
import { clipKey } from "./save/clip.ts";
import { saveSnapshot } from "./save/snapshot.ts";
import { RawFrameWriter, roundedUp } from "./raw-frames.ts";
import { createNoScreen } from "./screens/none.ts";
import type { Screen, ScreenEvents } from "./screens/screen.ts";
import { reportSeenMotion } from "./seen-motion.ts";
import { ViewSession, type WindowOptions } from "./session.ts";
import { VirtualCamera, type VirtualCameraReport } from "./virtual-camera/virtual-camera.ts";

export interface ViewOptions extends WindowOptions {
  /** The picture size that is enough. Null means the size of the source. Frames in `output` have this size. */
  size: Size | null;
  /**
   * The file for raw RGBA frames. `-` means standard output, and null means no output. RawFrameWriter handles pictures of other
   * sizes.
   */
  output: string | null;
  /**
   * The V4L2 output device that gets the shown pictures, for example `/dev/video9` of v4l2loopback. It cannot be used together
   * with `output`. Default: no device.
   */
  to?: string | null;
  /** Opens a screen instead of the one that `display` names. Benches use it to read the shown pixels. */
  createScreen?: (events: ScreenEvents) => Promise<Screen>;
}

/** The report of a window. `--json` prints this object. */
export interface WindowReport extends ViewReport {
  /** How late the main thread's event loop was, since the start. While it is late, pictures and keys wait. */
  loopDelayMs: LatencyMs;
  /** The figures of the device `to`, if there is one. */
  virtualCamera?: VirtualCameraReport;
}

/**
 * Shows a camera until the user quits, a limit is reached or `signal` aborts. Resolves with the last report. `report` is called
 * once a second. Throws MissingError if no window, output or device can be opened, ConnectionError if the host is unknown or, with
 * `once`, no server is reached, and ProtocolError if the program that answers is not a Slipstream server of this version. An abort
 * while an output (a pipe without a reader) or a device is being opened rejects with the signal's reason.
 */
export async function view(
  options: ViewOptions,
  signal: AbortSignal,
  report: (report: WindowReport) => void,
): Promise<WindowReport> {
  const {
    address,
    access = withoutKey(options.address),
    size,
    to = null,
    once,
    wait,
    maxPixels,
    trace = null,
    log = SILENT_LOG,
  } = options;
  await using session = new ViewSession(options, log, signal);
  const { arena, pool, stopped } = session;
  let camera: CameraView | null = null;
  let past: PastView | null = null;
  const output = options.output === null ? null : await untilAbort(openFrameOutput(options.output), signal);
  if (output !== null) session.atEnd(() => output.close());
  const writer = output === null ? null : new RawFrameWriter(output, size, log);
  const virtualCamera = to === null ? null : await openVirtualCamera(to, size, log, signal);
  if (virtualCamera !== null) session.atEnd(() => virtualCamera[Symbol.asyncDispose]());
  const saveLast = clipKey(access, stopped, log);
  const screen = await openScreen(options, {
    onQuit: () => session.stop(),
    onSnapshot: () => (camera === null ? log.info("there is no picture to save yet") : camera.snapshot()),
    onClip: () => saveLast(address),
    onBack: () => past?.back(),
    onForward: () => past?.forward(),
    onNow: () => past?.now(),
    onPause: () => camera?.togglePause(),
    onOverlay: () => camera?.toggleOverlay(),
    onExposed: () => camera?.refresh(),
    onHidden: (isHidden) => camera?.setHidden(isHidden),
    onSized: (seen) => camera?.setSeen(seen),
  });
  session.atEnd(() => screen.close());
  await pool.started;
  const owner: CameraViewOwner = {
    viewConnected: () => writer?.connected(),
    viewShown: () => {
      if (camera?.figures.frames === options.frames) session.stop();
    },
    viewFailed: (reason) => session.fail(reason),
    motionTold: (motion) => {
      if (motion !== null) options.onMotion?.(reportSeenMotion(camera?.report().source ?? "", motion));
    },
  };
  const shown = await CameraView.create(
    {
      address,
      connect: connectTcp,
      access,
      size,
      once,
      wait,
      maxPixels,
      arena,
      pool,
      screen,
      save: saveSnapshot,
      output: writer ?? virtualCamera,
      stopped,
      trace,
      log,
    },
    owner,
  );
  camera = shown;
  past = new PastView({
    ...{ server: { address, access }, arena, pool, log, stopped },
    maxPixels: maxPixels ?? DEFAULT_MAX_PIXELS,
    show: (picture) => shown.showPast(picture),
  });
  const present = (): WindowReport => ({
    ...shown.report(),
    loopDelayMs: session.loopDelay.delays.summary(),
    ...(virtualCamera && { virtualCamera: virtualCamera.report() }),
  });
  session.threadUsers.add(shown);
  session.threadUsers.add(past);
  session.startTimers(
    () => shown.tick(),
    () => report(present()),
  );
  await shown.run();
  session.throwIfFailed();
  return present();
}

function openVirtualCamera(path: string, size: Size | null, log: Log, signal: AbortSignal): Promise<VirtualCamera> {
  const sizeFor = (picture: Size) => (size === null ? picture : roundedUp(size, picture));
  return VirtualCamera.open({ path, sizeFor, log }, signal);
}

async function openScreen(options: ViewOptions, events: ScreenEvents): Promise<Screen> {
  if (options.createScreen !== undefined) return options.createScreen(events);
  if (options.display === "none") return createNoScreen();
  const { createSdlScreen } = await import("./screens/sdl.ts"); // SDL is loaded only when a window is needed.
  return createSdlScreen(`Slipstream - ${formatAddress(options.address)}`, options.renderer, events);
}
