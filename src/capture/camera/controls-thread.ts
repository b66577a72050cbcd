// A running camera's settings, through a thread of their own: a camera may take its time to answer.

import { Worker } from "node:worker_threads";
import { SourceError, UsageError } from "../../core/errors.ts";
import type { SourceControls, SourceControl } from "../source.ts";
import type { Setting } from "../control-values.ts";
import type { Identity } from "../v4l2/device.ts";
import { endOf, hasEnded } from "./thread-end.ts";

/** Which camera is meant: the one of that identity, which was last at that path. */
export interface KnownCamera {
  path: string;
  identity: Identity;
  /** Sockets (`bus`) of other cameras with the same name. */
  others: readonly string[];
}

export interface ControlRequest {
  number: number;
  camera: KnownCamera;
  /** Null: list what there is. */
  setting: Setting | null;
}

export interface ControlAnswer {
  number: number;
  controls: SourceControl[];
  failure: { message: string; isUsage: boolean } | null;
}

export interface ControlsOptions {
  /** Which it is, and where it is now. */
  camera: () => KnownCamera;
  /** After a setting was made. */
  onSet: (setting: Setting) => void;
}

/**
 * The thread is started by the first call, and told to end by `close`. What is asked is answered in turn; the caller bounds how
 * much that is.
 */
export function createControls({ camera, onSet }: ControlsOptions): SourceControls {
  let worker: Worker | null = null;
  let end: Promise<void> = Promise.resolve();
  let isClosed = false;
  let requests = 0;
  const waiting = new Map<number, { resolve: (controls: SourceControl[]) => void; reject: (error: Error) => void }>();

  const fail = (reason: string) => {
    worker = null;
    for (const { reject } of waiting.values()) {
      reject(new SourceError(`the camera's settings cannot be reached: ${reason}`, { retry: true }));
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
    started.on("error", (error: Error) => fail(error.message));
    end = endOf(started);
    return started;
  };
  const ask = (setting: Setting | null): Promise<SourceControl[]> =>
    new Promise((resolve, reject) => {
      if (isClosed) throw new SourceError("the camera is not used any more", { retry: false });
      worker ??= start();
      worker.ref();
      const number = ++requests;
      waiting.set(number, { resolve, reject });
      worker.postMessage({ number, camera: camera(), setting } satisfies ControlRequest);
    });
  return {
    list: () => ask(null),
    async set(name, text) {
      const setting = { name, value: text };
      await ask(setting);
      onSet(setting);
    },
    async close() {
      isClosed = true;
      const ending = worker;
      fail("the camera is being let go");
      if (ending === null) return;
      ending.ref();
      ending.postMessage(null);
      await hasEnded(ending, end);
    },
  };
}
