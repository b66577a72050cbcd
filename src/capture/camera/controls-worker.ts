// The thread that asks a running camera for its settings and makes them. Started by controls-thread.ts.

import { parentPort } from "node:worker_threads";
import { isExpected, SourceError, UsageError } from "../../core/errors.ts";
import { applySetting, listControls } from "../v4l2/controls.ts";
import type { ControlAnswer, ControlRequest, KnownCamera } from "./controls-thread.ts";
import { Device } from "../v4l2/device.ts";
import { explainSystemCall } from "../v4l2/explain.ts";
import { isStillAt } from "./find.ts";

if (parentPort === null) throw new Error("controls-worker.ts runs as a worker thread only");
const port = parentPort;

port.on("message", (request: ControlRequest | null) => {
  if (request === null) process.exit(); // of this thread only
  port.postMessage(answer(request));
});

function answer({ number, camera, setting }: ControlRequest): ControlAnswer {
  try {
    using device = open(camera);
    if (setting === null) return { number, controls: listControls(device), failure: null };
    applySetting(device, setting);
    return { number, controls: [], failure: null };
  } catch (error) {
    const message = isExpected(error) ? error.message : explainSystemCall(error, camera.path);
    return { number, controls: [], failure: { message, isUsage: error instanceof UsageError } };
  }
}

/** Opens it beside the thread that captures, which V4L2 allows. Throws SourceError where another camera has taken its place. */
function open({ path, ...known }: KnownCamera): Device {
  const device = new Device(path);
  try {
    if (isStillAt(path, device.capability(), known)) return device;
    throw new SourceError(`${path} is not there any more: another camera is called so now`, { retry: true });
  } catch (error) {
    device[Symbol.dispose]();
    throw error;
  }
}
