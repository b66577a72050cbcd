// A V4L2 camera as a source: a thread owns the device, frames go from its buffers to the sink with one copy.

import { type FSWatcher, realpathSync, watch } from "node:fs";
import { Worker } from "node:worker_threads";
import { sleep } from "../../../core/clock.ts";
import { SourceError } from "../../../core/errors.ts";
import type { FrameSink, Source } from "../source.ts";
import type { CaptureMessage, CaptureOrder } from "./capture-messages.ts";
import { CaptureSignals } from "./capture-signals.ts";
import { type Setting, withSetting } from "../control-values.ts";
import { createControls } from "./controls-thread.ts";
import type { Identity } from "./device.ts";
import type { Mode, Wanted } from "./negotiate.ts";
import { rateOf } from "./formats.ts";
import { HandOver } from "./hand-over.ts";
import { endOf, hasEnded } from "./thread-end.ts";

export interface CameraOptions {
  path: string;
  identity: Identity;
  /** Sockets (`bus`) of other cameras with the same name. */
  others: readonly string[];
  wanted: Wanted;
  /** What the camera will probably be run with; the driver may still change it. */
  mode: Mode;
  settings: readonly Setting[];
  /** One line for the operator. */
  say: (text: string) => void;
}

/** A camera that was looked at already: what is wrong with the wishes was said then. */
export function createCamera(options: CameraOptions): Source {
  const camera = new Camera(options);
  return {
    name: options.path,
    get framesPerSecond() {
      return camera.framesPerSecond;
    },
    run: (sink, signal) => camera.run(sink, signal),
    controls: createControls({
      camera: () => ({ path: camera.path, identity: options.identity, others: options.others }),
      onSet: (setting) => camera.keep(setting),
    }),
    untilBack: cameraPluggedIn,
  };
}

class Camera {
  readonly #options: CameraOptions;
  #settings: Setting[];
  #said = "";
  /** The thread of the last run. */
  #last: { thread: Worker; end: Promise<void> } | null = null;
  /** Of the node, however it was named. */
  path: string;
  framesPerSecond: number;

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#settings = [...options.settings];
    this.path = nodeOf(options.path);
    this.framesPerSecond = options.mode.interval === null ? 0 : rateOf(options.mode.interval);
  }

  /** A setting that was made while it runs is made again when it comes back: cameras forget them without power. */
  keep(setting: Setting): void {
    this.#settings = withSetting(this.#settings, setting);
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (this.#last !== null && !(await hasEnded(this.#last.thread, this.#last.end))) {
      const text = `${this.path} is still being closed: its driver waits for a device that does not answer`;
      throw new SourceError(text, { retry: true });
    }
    const signals = new CaptureSignals();
    const { identity, others, wanted } = this.#options;
    const order: CaptureOrder = {
      ...{ path: this.path, identity, others, wanted },
      settings: this.#settings,
      signals: signals.memory,
    };
    const worker = new Worker(new URL("./capture-worker.ts", import.meta.url), { workerData: order });
    const handOver = new HandOver(sink, signals);
    const outcome = Promise.withResolvers<void>();
    const fail = (text: string, cause?: Error) => outcome.reject(new SourceError(text, { retry: true, cause }));
    const stop = () => outcome.resolve();
    signal.addEventListener("abort", stop);
    worker.on("message", (message: CaptureMessage) => {
      if (signal.aborted) return; // what stopping led to
      switch (message.kind) {
        case "started":
          this.#hear(message);
          handOver.begin(message).catch(outcome.reject);
          break;
        case "lost":
          handOver.countLost(message.lost);
          break;
        case "wants-slot":
          handOver.answerForSlot();
          break;
        case "failing":
          // At once: closing may take as long as the device does not answer, and it cannot be opened again before that.
          if (handOver.hasDelivered) sink.trouble(`${message.message}; trying again`);
          fail(message.message);
          break;
        case "ended":
          if (message.failure === null) outcome.resolve();
          else fail(message.failure);
          break;
      }
    });
    worker.on("error", (cause: Error) => fail(`the thread of ${this.path} died: ${cause.message}`, cause));
    const end = endOf(worker);
    this.#last = { thread: worker, end };
    void end.then(() => {
      handOver.abandon(); // only now: the thread may have been writing to it
      fail(`the thread of ${this.path} ended`);
    });
    try {
      await outcome.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      signals.stop();
      await hasEnded(worker, end);
    }
  }

  #hear({ path, actual, remarks }: CaptureMessage & { kind: "started" }): void {
    if (path !== this.path) remarks.unshift(`${this.path} is now ${path}`);
    this.path = path;
    this.framesPerSecond = actual.framesPerSecond;
    const text = remarks.join("; ");
    if (text !== "" && text !== this.#said) this.#options.say(text);
    this.#said = text;
  }
}

/** udev names cameras by links too: `/dev/v4l/by-id/...`. */
function nodeOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // gone at this moment, which its thread will say
  }
}

/** After a new node is there, udev gives it its group; before that it may not be opened. */
const SETTLE_MS = 200;

/** Resolves when a camera has been plugged in; never where that cannot be seen, which is as good as a long wait. */
async function cameraPluggedIn(signal: AbortSignal): Promise<void> {
  let watcher: FSWatcher | undefined;
  await new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
    try {
      watcher = watch("/dev", (_, name) => {
        if (name?.startsWith("video")) resolve();
      });
      watcher.on("error", () => undefined); // then the pause decides
    } catch {
      // No more watches are to be had: the pause decides.
    }
  });
  watcher?.close();
  await sleep(SETTLE_MS, signal);
}
