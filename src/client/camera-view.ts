// One camera on one screen: it shows the pictures of a subscription and handles the user's keys.

import type { Arena } from "../codec/memory/arena.ts";
import type { CodecPool } from "../codec/threads/pool.ts";
import { readJpegSize } from "../codec/jpeg/header.ts";
import type { Micros } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { MotionNow, ShareBox } from "../core/motion.ts";
import type { Size } from "../core/pixel-format.ts";
import type { Trace } from "../core/trace.ts";
import type { CameraEntry } from "../protocol/cameras.ts";
import type { Controls, ControlSet, SetControl } from "../protocol/controls.ts";
import type { StreamHeader } from "../protocol/messages.ts";
import { Decoders } from "./decode/decoders.ts";
import { ViewFigures, type ViewReport } from "./figures.ts";
import { traceFrame } from "./frame-spans.ts";
import type { DecodedPicture, ReceivedFrame } from "./picture.ts";
import { createGreyer } from "./present/grey-copy.ts";
import { acknowledgeDropped } from "./present/acknowledge.ts";
import { type FrameWriter, Presenter, type PresenterOwner } from "./present/presenter.ts";
import { overlayLines } from "./report-text.ts";
import type { Screen } from "./screens/screen.ts";
import { describeSeenMotion } from "./seen-motion.ts";
import { Subscription, type SubscriptionOptions, type SubscriptionOwner, type Wanted } from "./subscription.ts";
import { Trouble } from "./trouble.ts";

export interface CameraViewOptions extends Omit<SubscriptionOptions, "decoders"> {
  arena: Arena;
  pool: CodecPool;
  /** The picture size that is enough. Null means the size of the source. */
  size: Size | null;
  screen: Screen;
  /** Saves a snapshot. The promise resolves with the name of the file. */
  save: (jpeg: Uint8Array, frameNumber: number, pastMs: number | null) => Promise<string>;
  /** The output that shown pictures are also written to, or null. With an output the server is asked to keep their size. */
  output: FrameWriter | null;
  /** Receives the spans of each frame, or null for no trace. */
  trace: Trace | null;
}

/** The events of a view, which its owner implements. */
export interface CameraViewOwner {
  /** The view calls this when a server has accepted the connection. */
  viewConnected(): void;
  /** The view calls this when it has shown a picture. */
  viewShown(): void;
  /** Called with what the server tells about motion, in this machine's clock, and with null when the connection has ended. */
  motionTold?(motion: MotionNow | null): void;
  /** The view calls this when the screen or the output has failed. */
  viewFailed(reason: unknown): void;
  /** Called with the list of all cameras of the server, once for each connection. */
  camerasListed?(cameras: CameraEntry[]): void;
  /** Called with the controls of the camera, after `askForControls`. */
  controlsListed?(controls: Controls): void;
  /** Called after `setControl`, with the answer: whether the server has set the control. */
  controlSet?(outcome: ControlSet): void;
}

/** The shortest time between two messages to the server about the size of the window. */
const SIZE_PAUSE_MS = 100;

export class CameraView implements SubscriptionOwner, PresenterOwner {
  readonly figures = new ViewFigures();
  readonly #trouble = new Trouble();
  readonly #options: CameraViewOptions;
  readonly #owner: CameraViewOwner;
  readonly #presenter: Presenter;
  readonly #subscription: Subscription;
  /** The size of the pictures on the screen, or null before it is known. */
  #seen: Size | null = null;
  #isPaused = false;
  /** The motion that goes on, or null. */
  #motion: MotionNow | null = null;
  /** True while no part of the view can be seen. */
  #isHidden = false;
  /** True while the newest size has not been sent to the server. */
  #isUntold = false;
  #toldAtMs = -Infinity;
  /** The view's track in the trace. */
  #track = "viewer";

  /** Loads the decoders and creates the view. */
  static async create(options: CameraViewOptions, owner: CameraViewOwner): Promise<CameraView> {
    return new CameraView(options, owner, await Decoders.create(options.arena, options.pool));
  }

  private constructor(options: CameraViewOptions, owner: CameraViewOwner, decoders: Decoders) {
    this.#options = options;
    this.#owner = owner;
    const { screen, output, pool, arena, stopped } = options;
    this.#presenter = new Presenter(
      {
        screen,
        output,
        figures: this.figures,
        trouble: this.#trouble,
        decodeThreads: pool.threads,
        grey: createGreyer(arena, pool),
        stopped, // a picture may be decoded already when a limit of frames ends the view
      },
      this,
    );
    this.#subscription = new Subscription({ ...options, decoders }, this.#wanted, this);
  }

  /** Shows the camera until it is stopped. KeepConnected.run lists the errors that it throws. */
  async run(): Promise<void> {
    await this.#subscription.run();
  }

  report(): ViewReport {
    return this.figures.report(this.#subscription.state, this.#trouble);
  }

  /** Decodes waiting pictures. Call it when a codec thread has become idle. */
  pump(): void {
    this.#subscription.pump();
  }

  /** Updates the messages on the picture. Call it several times a second. */
  tick(): void {
    this.#presenter.tick();
    if (this.#isUntold) this.#tellWanted();
  }

  /** Shows the picture on the screen again. */
  refresh(): void {
    this.#presenter.refresh();
  }

  /** Tries to connect immediately if the last try reached no server. */
  retryNow(): void {
    this.#subscription.retryNow();
  }

  toggleOverlay(): void {
    this.#presenter.toggleOverlay();
  }

  togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.#tellWanted();
    this.#presenter.setPaused(this.#isPaused);
  }

  /** Shows a picture of the past until the next call, and releases its slot later. Null shows the newest picture. */
  showPast(picture: DecodedPicture | null): void {
    this.#presenter.setPast(picture);
  }

  /** Sets the size of the pictures on the screen. The server should not send larger ones. */
  setSeen({ width, height }: Size): void {
    if (this.#seen?.width === width && this.#seen.height === height) return;
    this.#seen = { width, height };
    // While the user resizes the window, its size changes with each movement of the mouse. The server gets only some of these
    // sizes, and the last one.
    if (performance.now() - this.#toldAtMs >= SIZE_PAUSE_MS) this.#tellWanted();
    else this.#isUntold = true;
  }

  /** Sets whether the view is completely hidden. While it is, it requests no pictures. */
  setHidden(isHidden: boolean): void {
    if (isHidden === this.#isHidden) return;
    this.#isHidden = isHidden;
    this.#tellWanted();
    if (!this.#hasOutput) this.#presenter.setHidden(isHidden);
  }

  snapshot(): void {
    const { log, save } = this.#options;
    const jpeg = this.#presenter.currentJpeg();
    if (!jpeg) {
      log.info("there is no picture to save yet");
      return;
    }
    const { width, height } = readJpegSize(jpeg);
    save(jpeg, this.#presenter.currentFrameNumber, this.#presenter.pastMs).then(
      (path) => log.info(`saved ${path} (${width}x${height})`),
      (error: unknown) => log.warning(`the snapshot was not saved: ${messageOf(error)}`),
    );
  }

  /** Asks for the controls of the camera. */
  askForControls(): void {
    this.#subscription.askForControls();
  }

  setControl(set: SetControl): void {
    this.#subscription.setControl(set);
  }

  camerasListed(cameras: CameraEntry[]): void {
    this.#owner.camerasListed?.(cameras);
  }

  controlsListed(controls: Controls): void {
    this.#owner.controlsListed?.(controls);
  }

  controlSet(outcome: ControlSet): void {
    this.#owner.controlSet?.(outcome);
  }

  pictureDecoded(picture: DecodedPicture): void {
    this.#presenter.offer(picture);
  }

  frameDropped(frame: ReceivedFrame, cause: "stale" | "decode"): void {
    this.figures.drops.add(cause);
    acknowledgeDropped(frame);
  }

  framesSkipped(count: number): void {
    this.figures.drops.add("skipped", count);
  }

  cameraConnected(source: string): void {
    this.#track = `viewer ${source}`;
    this.#options.screen.setTitle(`${source} - Slipstream`);
    this.#owner.viewConnected();
  }

  streamChanged({ framesPerSecond, sourceWidth, sourceHeight }: StreamHeader): void {
    this.#trouble.setRate(framesPerSecond);
    this.#options.screen.setSource({ width: sourceWidth, height: sourceHeight });
  }

  troubleChanged(text: string | null, lastedMicros: number): void {
    this.#presenter.setRemark(text, lastedMicros);
  }

  motionTold(motion: MotionNow | null): void {
    this.#motion = motion?.phase === "end" ? null : motion;
    this.#owner.motionTold?.(motion);
  }

  slotReleased(): void {
    this.pump();
  }

  pictureShown(picture: DecodedPicture, startedAt: Micros, shownAt: Micros): void {
    const { trace } = this.#options;
    if (trace !== null) traceFrame(trace, this.#track, picture, { startedAt, shownAt });
    this.#owner.viewShown();
  }

  presenterFailed(reason: unknown): void {
    this.#owner.viewFailed(reason);
  }

  overlayLines(): string[] {
    const lines = overlayLines(this.report(), this.figures);
    return this.#motion === null ? lines : [...lines, describeSeenMotion(this.#motion)];
  }

  movingBox(): ShareBox | null {
    return this.#motion?.moving ?? null;
  }

  #tellWanted(): void {
    this.#isUntold = false;
    this.#toldAtMs = performance.now();
    this.#subscription.setWanted(this.#wanted);
  }

  get #hasOutput(): boolean {
    return this.#options.output !== null;
  }

  get #wanted(): Wanted {
    const { size } = this.#options;
    // With an output, frames are written even if the window is hidden. They all have the same size, so the server should not send
    // smaller pictures over a slow link, which would be scaled up.
    if (this.#hasOutput) return { paused: this.#isPaused, size, keepsSize: true };
    return { paused: this.#isPaused || this.#isHidden, size: smaller(size, this.#seen), keepsSize: false };
  }
}

/** Returns the size that is enough for both, where null stands for any size. */
function smaller(a: Size | null, b: Size | null): Size | null {
  if (a === null || b === null) return a ?? b;
  return { width: Math.min(a.width, b.width), height: Math.min(a.height, b.height) };
}
