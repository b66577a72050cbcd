// The thread that owns a camera: waits for frames, takes the newest, copies it once and hands it over. Started by camera.ts.
//
// It never returns to its event loop while it captures: it blocks in poll(2), and what it is told it is told by shared words.
// So the main thread never blocks on a device, and a frame costs no turn of an event loop on this side.

import { parentPort, workerData } from "node:worker_threads";
import { nowMicros } from "../../core/clock.ts";
import { isExpected, SourceError } from "../../core/errors.ts";
import type { CaptureMessage, CaptureOrder } from "./capture-messages.ts";
import { CaptureSignals, type SlotPlace } from "./capture-signals.ts";
import { applySettings } from "../v4l2/controls.ts";
import { Device, refuseBusy } from "../v4l2/device.ts";
import { explainSystemCall } from "../v4l2/explain.ts";
import { findAgain, listCameras, isSame } from "./find.ts";
import { monotonicMicros, SystemCallError, viewOf } from "../v4l2/libc.ts";
import { CaptureSession, captureTime, type Taken } from "../v4l2/session.ts";

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
const signals = new CaptureSignals(order.signals);
/** Of the device; where it was last, until it has been found. */
let path = order.path;
/** Slots that were lent before, by address: they are a few, used in turn. */
const slots = new Map<number, Uint8Array>();

function send(message: CaptureMessage): void {
  port.postMessage(message);
}

function capture(): void {
  using device = findDevice();
  path = device.path;
  refuseBusy(device); // its settings are the other program's then
  // Names and values were checked when the camera was opened; what the driver refuses now is said, and no reason to be dark.
  const refusals = applySettings(device, order.settings);
  using session = new CaptureSession(device, order.wanted);
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
  const interval = actual.framesPerSecond > 0 ? 1000 / actual.framesPerSecond : 0;
  const silenceMs = Math.max(SILENCE_MS, SILENT_INTERVALS * interval);
  let heardAt = performance.now();
  let damagedBefore = 0;
  let patienceMs = Math.max(FIRST_FRAME_MS, silenceMs);
  while (!signals.isStopped) {
    if (!signals.waitUntilTaken(LONGEST_WAIT_MS)) {
      heardAt = performance.now(); // it is not the camera that is late
      continue;
    }
    if (device.wait(LONGEST_WAIT_MS)) session.checkEvents();
    // An error is for VIDIOC_DQBUF to explain; waiting alone says nothing of a camera that was unplugged.
    const taken = session.takeNewest();
    if (taken === null) {
      const silentMs = performance.now() - heardAt;
      if (silentMs > patienceMs) {
        const what = session.damaged > damagedBefore ? "only damaged frames" : "nothing";
        throw new SourceError(`${path} has sent ${what} for ${Math.floor(silentMs / 1000)} s`, { retry: true });
      }
      sendLost(session);
      continue;
    }
    heardAt = performance.now();
    damagedBefore = session.damaged;
    patienceMs = silenceMs;
    handOver(session, taken);
  }
}

/** Where it was, if it is still there; else where it is now: it may have come back under another number. */
function findDevice(): Device {
  const there = openIfItIs(order.path);
  if (there !== null) return there;
  const camera = findAgain(listCameras(), order.identity, order.path, order.others);
  if (camera === null) throw new SourceError(`${order.path} is not there any more`, { retry: true });
  const device = new Device(camera.path);
  if (device.capability().isCamera) return device;
  device[Symbol.dispose]();
  throw new SourceError(`${camera.path} is no camera: it delivers no pictures`, { retry: true });
}

/** The device at that path, if it is the one that was asked for; null for any other, and for none. */
function openIfItIs(known: string): Device | null {
  let device: Device | null = null;
  try {
    device = new Device(known);
    const capability = device.capability();
    if (capability.isCamera && isSame(known, capability, order.identity)) return device;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    // The search will find what it is, or say that there is none.
  }
  device?.[Symbol.dispose]();
  return null;
}

function handOver(session: CaptureSession, taken: Taken): void {
  const capturedAt = captureTime(taken.stamp, monotonicMicros(), nowMicros());
  const slot = takeSlot();
  if (slot === null) session.lost++;
  else {
    signals.announce(); // the main thread wakes up meanwhile
    session.copy(taken, slot);
    signals.send({ bytes: taken.bytesUsed, capturedAt, lost: takeLost(session) });
  }
  session.giveBack(taken); // last: the frame is on its way before the driver is asked again
  sendLost(session);
}

function sendLost(session: CaptureSession): void {
  if (session.lost > 0) send({ kind: "lost", lost: takeLost(session) });
}

/** The slot that was lent in advance, or one that is asked for now; null where there is none. */
function takeSlot(): Uint8Array | null {
  const early = signals.takeSlot();
  if (early !== null && early !== "refused") return slotAt(early);
  send({ kind: "wants-slot" });
  while (!signals.isStopped) {
    signals.waitForSlot(LONGEST_WAIT_MS);
    const answer = signals.takeSlot();
    if (answer !== null) return answer === "refused" ? null : slotAt(answer);
  }
  return null;
}

function slotAt(place: SlotPlace): Uint8Array {
  const known = slots.get(place.address);
  if (known?.length === place.bytes) return known;
  const slot = viewOf(place);
  slots.set(place.address, slot);
  return slot;
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
