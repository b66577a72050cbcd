// A V4L2 camera as a source: a thread owns the device, frames go from its buffers to the sink with one copy.

import { type FSWatcher, watch } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";
import { sleep } from "../../../core/clock.ts";
import { SourceError } from "../../../core/errors.ts";
import type { FrameSink, Source } from "../source.ts";
import { type CaptureMessage, type CaptureOrder, SIGNAL, SIGNAL_BYTES } from "./capture-messages.ts";
import { type Setting, withSetting } from "../control-values.ts";
import { createControls } from "./controls-thread.ts";
import type { Identity } from "./device.ts";
import type { Mode, Wanted } from "./negotiate.ts";
import { rateOf } from "./formats.ts";
import { HandOver } from "./hand-over.ts";
import { CLOSING_PATIENCE_MS, endOf } from "./thread-end.ts";

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
  path: string;
  framesPerSecond: number;

  constructor(options: CameraOptions) {
    this.#options = options;
    this.#settings = [...options.settings];
    this.path = options.path;
    this.framesPerSecond = options.mode.interval === null ? 0 : rateOf(options.mode.interval);
  }

  /** A setting that was made while it runs is made again when it comes back: cameras forget them without power. */
  keep(setting: Setting): void {
    this.#settings = withSetting(this.#settings, setting);
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const signals = new Int32Array(new SharedArrayBuffer(SIGNAL_BYTES));
    const { port1: slotPort, port2: slots } = new MessageChannel();
    const { identity, others, wanted } = this.#options;
    const order: CaptureOrder = { path: this.path, identity, others, wanted, settings: this.#settings, signals, slots };
    const worker = new Worker(new URL("./capture-worker.ts", import.meta.url), {
      workerData: order,
      transferList: [slots],
    });
    const handOver = new HandOver(sink, signals, (message) => slotPort.postMessage(message));
    const outcome = Promise.withResolvers<void>();
    let hasDelivered = false;
    let patience: ReturnType<typeof setTimeout> | undefined;
    const stop = () => {
      Atomics.store(signals, SIGNAL.stop, 1);
      Atomics.notify(signals, SIGNAL.taken);
      Atomics.notify(signals, SIGNAL.slotsSent);
      clearTimeout(patience);
      patience = setTimeout(outcome.resolve, CLOSING_PATIENCE_MS);
    };
    signal.addEventListener("abort", stop);
    worker.on("message", (message: CaptureMessage) => {
      if (message.kind === "ended") {
        if (message.failure === null || signal.aborted) outcome.resolve();
        else outcome.reject(new SourceError(message.failure, { retry: true }));
      } else if (signal.aborted) {
        return; // frames that were on their way, or what stopping led to
      } else if (message.kind === "failing") {
        // Closing may hang for as long as the device does, and it cannot be opened again before that.
        const error = new SourceError(message.message, { retry: true });
        if (hasDelivered) sink.trouble(`${message.message}; trying again`);
        else patience = setTimeout(() => outcome.reject(error), CLOSING_PATIENCE_MS);
      } else {
        if (message.kind === "started") this.#hear(message);
        if (message.kind === "jpeg" || message.kind === "pixels") hasDelivered = true;
        handOver.take(message);
      }
    });
    worker.on("error", (cause: Error) => {
      outcome.reject(new SourceError(`the thread of ${this.path} died: ${cause.message}`, { retry: true, cause }));
    });
    worker.on("exit", () => outcome.reject(new SourceError(`the thread of ${this.path} ended`, { retry: true })));
    try {
      await outcome.promise;
    } finally {
      clearTimeout(patience);
      signal.removeEventListener("abort", stop);
      await endOf(worker);
      slotPort.close();
      handOver.abandon(); // only now: the thread may have been writing to it
    }
  }

  #hear({ path, actual, remarks }: CaptureMessage & { kind: "started" }): void {
    if (path !== this.path) remarks.unshift(`${this.#options.path} is now ${path}`);
    this.path = path;
    this.framesPerSecond = actual.framesPerSecond;
    const text = remarks.join("; ");
    if (text !== "" && text !== this.#said) this.#options.say(text);
    this.#said = text;
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
