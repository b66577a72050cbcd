// The thread that owns a camera. It waits for frames, takes the newest one, copies it once and passes it on. camera-source.ts
// starts it.
//
// While the thread captures, it does not return to its event loop. It blocks in poll(2) and is controlled through words in shared
// memory. So the main thread never blocks on a device, and a frame does not wait for an event loop in this thread.

import { parentPort, workerData } from "node:worker_threads";
import { isExpected, SourceError } from "../../core/errors.ts";
import { silenceLimitMs } from "../../protocol/silence.ts";
import { monotonicMicros } from "../../system/monotonic-clock.ts";
import { CaptureSignals } from "../hand-over/capture-signals.ts";
import { LentSlots } from "../hand-over/lent-slots.ts";
import { applySettings } from "../v4l2/controls.ts";
import { Device, refuseBusy } from "../../system/v4l2/device.ts";
import { explainSystemCall } from "../../system/v4l2/explain.ts";
import { SystemCallError } from "../../system/v4l2/libc.ts";
import { CaptureSession, captureStamp, type Taken } from "../v4l2/session.ts";
import type { CaptureMessage, CaptureOrder } from "./capture-messages.ts";
import { findAgain, isSameCamera, listCameras } from "./find.ts";

/** The longest time until the thread notices that it should stop, while no frame comes. */
const LONGEST_WAIT_MS = 100;
/** The time limit for the first frame. Before it a camera may have to wake up, focus and measure the light. */
const FIRST_FRAME_MS = 10_000;

if (parentPort === null) throw new Error("capture-worker.ts must run as a worker thread");
const port = parentPort;
const order: CaptureOrder = workerData;
const signals = new CaptureSignals(order.signals);
/** The camera's path. It is the last known path until the camera has been found. */
let path = order.path;
/** A slot that was lent for a frame that turned out to be damaged. The next frame uses it. */
let unused: Uint8Array | null = null;
const slots = new LentSlots(signals, () => send({ kind: "wants-slot" }));

function send(message: CaptureMessage): void {
  port.postMessage(message);
}

function debug(text: string): void {
  if (order.wantsDebug) send({ kind: "debug", text });
}

function capture(): void {
  using device = findDevice();
  path = device.path;
  refuseBusy(device); // If another program uses the camera, its settings must not change.
  // Names and values were checked when the camera was opened. If the driver refuses a setting, this is reported and the camera
  // still runs.
  const refusals = applySettings(device, order.settings);
  using session = new CaptureSession(device, order.wanted, (text) => send({ kind: "trouble", text }));
  const { actual, format, bufferBytes } = session;
  send({ kind: "started", path, actual, format, remarks: [...refusals, ...session.remarks], bufferBytes });
  try {
    takeFrames(device, session);
  } catch (error) {
    send({ kind: "failing", message: failureOf(error) });
    throw error;
  }
}

function takeFrames(device: Device, session: CaptureSession): void {
  const { actual } = session;
  const limitMs = silenceLimitMs(actual.framesPerSecond > 0 ? 1000 / actual.framesPerSecond : 0);
  let patienceMs = Math.max(FIRST_FRAME_MS, limitMs);
  let lastFrameAt = performance.now();
  let damagedBefore = 0;
  let askedAtMicros = monotonicMicros();
  while (!signals.isStopped) {
    if (device.wait(LONGEST_WAIT_MS)) session.checkEvents();
    // Meanwhile the main thread has usually taken the frame before. So it need not wake this thread.
    if (!signals.waitUntilTaken(LONGEST_WAIT_MS)) {
      lastFrameAt = performance.now(); // The main thread was slow, so this pause is not counted as a silence of the camera.
      continue;
    }
    // This is called even if poll(2) reports no frame, because only VIDIOC_DQBUF reports that a camera was unplugged.
    const taken = session.takeNewest();
    const unseenMicros = monotonicMicros() - askedAtMicros;
    askedAtMicros += unseenMicros;
    if (taken === null) {
      const silentMs = performance.now() - lastFrameAt;
      if (silentMs > patienceMs) {
        const what = session.damaged > damagedBefore ? "only damaged frames" : "nothing";
        throw new SourceError(`${path} has sent ${what} for ${Math.floor(silentMs / 1000)} s`, { retry: "soon" });
      }
      sendLost(session);
      continue;
    }
    if (!handOver(session, taken, unseenMicros)) continue;
    lastFrameAt = performance.now();
    damagedBefore = session.damaged;
    patienceMs = limitMs;
  }
}

/** Opens the camera at its last path if it is still there, and otherwise at its new path, which may have another number. */
function findDevice(): Device {
  const device = openIfSame(order.path);
  if (device !== null) return device;
  const camera = findAgain(listCameras(), order);
  if (camera === null) throw new SourceError(`${order.path} is not there any more`, { retry: "soon" });
  const found = new Device(camera.path, debug);
  if (found.capability().isCamera) return found;
  found[Symbol.dispose]();
  throw new SourceError(`${camera.path} is not a camera: it delivers no pictures`, { retry: "soon" });
}

/** Opens the device at `known` if it is the ordered camera. Returns null if there is another device or no device. */
function openIfSame(known: string): Device | null {
  let device: Device | null = null;
  try {
    device = new Device(known, debug);
    const capability = device.capability();
    if (capability.isCamera && isSameCamera(known, capability, order.identity)) return device;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    debug(`${known} cannot be opened: ${error.message}`); // The caller then searches all cameras.
  }
  device?.[Symbol.dispose]();
  return null;
}

/** Copies a frame for the main thread. Returns false if the frame is damaged. */
function handOver(session: CaptureSession, taken: Taken, unseenMicros: number): boolean {
  const stampMicros = captureStamp(taken.stamp, monotonicMicros(), unseenMicros);
  unused ??= slots.take();
  const slot = unused;
  let bytes: number | null = 0;
  if (slot === null) session.lost++;
  else {
    signals.announce(); // The main thread wakes up while this thread copies, which saves time.
    bytes = session.copy(taken, slot);
    if (bytes !== null) {
      signals.send({ bytes, stampMicros, lost: takeLost(session) });
      unused = null;
    }
  }
  session.giveBack(taken); // The buffer is returned last, so that the frame does not wait for the driver.
  sendLost(session);
  return bytes !== null;
}

function sendLost(session: CaptureSession): void {
  if (session.lost > 0) send({ kind: "lost", lost: takeLost(session) });
}

function takeLost(session: CaptureSession): number {
  const { lost } = session;
  session.lost = 0;
  return lost;
}

function failureOf(error: unknown): string {
  if (error instanceof SystemCallError) return explainSystemCall(error, path);
  if (isExpected(error)) return error.message;
  throw error;
}

let failure: string | null = null;
try {
  capture();
} catch (error) {
  failure = failureOf(error);
}
send({ kind: "ended", failure });
