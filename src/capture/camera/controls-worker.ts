// The thread that lists and sets the controls of a running camera. controls-thread.ts starts it.

import { parentPort } from "node:worker_threads";
import { isExpected, SourceError, UsageError } from "../../core/errors.ts";
import { applySetting, listControls } from "../v4l2/controls.ts";
import { Device } from "../../system/v4l2/device.ts";
import { explainSystemCall } from "../../system/v4l2/explain.ts";
import type { ControlAnswer, ControlRequest } from "./controls-thread.ts";
import { isStillAt, type KnownCamera } from "./find.ts";

if (parentPort === null) throw new Error("controls-worker.ts must run as a worker thread");
const port = parentPort;

port.on("message", (request: ControlRequest | null) => {
  if (request === null) process.exit(); // This ends only this thread.
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

/**
 * Opens the camera while the capture thread has it open, which V4L2 allows. Throws SourceError when another camera is at its
 * path.
 */
function open(camera: KnownCamera): Device {
  const device = new Device(camera.path);
  try {
    if (isStillAt(camera, device.capability())) return device;
    throw new SourceError(`${camera.path} is not there any more: another camera has this path now`, { retry: "soon" });
  } catch (error) {
    device[Symbol.dispose]();
    throw error;
  }
}
