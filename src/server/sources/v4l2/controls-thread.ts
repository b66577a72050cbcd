// A running camera's settings, through a thread of their own: a camera may take its time to answer.

import { Worker } from "node:worker_threads";
import { SourceError, UsageError } from "../../../core/errors.ts";
import type { SourceControls, Control } from "../source.ts";
import type { Setting } from "../control-values.ts";

export interface ControlRequest {
  number: number;
  path: string;
  /** Null: list what there is. */
  setting: Setting | null;
}

export interface ControlAnswer {
  number: number;
  controls: Control[];
  failure: { message: string; isUsage: boolean } | null;
}

export interface ControlsOptions {
  /** Where the camera is now. */
  path: () => string;
  /** After a setting was made. */
  onSet: (setting: Setting) => void;
}

/** The thread is started by the first call. */
export function createControls({ path, onSet }: ControlsOptions): SourceControls {
  let worker: Worker | null = null;
  let requests = 0;
  const waiting = new Map<number, { resolve: (controls: Control[]) => void; reject: (error: Error) => void }>();

  const fail = (error: Error) => {
    worker = null;
    for (const { reject } of waiting.values()) {
      reject(new SourceError(`the camera's settings cannot be reached: ${error.message}`, { retry: true }));
    }
    waiting.clear();
  };
  const start = () => {
    const started = new Worker(new URL("./controls-worker.ts", import.meta.url));
    started.on("message", ({ number, controls, failure }: ControlAnswer) => {
      const request = waiting.get(number);
      waiting.delete(number);
      if (waiting.size === 0) started.unref(); // a camera's settings are no reason to stay
      if (failure === null) request?.resolve(controls);
      else if (failure.isUsage) request?.reject(new UsageError(failure.message));
      else request?.reject(new SourceError(failure.message, { retry: true }));
    });
    started.on("error", fail);
    return started;
  };
  const ask = (setting: Setting | null): Promise<Control[]> =>
    new Promise((resolve, reject) => {
      worker ??= start();
      worker.ref();
      const number = ++requests;
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, path: path(), setting } satisfies ControlRequest);
    });
  return {
    list: () => ask(null),
    async set(name, value) {
      const setting = { name, value: String(value) };
      await ask(setting);
      onSet(setting);
    },
  };
}
