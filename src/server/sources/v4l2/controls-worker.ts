// The thread that asks a running camera for its settings and makes them. Started by controls-thread.ts.

import { parentPort } from "node:worker_threads";
import { isExpected, UsageError } from "../../../core/errors.ts";
import { applySetting, readControls } from "./controls.ts";
import type { ControlAnswer, ControlRequest } from "./controls-thread.ts";
import { Device } from "./device.ts";
import { explainSystemCall } from "./explain.ts";

if (parentPort === null) throw new Error("controls-worker.ts runs as a worker thread only");
const port = parentPort;

port.on("message", (request: ControlRequest) => port.postMessage(answer(request)));

function answer({ number, path, setting }: ControlRequest): ControlAnswer {
  try {
    using device = new Device(path); // beside the one that captures, which V4L2 allows
    if (setting === null) return { number, controls: readControls(device), failure: null };
    applySetting(device, setting);
    return { number, controls: [], failure: null };
  } catch (error) {
    const isUsage = error instanceof UsageError;
    const message = isExpected(error) ? error.message : explainSystemCall(error, path);
    return { number, controls: [], failure: { message, isUsage } };
  }
}
