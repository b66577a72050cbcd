// The thread that owns a camera: waits for frames, takes the newest, copies it once and hands it over. Started by camera.ts.
//
// It never returns to its event loop while it captures: it blocks in poll(2), and messages for it are taken from their port
// when they are due. So the main thread never blocks on a device, and a frame costs no turn of an event loop on this side.

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { nowMicros } from "../../../core/clock.ts";
import { isExpected, SourceError } from "../../../core/errors.ts";
import { type CaptureMessage, type CaptureOrder, SIGNAL, type SlotMessage } from "./capture-messages.ts";
import { applySettings } from "./controls.ts";
import { Device } from "./device.ts";
import { explainSystemCall } from "./explain.ts";
import { findAgain, findCameras } from "./find.ts";
import { monotonicMicros, SystemCallError } from "./libc.ts";
import { CaptureSession, type Taken } from "./session.ts";
import { captureTime } from "./timestamps.ts";

/** How soon a stop is noticed while no frame comes. */
const LONGEST_WAIT_MS = 100;
/** A camera that sends nothing for so long has gone without a word. */
const SILENCE_MS = 2_000;
/** Before its first frame a camera may have to wake up, focus and measure the light. */
const FIRST_FRAME_MS = 10_000;
/** Slow cameras (long exposures) are silent between two frames. */
const SILENT_INTERVALS = 3;

if (parentPort === null) throw new Error("capture-worker.ts runs as a worker thread only");
const port = parentPort;
const order: CaptureOrder = workerData;
const { signals, slots } = order;
/** Frames sent, as the main thread counts them in `taken`. */
let sent = 0;

function send(message: CaptureMessage, transfer: ArrayBuffer[] = []): void {
  port.postMessage(message, transfer);
}

function isStopped(): boolean {
  return Atomics.load(signals, SIGNAL.stop) === 1;
}

function capture(): void {
  const path = findPath();
  using device = openDevice(path);
  // Names and values were checked when the camera was opened; what the driver refuses now is said, and no reason to be dark.
  const refusals = applySettings(device, order.settings);
  using session = new CaptureSession(device, order.wanted);
  const { actual, format } = session;
  send({ kind: "started", path, actual, format, remarks: [...refusals, ...session.remarks] });
  try {
    takeFrames(path, device, session);
  } catch (error) {
    send({ kind: "failing", message: failureOf(error) });
    throw error;
  }
}

function takeFrames(path: string, device: Device, session: CaptureSession): void {
  const { actual } = session;
  const interval = actual.framesPerSecond > 0 ? 1000 / actual.framesPerSecond : 0;
  const silenceMs = Math.max(SILENCE_MS, SILENT_INTERVALS * interval);
  let heardAt = performance.now();
  let patienceMs = Math.max(FIRST_FRAME_MS, silenceMs);
  while (!isStopped()) {
    if (!mainThreadIsReady()) {
      heardAt = performance.now(); // it is not the camera that is late
      continue;
    }
    const { readable, event } = device.wait(LONGEST_WAIT_MS);
    if (event) session.checkEvents();
    // An error is for VIDIOC_DQBUF to explain; waiting alone says nothing of a camera that was unplugged.
    const taken = session.takeNewest();
    if (taken === null) {
      const silentMs = performance.now() - heardAt;
      if (silentMs > patienceMs) {
        throw new SourceError(`${path} has sent nothing for ${Math.floor(silentMs / 1000)} s`, { retry: true });
      }
      if (session.lost > 0 && !readable) send({ kind: "lost", lost: takeLost(session) });
      continue;
    }
    heardAt = performance.now();
    patienceMs = silenceMs;
    handOver(session, taken);
  }
}

/** Where it is now: it may have come back under another number. */
function findPath(): string {
  const camera = findAgain(findCameras(), order.identity, order.path, order.others);
  if (camera === null) throw new SourceError(`${order.path} is not there any more`, { retry: true });
  return camera.path;
}

function openDevice(path: string): Device {
  const device = new Device(path);
  if (device.capability().isCamera) return device;
  device[Symbol.dispose]();
  throw new SourceError(`${path} is no camera: it delivers no pictures`, { retry: true });
}

/** Waits, for a moment, until the last frame has been taken. */
function mainThreadIsReady(): boolean {
  const taken = Atomics.load(signals, SIGNAL.taken);
  if (taken === sent) return true;
  Atomics.wait(signals, SIGNAL.taken, taken, LONGEST_WAIT_MS);
  return Atomics.load(signals, SIGNAL.taken) === sent;
}

function handOver(session: CaptureSession, taken: Taken): void {
  const capturedAt = captureTime(taken.stamp, monotonicMicros(), nowMicros());
  if (session.format === "mjpeg") {
    const bytes = session.copyJpeg(taken);
    if (bytes === null) session.lost++;
    else {
      sent++;
      send({ kind: "jpeg", bytes, capturedAt, lost: takeLost(session) }, [bytes.buffer]);
    }
    session.giveBack(taken); // last: the frame is on its way before the driver is asked again
    return;
  }
  const slot = takeSlot();
  if (slot !== null) session.copyPixels(taken, slot);
  session.giveBack(taken);
  if (slot === null) {
    session.lost++;
    send({ kind: "lost", lost: takeLost(session) });
    return;
  }
  sent++;
  send({ kind: "pixels", capturedAt, lost: takeLost(session) });
}

/** The slot that was sent in advance, or one that is asked for now; null where there is none. */
function takeSlot(): Uint8Array | null {
  const early = receiveSlot();
  if (early?.bytes) return early.bytes;
  send({ kind: "wants-slot" });
  while (!isStopped()) {
    const seen = Atomics.load(signals, SIGNAL.slotsSent);
    const answer = receiveSlot();
    if (answer !== null) return answer.bytes;
    Atomics.wait(signals, SIGNAL.slotsSent, seen, LONGEST_WAIT_MS);
  }
  return null;
}

function receiveSlot(): SlotMessage | null {
  const received = receiveMessageOnPort(slots);
  return received === undefined ? null : (received as { message: SlotMessage }).message;
}

function takeLost(session: CaptureSession): number {
  const { lost } = session;
  session.lost = 0;
  return lost;
}

function failureOf(error: unknown): string {
  if (error instanceof SystemCallError) return explainSystemCall(error, order.path);
  if (isExpected(error)) return error.message;
  throw error;
}

let failure: string | null = null;
try {
  capture();
} catch (error) {
  failure = failureOf(error);
}
slots.close();
send({ kind: "ended", failure });
