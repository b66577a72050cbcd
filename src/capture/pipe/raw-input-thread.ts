// The thread that reads raw frames from a pipe straight into slots. raw-input.ts starts it.
//
// It reads a frame when the encoders have room for it. Frames that would only be replaced stay with the program that writes them,
// because reading them takes the time of those that are shown. But a frame waits at most for the time that the source needs for
// one: a camera's program that is held up longer would let its frames queue.

import { readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { codeOf, messageOf } from "../../core/errors.ts";
import { RecentMedian } from "../../core/statistics.ts";
import { monotonicMicros } from "../../system/monotonic-clock.ts";
import { enlargePipe, waitForInput, waitingBytes } from "../../system/pipes.ts";
import { CaptureSignals } from "../hand-over/capture-signals.ts";
import { LentSlots } from "../hand-over/lent-slots.ts";
import { Room } from "../room.ts";
import type { RawInputMessage, RawInputOrder, RawInputOutcome } from "./raw-input.ts";

/** The longest time until the thread notices that it should stop, while no bytes come. */
const LONGEST_WAIT_MS = 100;
/** The memory for frames without a slot, which are read and dropped. */
const DROPPED_BYTES = 64 * 1024;
/** The number of recent frames whose median is the time that the source needs for a frame. */
const KNOWN_FRAMES = 5;

if (parentPort === null) throw new Error("raw-input-thread.ts must run as a worker thread");
const port = parentPort;
const order: RawInputOrder = workerData;
const signals = new CaptureSignals(order.signals);
const room = order.room === null ? null : new Room(order.room);
const outcome: RawInputOutcome = { bytes: 0, restBytes: order.skippedBytes, failure: null };
const slots = new LentSlots(signals, () => send({ kind: "wants-slot" }));
const dropped = new Uint8Array(DROPPED_BYTES);
/** The times that the source needed for recent frames: from the beginning of reading one to the first byte of the next. */
const sourceMicros = new RecentMedian(KNOWN_FRAMES);
let lost = 0;

function send(message: RawInputMessage): void {
  port.postMessage(message);
}

function readFrames(): void {
  if (!skipOld()) return;
  let readingAt: number | null = null;
  while (!signals.isStopped) {
    // Until bytes come, the main thread has usually taken the frame before. So it need not wake this thread.
    if (!waitForInput(order.descriptor, LONGEST_WAIT_MS)) continue;
    if (!signals.waitUntilTaken(LONGEST_WAIT_MS)) continue;
    const stampMicros = monotonicMicros();
    if (readingAt !== null) sourceMicros.add(stampMicros - readingAt);
    room?.wait(Math.min(LONGEST_WAIT_MS, (sourceMicros.value ?? 0) / 1000));
    readingAt = monotonicMicros();
    const slot = slots.take();
    if (!(slot === null ? skip(order.frameBytes) : fill(slot))) return;
    if (slot === null) {
      lost++;
    } else {
      signals.send({ bytes: order.frameBytes, stampMicros, lost });
      lost = 0;
    }
  }
}

/**
 * Skips the rest of a frame of an earlier run, and the frames that came while nobody read, of which the pipe holds at least the
 * beginning. Their age is not known. Returns false if the input ends or the thread should stop before.
 */
function skipOld(): boolean {
  const oldBytes = order.dropsWaiting ? waitingBytes(order.descriptor) - order.skippedBytes : 0;
  if (!skip(order.skippedBytes)) return false;
  for (let left = oldBytes; left > 0; left -= order.frameBytes) {
    if (!skip(order.frameBytes)) return false;
    lost++;
  }
  return true;
}

/** Reads bytes until the slot is full. Returns false if the input ends or the thread should stop before. */
function fill(slot: Uint8Array): boolean {
  for (let filled = 0; filled < order.frameBytes;) {
    const count = readSome(slot, filled, order.frameBytes - filled);
    if (count === 0) return false;
    filled += count;
  }
  return true;
}

/** Reads bytes that are not needed. Returns false if the input ends or the thread should stop before. */
function skip(bytes: number): boolean {
  for (let left = bytes; left > 0;) {
    const count = readSome(dropped, 0, Math.min(left, DROPPED_BYTES));
    if (count === 0) return false;
    left -= count;
  }
  return true;
}

/** Reads the bytes of a frame that are there, and waits until there are some. Returns 0 if the input ends or the thread should stop. */
function readSome(target: Uint8Array, at: number, mostBytes: number): number {
  while (!signals.isStopped) {
    if (!waitForInput(order.descriptor, LONGEST_WAIT_MS)) continue;
    const count = tryRead(target, at, mostBytes);
    if (count === null) continue;
    outcome.bytes += count;
    if (count > 0 && outcome.restBytes === 0) outcome.restBytes = order.frameBytes; // another frame begins
    outcome.restBytes -= count;
    return count;
  }
  return 0;
}

/** Returns null if another reader of the same pipe was faster, and the pipe does not block. */
function tryRead(target: Uint8Array, at: number, mostBytes: number): number | null {
  try {
    return readSync(order.descriptor, target, at, mostBytes, null);
  } catch (error) {
    if (codeOf(error) === "EAGAIN") return null;
    throw error;
  }
}

function fail(error: unknown): void {
  const code = codeOf(error);
  if (code === undefined) throw error;
  outcome.failure = { code, message: messageOf(error) };
}

enlargePipe(order.descriptor, order.frameBytes);
try {
  readFrames();
} catch (error) {
  fail(error);
}
// The main thread takes the last frame before it learns of the end.
while (!signals.isStopped && !signals.waitUntilTaken(LONGEST_WAIT_MS));
send({ kind: "ended", outcome });
