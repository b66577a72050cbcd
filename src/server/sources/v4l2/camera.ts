// A V4L2 camera as a source: a thread owns the device, frames go from its buffers to the sink with one copy.

import { type FSWatcher, watch } from "node:fs";
import { MessageChannel, Worker } from "node:worker_threads";
import { sleep } from "../../../core/clock.ts";
import { SourceError } from "../../../core/errors.ts";
import type { FrameSlot } from "../../../codec/frame-slots.ts";
import type { FrameSink, Source } from "../source.ts";
import { type CaptureMessage, type CaptureOrder, SIGNAL, SIGNAL_BYTES, type SlotMessage } from "./capture-messages.ts";
import type { Setting } from "./controls.ts";
import { createControls } from "./controls-thread.ts";
import type { Identity } from "./device.ts";
import type { Mode, Wanted } from "./negotiate.ts";
import { rateOf } from "./formats.ts";

export interface CameraOptions {
  path: string;
  identity: Identity;
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
      path: () => camera.path,
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
    this.#settings = [...this.#settings.filter(({ name }) => name !== setting.name), setting];
  }

  async run(sink: FrameSink, signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const signals = new Int32Array(new SharedArrayBuffer(SIGNAL_BYTES));
    const { port1: slotPort, port2: slots } = new MessageChannel();
    const { identity, wanted } = this.#options;
    const order: CaptureOrder = { path: this.path, identity, wanted, settings: this.#settings, signals, slots };
    const worker = new Worker(new URL("./capture-worker.ts", import.meta.url), {
      workerData: order,
      transferList: [slots],
    });
    const reception = new Reception(sink, signals, (message) => slotPort.postMessage(message));
    const stop = () => {
      Atomics.store(signals, SIGNAL.stop, 1);
      Atomics.notify(signals, SIGNAL.taken);
      Atomics.notify(signals, SIGNAL.slotsSent);
    };
    signal.addEventListener("abort", stop);
    try {
      await new Promise<void>((resolve, reject) => {
        worker.on("message", (message: CaptureMessage) => {
          if (message.kind === "ended") {
            if (message.failure === null || signal.aborted) resolve();
            else reject(new SourceError(message.failure, { retry: true }));
          } else if (!signal.aborted) {
            if (message.kind === "started") this.#hear(message);
            reception.take(message);
          }
        });
        worker.on("error", (cause: Error) => {
          reject(new SourceError(`the thread of ${this.path} died: ${cause.message}`, { retry: true, cause }));
        });
        worker.on("exit", () => reject(new SourceError(`the thread of ${this.path} ended`, { retry: true })));
      });
    } finally {
      signal.removeEventListener("abort", stop);
      await worker.terminate();
      slotPort.close();
      reception.abandon(); // only now: the thread may have been writing to it
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

/** The main thread's side of one run: gives slots in advance, and what comes back to the sink. */
class Reception {
  readonly #sink: FrameSink;
  readonly #signals: Int32Array;
  readonly #sendSlot: (message: SlotMessage) => void;
  #pixels: { format: Parameters<FrameSink["reserve"]>[0]; size: Parameters<FrameSink["reserve"]>[1] } | null = null;
  #slot: FrameSlot | null = null;

  constructor(sink: FrameSink, signals: Int32Array, sendSlot: (message: SlotMessage) => void) {
    this.#sink = sink;
    this.#signals = signals;
    this.#sendSlot = sendSlot;
  }

  take(message: Exclude<CaptureMessage, { kind: "ended" }>): void {
    switch (message.kind) {
      case "started":
        if (message.format !== "mjpeg") this.#pixels = { format: message.format, size: message.actual.size };
        this.#offerSlot();
        break;
      case "jpeg":
        this.#countLost(message.lost);
        this.#sink.jpeg(message.bytes, message.capturedAt);
        this.#confirm();
        break;
      case "pixels": {
        this.#countLost(message.lost);
        const slot = this.#slot;
        this.#slot = null;
        if (slot !== null && this.#pixels !== null) {
          this.#sink.pixels(slot, this.#pixels.format, this.#pixels.size, message.capturedAt);
        }
        this.#offerSlot();
        this.#confirm();
        break;
      }
      case "wants-slot":
        if (this.#slot !== null) break; // it is on its way
        this.#offerSlot();
        if (this.#slot === null) this.#post({ bytes: null });
        break;
      case "lost":
        this.#countLost(message.lost);
        break;
    }
  }

  /** Gives back what the thread holds, when it has ended. */
  abandon(): void {
    this.#slot?.release();
    this.#slot = null;
  }

  #offerSlot(): void {
    if (this.#pixels === null) return;
    this.#slot = this.#sink.reserve(this.#pixels.format, this.#pixels.size);
    if (this.#slot !== null) this.#post({ bytes: this.#slot.bytes });
  }

  #post(message: SlotMessage): void {
    this.#sendSlot(message);
    Atomics.add(this.#signals, SIGNAL.slotsSent, 1);
    Atomics.notify(this.#signals, SIGNAL.slotsSent);
  }

  #confirm(): void {
    Atomics.add(this.#signals, SIGNAL.taken, 1);
    Atomics.notify(this.#signals, SIGNAL.taken);
  }

  #countLost(count: number): void {
    for (let i = 0; i < count; i++) this.#sink.lost();
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
