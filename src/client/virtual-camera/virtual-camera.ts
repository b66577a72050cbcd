// A virtual camera: shown pictures go to a V4L2 output device, so that other programs see them as a webcam (--to).

import { Worker } from "node:worker_threads";
import { MissingError } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { untilAbort } from "../../core/on-abort.ts";
import type { Size } from "../../core/pixel-format.ts";
import { PROGRAM_FILES } from "../../program-files.ts";
import { addressOf } from "../../system/memory.ts";
import { endOf, hasEnded } from "../../system/thread-end.ts";
import type { FrameWriter } from "../present/presenter.ts";
import type { RgbaPicture } from "../screens/overlay.ts";
import type { PictureOrder, ThreadMessage, ThreadOrder, VirtualCameraOrder } from "./messages.ts";

/** The figures of a virtual camera. `view --json` prints this object. */
export interface VirtualCameraReport {
  /** The path of the device. */
  device: string;
  /** The size and pixel format of the device, for example "1280x720 YUYV", or "" before the first picture. */
  format: string;
  /** The number of pictures that the device has taken. */
  frames: number;
  /** The number of shown pictures that the device did not take, because it still had others. */
  dropped: number;
}

export interface VirtualCameraOptions {
  path: string;
  /** Returns the size that the device should have for pictures of a size. */
  sizeFor: (picture: Size) => Size;
  log: Log;
}

export class VirtualCamera implements FrameWriter, AsyncDisposable {
  readonly #options: VirtualCameraOptions;
  readonly #thread: Worker;
  readonly #end: Promise<void>;
  readonly #opened = Promise.withResolvers<void>();
  #card = "";
  #format = "";
  #frames = 0;
  #dropped = 0;
  #failure: MissingError | null = null;
  /** True while the thread has a picture. */
  #isBusy = false;
  /** Settles when the thread has read the picture that was written last. */
  #reading: PromiseWithResolvers<void> | null = null;

  /**
   * Opens the device at a path. Rejects with MissingError if it cannot be used, and with the reason of `signal` when that aborts
   * first. In both cases the device is closed again.
   */
  static async open(options: VirtualCameraOptions, signal: AbortSignal): Promise<VirtualCamera> {
    const camera = new VirtualCamera(options);
    try {
      await untilAbort(camera.#opened.promise, signal);
      return camera;
    } catch (error) {
      await camera[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(options: VirtualCameraOptions) {
    this.#options = options;
    const { path, log } = options;
    const order: VirtualCameraOrder = { path, wantsDebug: log.isEnabledFor("debug") };
    this.#thread = new Worker(PROGRAM_FILES.threads.virtualCamera, { workerData: order });
    this.#end = endOf(this.#thread);
    this.#thread.on("message", (message: ThreadMessage) => this.#take(message));
    this.#thread.on("error", (error: Error) =>
      this.#fail(`the thread that writes to ${path} failed: ${error.message}`),
    );
    void this.#end.then(() => this.#fail(`the thread that writes to ${path} has ended`));
  }

  /**
   * Gives a picture to the device. Resolves when the pixels may change, which never depends on the device. While the device still has the
   * picture before, this one is dropped and counted. Rejects with MissingError if the device cannot be used any more.
   */
  async write({ pixels, width, height }: RgbaPicture): Promise<void> {
    if (this.#failure !== null) throw this.#failure;
    if (this.#isBusy) {
      this.#dropped++;
      return;
    }
    this.#isBusy = true;
    this.#reading = Promise.withResolvers();
    this.#post({
      address: Number(addressOf(pixels)),
      bytes: pixels.length,
      width,
      height,
      wanted: this.#options.sizeFor({ width, height }),
    } satisfies PictureOrder);
    await this.#reading.promise;
  }

  report(): VirtualCameraReport {
    return { device: this.#options.path, format: this.#format, frames: this.#frames, dropped: this.#dropped };
  }

  /** Closes the device. A driver that blocks does not keep the process alive. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#failure ??= new MissingError(`${this.#options.path} is closed`);
    this.#post(null);
    await hasEnded(this.#thread, this.#end);
  }

  #post(order: ThreadOrder): void {
    this.#thread.postMessage(order);
  }

  #take(message: ThreadMessage): void {
    switch (message.kind) {
      case "opened":
        this.#card = message.card;
        this.#opened.resolve();
        break;
      case "released":
        this.#reading?.resolve();
        break;
      case "finished":
        this.#isBusy = false;
        this.#reading?.resolve();
        if (message.outcome === "taken") this.#frames++;
        else this.#dropped++;
        this.#setFormat(message.format);
        break;
      case "debug":
        this.#options.log.debug(message.text);
        break;
      case "failed":
        this.#fail(message.message);
        break;
    }
  }

  #setFormat(format: string): void {
    if (format === this.#format || format === "") return;
    this.#format = format;
    const { path, log } = this.#options;
    log.info(`${path} (${this.#card}) gets pictures of ${format}`);
  }

  #fail(text: string): void {
    this.#failure ??= new MissingError(text);
    this.#opened.reject(this.#failure);
    this.#reading?.reject(this.#failure);
  }
}
