// One view of a worker: a camera on a canvas. It reports its state to the page.

import { CameraView, type CameraViewOwner } from "../../client/camera-view.ts";
import type { PixelBudget } from "../../connect/server-limits.ts";
import type { Access } from "../../connect/server-access.ts";
import type { Connect } from "../../client/subscription.ts";
import { NO_OVERLAY, type Overlay } from "../../client/screens/overlay.ts";
import { overlayLines } from "../../client/report-text.ts";
import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { type Micros, nowMicros, wallAheadMs } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import { lineLog } from "../../core/log.ts";
import type { ViewEvent, ViewState } from "../messages.ts";
import type { PageMotion } from "../page-motion.ts";
import type { MotionNow } from "../../core/motion.ts";
import { createCanvasScreen } from "./canvas-screen.ts";
import { EventPicture } from "./event-picture.ts";
import { scope } from "./scope.ts";

/** What all views of a worker share. */
export interface ViewResources {
  arena: Arena;
  pool: CodecPool;
  pixels: PixelBudget;
  connect: Connect;
  access: Access;
  /** Called when a view has reached the server, so that the others try at once. */
  onConnected: () => void;
  /** The host and port of the page, for messages. */
  host: string;
  port: number;
}

/** The time between two reports of the state while the age of the picture hardly changes. */
const CALM_MS = 1_000;
/** A smaller change of the age is not reported at once. */
const CALM_AGE_MS = 100;

type EventOf<E> = E extends { view: number } ? Omit<E, "view"> : never;

export class PageView implements CameraViewOwner {
  readonly #number: number;
  readonly #stopping = new AbortController();
  readonly #onConnected: () => void;
  readonly #eventPicture: EventPicture;
  #shown: CameraView | null = null;
  #overlay: Overlay = NO_OVERLAY;
  #isPaused = false;
  #hasShown = false;
  /** The age in the newest report, and when it was sent. */
  #reportedAgeMs: number | null = null;
  #reportedAtMs = 0;

  private constructor(number: number, canvas: OffscreenCanvas, onConnected: () => void) {
    this.#number = number;
    this.#onConnected = onConnected;
    this.#eventPicture = new EventPicture(canvas);
  }

  /** Prepares the view of a camera. `run` connects it. Rejects if the browser cannot draw on the canvas. */
  static async create(
    number: number,
    camera: string,
    canvas: OffscreenCanvas,
    resources: ViewResources,
  ): Promise<PageView> {
    const view = new PageView(number, canvas, resources.onConnected);
    view.#shown = await view.#createView(camera, canvas, resources);
    return view;
  }

  async #createView(camera: string, canvas: OffscreenCanvas, resources: ViewResources): Promise<CameraView> {
    const { arena, pool, pixels, connect, access, host, port } = resources;
    return CameraView.create(
      {
        address: { host, port, camera },
        connect,
        access,
        size: null,
        once: false,
        wait: true,
        maxPixels: pixels,
        arena,
        pool,
        screen: createCanvasScreen(canvas, {
          onOverlay: (overlay) => {
            const isNew = overlay.alarm !== this.#overlay.alarm;
            this.#overlay = overlay;
            if (isNew) this.report();
          },
          onSource: (size) => this.#post({ kind: "source", size }),
        }),
        save: (jpeg, frameNumber) => this.#save(jpeg, frameNumber),
        output: null,
        stopped: this.#stopping.signal,
        trace: null,
        log: lineLog((text) => scope.postMessage({ kind: "say", text })),
      },
      this,
    );
  }

  /** Shows the camera until `close`. */
  async run(): Promise<void> {
    try {
      await this.view.run();
    } catch (error) {
      this.#post({ kind: "ended", reason: messageOf(error) });
    }
  }

  close(): void {
    this.#stopping.abort();
  }

  get view(): CameraView {
    if (this.#shown === null) throw new Error("the view is not ready");
    return this.#shown;
  }

  togglePause(): void {
    this.#isPaused = !this.#isPaused;
    this.view.togglePause();
    this.report();
  }

  /**
   * Sends the state to the page if it has not heard it for a second, or if the picture has become older or newer. Each report
   * costs the browser as much as a picture. Call it several times a second.
   */
  tick(): void {
    const { latencyNowMs, shownAt } = this.view.figures;
    const age = ageMs(latencyNowMs, shownAt);
    const change = age === null || this.#reportedAgeMs === null ? Infinity : Math.abs(age - this.#reportedAgeMs);
    if (change >= CALM_AGE_MS || performance.now() - this.#reportedAtMs >= CALM_MS) this.report();
  }

  /** Sends the state to the page. */
  report(): void {
    if (this.#shown === null) return;
    const { figures } = this.view;
    const report = this.view.report();
    const { p50, p99 } = figures.recentLatencyMs;
    const { alarm } = this.#overlay;
    const state: ViewState = {
      name: report.source,
      ageMs: ageMs(figures.latencyNowMs, figures.shownAt),
      p50Ms: p50,
      p99Ms: p99,
      alarm,
      isOld: alarm !== null,
      trouble: report.trouble ?? (report.frames === 0 ? alarm : null),
      isPaused: this.#isPaused,
      isConnected: report.connected,
      lines: overlayLines(report, figures),
    };
    this.#reportedAgeMs = state.ageMs;
    this.#reportedAtMs = performance.now();
    this.#post({ kind: "state", state });
  }

  viewConnected(): void {
    this.#onConnected();
    this.report();
  }

  viewShown(): void {
    if (this.#hasShown) return;
    this.#hasShown = true;
    this.#post({ kind: "shown" });
    this.report();
  }

  motionTold(motion: MotionNow | null): void {
    if (motion === null) {
      this.#eventPicture.forget();
      this.#post({ kind: "motion", motion: null });
      return;
    }
    const shown = toPage(motion);
    this.#post({ kind: "motion", motion: shown });
    const isLive = this.#hasShown && this.#overlay.alarm === null;
    this.#eventPicture.take(motion, isLive).then(
      (taken) => {
        const { number, startMs } = shown;
        if (taken !== null) this.#post({ kind: "motion-picture", number, startMs, ...taken });
      },
      (error: unknown) => scope.postMessage({ kind: "say", text: `no picture of the motion: ${messageOf(error)}` }),
    );
  }

  viewFailed(reason: unknown): void {
    this.close();
    this.#post({ kind: "ended", reason: messageOf(reason) });
  }

  camerasListed: NonNullable<CameraViewOwner["camerasListed"]> = (cameras) => this.#post({ kind: "cameras", cameras });
  controlsListed: NonNullable<CameraViewOwner["controlsListed"]> = (controls) =>
    this.#post({ kind: "controls", controls });
  controlSet: NonNullable<CameraViewOwner["controlSet"]> = (outcome) => this.#post({ kind: "control-set", outcome });

  async #save(jpeg: Uint8Array, frameNumber: number): Promise<string> {
    const copy = new Uint8Array(jpeg);
    const name = this.view.report().source;
    this.#post({ kind: "saved", jpeg: copy, frameNumber, name }, [copy.buffer]);
    return "the snapshot";
  }

  #post(event: EventOf<ViewEvent>, transfer: Transferable[] = []): void {
    scope.postMessage({ ...event, view: this.#number } as ViewEvent, transfer);
  }
}

function toPage({ phase, number, area, zones, moving, startedAt, movedAt, height }: MotionNow): PageMotion {
  const aheadMs = wallAheadMs();
  const wallMs = (at: Micros) => Math.round(at / 1000 + aheadMs);
  const times = { startMs: wallMs(startedAt), movedMs: wallMs(movedAt) };
  return { phase, number, area, zones, moving, ...times, heightArea: height.area };
}

/** Returns the current age of the picture: its latency when it was shown, and the time since then if no other one has come. */
function ageMs(latencyMs: number | null, shownAt: number | null): number | null {
  if (latencyMs === null || shownAt === null) return null;
  return latencyMs + (nowMicros() - shownAt) / 1000;
}
