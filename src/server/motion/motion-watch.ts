// Watches one camera for motion: it makes sure that frames are encoded without a viewer, and gives the detector's events to the
// receivers.

import { type Micros, nowMicros, wallAheadMs } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import { type MotionEvent, type MotionNow, type MotionReport, PICTURE_RISE, reportMotion } from "../../core/motion.ts";
import type { FromJpegs } from "../deliver/audience-member.ts";
import { type FollowedCamera, InnerMember } from "../deliver/inner-member.ts";
import type { ChangeSink } from "../encode/changed-tiles.ts";
import { MotionDetector, type MotionSettings } from "./detector.ts";
import { LiveMotion, LOOK_MS } from "./live-motion.ts";
import type { MotionGrid } from "./motion-grid.ts";
import { type CommandSettings, EventCommand } from "./outputs/event-command.ts";
import type { EventOutput, MotionMessage } from "./outputs/event-output.ts";
import { Webhook } from "./outputs/webhook.ts";
import { describeMotion } from "./motion-report.ts";

/** Of the JPEGs that a camera sends, one in this time is decoded if no viewer needs tiles. */
const JPEG_INTERVAL_MICROS: Micros = 200_000;
/**
 * JPEGs of this width and more are compared in half size. Their decoded colours have more noise than the camera's samples (T.871 7), and
 * a halved pixel has half the noise.
 */
const HALVED_FROM_PIXELS = 640;
/** When most of the picture changes in each frame for this time, the operator is told so, once. */
const NOISY_MICROS: Micros = 60_000_000;

/** The settings of a camera's motion detection. */
export interface WatchSettings extends MotionSettings {
  /** The command that is run for each event, or null. */
  command: CommandSettings | null;
  /** The address to which events are posted, or null. */
  webhook: string | null;
}

export interface MotionWatchOptions extends WatchSettings {
  /** Receives the events of the camera. */
  onEvent: (message: MotionMessage) => void;
  /** Receives them as the detector tells them. */
  onMotion: (event: MotionEvent) => void;
  log: Log;
}

/** The figures of the motion detection of a camera, which `--json` prints. */
export interface MotionFigures {
  /** Whether an event is going on. */
  moving: boolean;
  /** The number of events that have begun. */
  events: number;
  /** The share of the picture, from 0 to 1, that is left out because it moves nearly all the time. */
  leftOut: number;
  /** The number of messages that on-event and the webhook have lost. */
  lost: number;
}

/** The camera, whose viewers are told about its motion. */
interface WatchedForMotion extends FollowedCamera {
  tellMotion(motion: MotionNow): void;
}

/** A member of the camera's audience, only so that frames are encoded. The encoder tells it which tiles have changed (`frame`). */
export class MotionWatch extends InnerMember implements ChangeSink {
  readonly address = "motion detection";
  readonly fromJpegs: FromJpegs = {
    intervalMicros: JPEG_INTERVAL_MICROS,
    halvings: ({ width }) => (width >= HALVED_FROM_PIXELS ? 1 : 0),
  };
  readonly #options: MotionWatchOptions;
  readonly #detector: MotionDetector;
  readonly #live: LiveMotion;
  readonly #outputs: readonly EventOutput[];
  /** The picture of the event that goes on, at its height so far, and the moving area of it. */
  #picture: Uint8Array | null = null;
  #pictureArea = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  #calmAt: Micros | null = null;
  #hasWarned = false;
  /** How far the wall clock is ahead of the clock of the stamps. */
  #clockAheadMs = 0;

  constructor(camera: WatchedForMotion, options: MotionWatchOptions) {
    super(camera);
    this.#options = options;
    this.#detector = new MotionDetector(options, (event) => {
      options.onMotion(event);
      if (event.phase === "end") this.#live.ended(event);
      this.#tell(this.#report(event));
    });
    this.#live = new LiveMotion(this.#detector, (motion) => camera.tellMotion(motion));
    const { command, webhook, log } = options;
    this.#outputs = [
      ...(command === null ? [] : [new EventCommand(command, log)]),
      ...(webhook === null ? [] : [new Webhook(webhook, log)]),
    ];
    this.#timer = setInterval(() => this.#check(nowMicros()), LOOK_MS);
    this.#timer.unref();
  }

  frameCame(): void {}

  get halvings(): number {
    return this.frames.feed?.level?.halvings ?? 0;
  }

  frame(capturedAt: Micros, grid: MotionGrid, isChanged: Uint8Array): void {
    if (!this.watching) return;
    this.#detector.frame(capturedAt, grid, isChanged);
    this.#keepPicture();
    this.#checkNoise(capturedAt);
  }

  /** An event also ends while the source delivers no frames, so this is called from time to time. */
  #check(now: Micros): void {
    this.#detector.pass(now);
    this.#live.look(now);
  }

  figures(): MotionFigures {
    const { isMoving, events, leftOut } = this.#detector;
    const lost = this.#outputs.reduce((sum, output) => sum + output.lost, 0);
    return { moving: isMoving, events, leftOut: Math.round(leftOut * 1000) / 1000, lost };
  }

  /** Leaves the audience. An event that goes on ends. */
  leave(): void {
    if (!this.watching) return;
    this.watching = false;
    clearInterval(this.#timer);
    this.#detector.close();
    this.#live.look(nowMicros());
    this.camera.onGone(this, "the motion detection has ended");
  }

  /** Resolves when the outputs have got the last events, or some seconds later. Call it after `leave`. */
  async close(): Promise<void> {
    await Promise.all(this.#outputs.map((output) => output.close()));
  }

  /** Keeps the picture of a new height. Small rises are left out, because each picture is put together from its tiles. */
  #keepPicture(): void {
    const { heightArea } = this.#detector;
    if (heightArea <= PICTURE_RISE * this.#pictureArea) return;
    this.#pictureArea = heightArea;
    this.#picture = this.frames.feed?.jpeg()?.bytes ?? null;
  }

  #checkNoise(capturedAt: Micros): void {
    if (!this.#detector.isNoisy) {
      this.#calmAt = capturedAt;
      return;
    }
    this.#calmAt ??= capturedAt;
    if (this.#hasWarned || capturedAt - this.#calmAt < NOISY_MICROS) return;
    this.#hasWarned = true;
    this.#options.log.warning(
      "no motion can be seen, because most of the picture changes in each frame: raise --noise",
    );
  }

  #tell(report: MotionReport): void {
    const { log, onEvent } = this.#options;
    if (report.phase !== "update") log.info(describeMotion(report));
    if (report.phase === "start") {
      this.#pictureArea = 0;
      this.#keepPicture();
    }
    const message = { report, picture: this.#picture };
    onEvent(message);
    if (report.phase !== "update") for (const output of this.#outputs) output.send(message);
  }

  #report(event: MotionEvent): MotionReport {
    // The clock of the stamps does not follow a wall clock that is set. All times of an event are by the same clock.
    if (event.phase === "start") this.#clockAheadMs = wallAheadMs();
    return reportMotion(this.camera.name, event, (at) => at / 1000 + this.#clockAheadMs);
  }
}
