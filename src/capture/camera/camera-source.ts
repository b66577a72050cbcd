// A V4L2 camera as a source of frames. A thread owns the device. It copies each frame once, from the driver's buffer into a slot:
// memory that all threads share.

import { Worker } from "node:worker_threads";
import { SourceError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { onAbort } from "../../core/on-abort.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { type Setting, withSetting } from "../control-values.ts";
import { CaptureSignals } from "../hand-over/capture-signals.ts";
import { HandOver } from "../hand-over/hand-over.ts";
import { endOf, hasEnded } from "../../system/thread-end.ts";
import type { FrameSink, Source } from "../source.ts";
import type { Identity } from "../../system/v4l2/device.ts";
import { rateOf } from "../v4l2/formats.ts";
import { describeActual, type Mode, type Wanted } from "../v4l2/negotiate.ts";
import type { CaptureMessage, CaptureOrder } from "./capture-messages.ts";
import { type ControlledCamera, createControls } from "./controls-thread.ts";
import { type KnownCamera, nodeOf } from "./find.ts";
import { cameraPluggedIn } from "./plugged-in.ts";

export interface CameraSourceOptions {
  path: string;
  identity: Identity;
  /** The `bus` of each other camera with the same name. */
  others: readonly string[];
  wanted: Wanted;
  /** The chosen mode of the camera, which the driver may still change. */
  mode: Mode;
  settings: readonly Setting[];
  log: Log;
}

/** Creates the source of a camera that has already been checked (open-camera.ts). */
export function createCameraSource(options: CameraSourceOptions): Source {
  const camera = new CameraSource(options);
  openCameras.add(camera);
  const controls = createControls(camera);
  return {
    name: options.path,
    get framesPerSecond() {
      return camera.framesPerSecond;
    },
    run: (sink, signal) => camera.run(sink, signal),
    controls: {
      ...controls,
      close() {
        openCameras.delete(camera);
        return controls.close();
      },
    },
    untilBack: cameraPluggedIn,
  };
}

/** All open cameras of this process. The set is needed to tell identical models apart after they were unplugged. */
const openCameras = new Set<CameraSource>();

class CameraSource implements ControlledCamera {
  readonly #options: CameraSourceOptions;
  #settings: readonly Setting[];
  #lastRemarks = "";
  /** The thread of the previous run. */
  #last: { thread: Worker; end: Promise<void> } | null = null;
  /** The path of the node, even if the user named a link to it. It may change when the camera is plugged in again. */
  path: string;
  framesPerSecond: number;

  constructor(options: CameraSourceOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.path = nodeOf(options.path);
    this.framesPerSecond = options.mode.interval === null ? 0 : rateOf(options.mode.interval);
  }

  /**
   * Keeps a setting that was made while the camera runs. A camera forgets it without power, so it is set again after a restart.
   */
  keep(setting: Setting): void {
    this.#settings = withSetting(this.#settings, setting);
  }

  /** The camera's identity, by which it is found again. `others` includes cameras of the same name that were opened later. */
  get known(): KnownCamera {
    const { identity, others } = this.#options;
    const alike = [...openCameras].flatMap((camera) => {
      const { card, bus } = camera.#options.identity;
      return card === identity.card && bus !== identity.bus ? [bus] : [];
    });
    return { path: this.path, identity, others: [...others, ...alike] };
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    if (this.#last !== null && !(await hasEnded(this.#last.thread, this.#last.end))) {
      const text = `${this.path} is still closing: its driver waits for a device that does not answer`;
      throw new SourceError(text, { retry: "soon" });
    }
    if (signal.aborted) return; // The signal aborted during the wait.
    const signals = new CaptureSignals();
    const worker = new Worker(PROGRAM_FILES.threads.capture, { workerData: this.#order(signals) });
    const handOver = new HandOver(sink, signals);
    const outcome = Promise.withResolvers<void>();
    const fail = (text: string, cause?: Error) => outcome.reject(new SourceError(text, { retry: "soon", cause }));
    worker.on("message", (message: CaptureMessage) => {
      if (signal.aborted) return; // The thread ends because it was told to stop.
      switch (message.kind) {
        case "started":
          this.#onStarted(message);
          handOver.begin({ ...message, size: message.actual.size }).catch(outcome.reject);
          break;
        case "lost":
          handOver.countLost(message.lost);
          break;
        case "wants-slot":
          handOver.answerForSlot();
          break;
        case "trouble":
          sink.trouble(message.text);
          break;
        case "debug":
          this.#options.log.debug(message.text);
          break;
        case "failing":
          // The failure is reported before the device is closed, because closing takes long when the device does not answer.
          if (handOver.hasDelivered) sink.trouble(`${message.message}; trying again`);
          fail(message.message);
          break;
        case "ended":
          if (message.failure === null) outcome.resolve();
          else fail(message.failure);
          break;
      }
    });
    worker.on("error", (cause: Error) => fail(`the thread that reads ${this.path} failed: ${cause.message}`, cause));
    const end = endOf(worker);
    this.#last = { thread: worker, end };
    void end.then(() => {
      handOver.abandon(); // The slot is released only now, because the thread may have been writing to it.
      fail(`the thread that reads ${this.path} has ended unexpectedly`);
    });
    using _ = onAbort(signal, () => {
      signals.stop(); // This happens immediately, so that no frame is delivered after the abort.
      outcome.resolve();
    });
    try {
      await outcome.promise;
    } finally {
      signals.stop();
      await hasEnded(worker, end);
    }
  }

  #order(signals: CaptureSignals): CaptureOrder {
    const { wanted, log } = this.#options;
    return {
      ...this.known,
      wanted,
      settings: this.#settings,
      signals: signals.memory,
      wantsDebug: log.isEnabledFor("debug"),
    };
  }

  #onStarted({ path, actual, remarks }: CaptureMessage & { kind: "started" }): void {
    if (path !== this.path) remarks.unshift(`${this.path} is now ${path}`);
    this.path = path;
    this.framesPerSecond = actual.framesPerSecond;
    this.#options.log.debug(`${path} runs with ${describeActual(actual)}`);
    const text = remarks.join("; ");
    if (text !== "" && text !== this.#lastRemarks) this.#options.log.info(text);
    this.#lastRemarks = text;
  }
}
