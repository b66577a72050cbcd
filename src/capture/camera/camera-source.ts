// A V4L2 camera as a source: a thread owns the device, frames go from its buffers to the sink with one copy.

import { Worker } from "node:worker_threads";
import { SourceError } from "../../core/errors.ts";
import type { FrameSink, Source } from "../source.ts";
import type { CaptureMessage, CaptureOrder } from "./capture-messages.ts";
import { CaptureSignals } from "./capture-signals.ts";
import { type Setting, withSetting } from "../control-values.ts";
import { createControls } from "./controls-thread.ts";
import type { Identity } from "../v4l2/device.ts";
import type { Mode, Wanted } from "../v4l2/negotiate.ts";
import { rateOf } from "../v4l2/formats.ts";
import { nodeOf } from "./find.ts";
import { HandOver } from "./hand-over.ts";
import { cameraPluggedIn } from "./plugged-in.ts";
import { endOf, hasEnded } from "./thread-end.ts";

export interface CameraSourceOptions {
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
export function createCameraSource(options: CameraSourceOptions): Source {
  const camera = new CameraSource(options);
  cameras.add(camera);
  const controls = createControls({
    camera: () => ({ path: camera.path, identity: options.identity, others: camera.others }),
    onSet: (setting) => camera.keep(setting),
  });
  return {
    name: options.path,
    get framesPerSecond() {
      return camera.framesPerSecond;
    },
    run: (sink, signal) => camera.run(sink, signal),
    controls: {
      ...controls,
      close() {
        cameras.delete(camera);
        return controls.close();
      },
    },
    untilBack: cameraPluggedIn,
  };
}

/** Of this process, as long as they are used: what one of them has is not another one. */
const cameras = new Set<CameraSource>();

class CameraSource {
  readonly #options: CameraSourceOptions;
  #settings: Setting[];
  #said = "";
  /** The thread of the last run. */
  #last: { thread: Worker; end: Promise<void> } | null = null;
  /** Of the node, however it was named. */
  path: string;
  framesPerSecond: number;

  constructor(options: CameraSourceOptions) {
    this.#options = options;
    this.#settings = [...options.settings];
    this.path = nodeOf(options.path);
    this.framesPerSecond = options.mode.interval === null ? 0 : rateOf(options.mode.interval);
  }

  /** A setting that was made while it runs is made again when it comes back: cameras forget them without power. */
  keep(setting: Setting): void {
    this.#settings = withSetting(this.#settings, setting);
  }

  /** Sockets of other cameras with the same name, also of those that came later. */
  get others(): string[] {
    const { identity, others } = this.#options;
    const alike = [...cameras].flatMap((camera) => {
      const { card, bus } = camera.#options.identity;
      return card === identity.card && bus !== identity.bus ? [bus] : [];
    });
    return [...others, ...alike];
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (this.#last !== null && !(await hasEnded(this.#last.thread, this.#last.end))) {
      const text = `${this.path} is still being closed: its driver waits for a device that does not answer`;
      throw new SourceError(text, { retry: true });
    }
    if (signal.aborted) return; // meanwhile
    const signals = new CaptureSignals();
    const { identity, wanted } = this.#options;
    const order: CaptureOrder = {
      ...{ path: this.path, identity, others: this.others, wanted },
      settings: this.#settings,
      signals: signals.memory,
    };
    const worker = new Worker(new URL("./capture-worker.ts", import.meta.url), { workerData: order });
    const handOver = new HandOver(sink, signals);
    const outcome = Promise.withResolvers<void>();
    const fail = (text: string, cause?: Error) => outcome.reject(new SourceError(text, { retry: true, cause }));
    const stop = () => {
      signals.stop(); // at once: no frame is delivered after this
      outcome.resolve();
    };
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
