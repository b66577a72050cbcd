// The thread that owns the device of a virtual camera. It converts pictures and gives them to the device, because both take longer
// than a main thread may work at a time, and a driver may block. virtual-camera.ts starts it.

import { parentPort, workerData } from "node:worker_threads";
import { codeOf, MissingError } from "../../core/errors.ts";
import { viewOf } from "../../system/memory.ts";
import { Device } from "../../system/v4l2/device.ts";
import { explainSystemCall } from "../../system/v4l2/explain.ts";
import { hasLibc, SystemCallError } from "../../system/v4l2/libc.ts";
import type { PictureOrder, ThreadMessage, ThreadOrder, VirtualCameraOrder } from "./messages.ts";
import { OutputSession } from "./output-session.ts";

if (parentPort === null) throw new Error("the thread of a virtual camera must run as a worker thread");
const port = parentPort;
const { path, wantsDebug }: VirtualCameraOrder = workerData;
const closing = new DisposableStack();

function send(message: ThreadMessage): void {
  port.postMessage(message);
}

/** Runs a step with the device. If it fails, the reason is sent and the thread ends. */
function attempt<Result>(step: () => Result): Result | null {
  try {
    return step();
  } catch (error) {
    send({ kind: "failed", message: explain(error) });
    end();
    return null;
  }
}

function explain(error: unknown): string {
  if (error instanceof MissingError) return error.message;
  if (error instanceof SystemCallError) return explainSystemCall(error, path);
  throw error;
}

function end(): void {
  closing.dispose();
  port.close();
}

function open(): OutputSession {
  if (!hasLibc()) throw new MissingError("--to needs Linux on x86-64 or arm64");
  return closing.use(new OutputSession(openDevice));
}

function openDevice(): Device {
  try {
    return new Device(path, (text) => {
      if (wantsDebug) send({ kind: "debug", text });
    });
  } catch (cause) {
    const text = explainPath(codeOf(cause));
    throw text === null ? cause : new MissingError(text, { cause });
  }
}

/** Explains why a path leads to no device. Returns null for other errors. */
function explainPath(code: string | undefined): string | null {
  const advice = "name a device of v4l2loopback, for example /dev/video9 (docs/usage.md)";
  if (code === "EISDIR") return `${path} is a folder: ${advice}`;
  if (code !== "ENOENT" && code !== "ENOTDIR") return null;
  const number = /^\/dev\/video(\d{1,3})$/.exec(path)?.[1];
  if (number === undefined) return `there is no '${path}': ${advice}`;
  return `there is no ${path}: 'sudo modprobe v4l2loopback video_nr=${number} exclusive_caps=1' makes it (docs/usage.md)`;
}

function show(session: OutputSession, { address, bytes, width, height, wanted }: PictureOrder): void {
  const picture = { width, height, pixels: viewOf({ address, bytes }) };
  attempt(() => {
    const outcome = session.offer(picture, wanted, () => send({ kind: "released" }));
    send({ kind: "finished", outcome, format: session.formatText });
  });
}

const session = attempt(open);
if (session !== null) {
  port.on("message", (order: ThreadOrder) => {
    if (order === null) end();
    else show(session, order);
  });
  send({ kind: "opened", card: session.card });
}
