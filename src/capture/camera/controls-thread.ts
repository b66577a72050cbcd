// Handles the controls of a running camera in a separate thread, because a camera may answer slowly.

import { Worker } from "node:worker_threads";
import { SourceError, UsageError } from "../../core/errors.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import type { Setting } from "../control-values.ts";
import type { SourceControl, SourceControls } from "../source.ts";
import type { KnownCamera } from "./find.ts";
import { endOf, hasEnded } from "../../system/thread-end.ts";

export interface ControlRequest {
  number: number;
  camera: KnownCamera;
  /** The setting to make, or null to list the controls. */
  setting: Setting | null;
}

export interface ControlAnswer {
  number: number;
  controls: SourceControl[];
  failure: { message: string; isUsage: boolean } | null;
}

/** The camera that owns the controls. */
export interface ControlledCamera {
  /** The camera with its current path. */
  readonly known: KnownCamera;
  /** The controls call this after they have set a value, so that the camera sets it again after a restart. */
  keep(setting: Setting): void;
}

/**
 * Returns the controls of one camera. The first call of `list` or `set` starts the thread, and `close` ends it. Requests are
 * answered in order, and the caller limits their number.
 */
export function createControls(camera: ControlledCamera): SourceControls {
  let worker: Worker | null = null;
  let end: Promise<void> = Promise.resolve();
  let isClosed = false;
  let requests = 0;
  const waiting = new Map<number, PromiseWithResolvers<SourceControl[]>>();

  const fail = (reason: string) => {
    worker = null;
    for (const { reject } of waiting.values()) {
      reject(new SourceError(`the camera's controls cannot be used: ${reason}`, { retry: "soon" }));
    }
    waiting.clear();
  };
  const start = () => {
    const started = new Worker(PROGRAM_FILES.threads.cameraControls);
    started.on("message", ({ number, controls, failure }: ControlAnswer) => {
      const request = waiting.get(number);
      waiting.delete(number);
      if (waiting.size === 0) started.unref(); // An idle thread must not keep the process alive.
      if (failure === null) request?.resolve(controls);
      else if (failure.isUsage) request?.reject(new UsageError(failure.message));
      else request?.reject(new SourceError(failure.message, { retry: "soon" }));
    });
    started.on("error", (error: Error) => fail(error.message));
    end = endOf(started);
    return started;
  };
  const ask = async (setting: Setting | null): Promise<SourceControl[]> => {
    if (isClosed) throw new SourceError("the camera is no longer in use", { retry: false });
    worker ??= start();
    worker.ref();
    const number = ++requests;
    const answer = Promise.withResolvers<SourceControl[]>();
    waiting.set(number, answer);
    worker.postMessage({ number, camera: camera.known, setting } satisfies ControlRequest);
    return answer.promise;
  };
  return {
    list: () => ask(null),
    async set(name, text) {
      const setting = { name, value: text };
      await ask(setting);
      camera.keep(setting);
    },
    async close() {
      isClosed = true;
      const ending = worker;
      fail("the camera is being closed");
      if (ending === null) return;
      ending.ref();
      ending.postMessage(null);
      await hasEnded(ending, end);
    },
  };
}
