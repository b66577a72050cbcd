// One camera of the server: its source, the encoders, and the audience that watches it.

import { CaptureRate } from "../../capture/capture-rate.ts";
import type { Source } from "../../capture/source.ts";
import { type ReleaseListener, runWhileWatched, type WatchedSource } from "../../capture/supervise/idle-release.ts";
import { CODECS } from "../../codec/codecs.ts";
import type { OwnedMemory } from "../../codec/memory/lent-memory.ts";
import { nowMicros } from "../../core/clock.ts";
import { Condition } from "../../core/condition.ts";
import { messageOf } from "../../core/errors.ts";
import { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import { TraceTrack } from "../../core/trace.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { Audience, type AudienceListener } from "../deliver/audience.ts";
import { CameraControls } from "../deliver/camera-controls.ts";
import type { CameraCondition, CameraState } from "../deliver/camera-condition.ts";
import type { Refusal } from "../access/refusal.ts";
import { ChangedTiles } from "../encode/changed-tiles.ts";
import { type CaptureListener, FrameDispatcher } from "../encode/dispatcher.ts";
import { type CameraTrouble, EncodeFigures } from "../encode/figures.ts";
import { TileScheduler } from "../encode/tile-scheduler.ts";
import type { MotionEvent } from "../../core/motion.ts";
import { MotionWatch } from "../motion/motion-watch.ts";
import { Past } from "../past/past.ts";
import type { Recorder } from "../record/recorder.ts";
import { PictureFeed } from "../renditions/feed.ts";
import { RenditionRegistry } from "../renditions/registry.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";
import { type CameraReport, reportCamera } from "./camera-report.ts";
import type { CameraSurroundings } from "./camera-surroundings.ts";

/** The time limit for sending the last pictures and Goodbyes to the viewers. */
export const FAREWELL_MS = 2_000;

export class Camera implements AudienceListener, CaptureListener, ReleaseListener {
  readonly name: string;
  readonly audience: Audience;
  readonly #source: Source;
  readonly #log: Log;
  readonly #mostFrames: number | null;
  readonly #controls: CameraControls;
  readonly #renditions = new RenditionRegistry();
  readonly #pictures: PictureFeed;
  readonly #health: Health<CameraTrouble>;
  readonly #figures: EncodeFigures;
  readonly #captures = new CaptureRate();
  readonly #dispatcher: FrameDispatcher;
  readonly #memory: OwnedMemory;
  readonly #watched: WatchedSource;
  readonly #recorder: Recorder | null;
  readonly #past: Past | null;
  readonly #motion: MotionWatch | null;
  /** Aborts when the requested number of frames is captured. */
  readonly #enough = new AbortController();
  /** Becomes true when all captured frames have been shown, or no viewer is left. */
  readonly #settled = new Condition(() => !this.audience.isWatched || (this.#dispatcher.idle && this.audience.settled));
  /** Aborts when the camera is taken out of the server. */
  readonly #retired = new AbortController();
  /** The Goodbye for the viewers of a camera that is taken out of the server. */
  #farewell: Refusal | null = null;
  /** The reason why there are no more pictures, or null while more may come. */
  ended: Refusal | null = null;
  /** Whether the source is released because nobody watches. */
  #isReleased = false;
  /** The time when the source was released or started again, the first frame came, trouble ended, or the camera ended. */
  #changedAt = nowMicros();

  constructor(name: string, source: Source, options: ResolvedCameraOptions, surroundings: CameraSurroundings) {
    const { pool, own, codec, logOf, trace, follower } = surroundings;
    const arena = surroundings.memory.lend();
    this.#memory = arena;
    const { quality, sampling, motion } = options;
    const { encodesTiles } = CODECS[codec];
    const track = trace === null ? null : new TraceTrack(trace, `camera ${name}`);
    this.name = name;
    this.#source = source;
    this.#log = logOf("camera");
    this.#mostFrames = surroundings.frames;
    this.#health = new Health((text) => this.#tell(text));
    const health = this.#health;
    this.#figures = new EncodeFigures(health, follower);
    this.#pictures = new PictureFeed({ source, codec, quality });
    this.#controls = new CameraControls({ source, areSettable: surroundings.allowControls, log: this.#log });
    this.audience = new Audience({
      name,
      route: source.route ?? null,
      controls: this.#controls,
      quality,
      renditions: this.#renditions,
      pictures: this.#pictures,
      captures: this.#captures,
      transcodes: encodesTiles,
      health,
      listener: this,
      log: logOf("deliver"),
      trace,
      followDoor: follower === null ? null : (door) => follower.viewersOf(door),
    });
    if (source.route !== undefined) source.route.onChanged = () => this.audience.tellRoute();
    const log = logOf("encode");
    const sinks = [this.audience, ...surroundings.sinks];
    const { onEvent } = surroundings;
    const onMotion = (event: MotionEvent) => this.#recorder?.motion(event);
    this.#motion =
      motion === null ? null : new MotionWatch(this.audience, { ...motion, onEvent, onMotion, log: logOf("motion") });
    const tiles = new TileScheduler({
      arena,
      pool,
      own,
      noise: options.noise,
      sampling,
      source,
      renditions: this.#renditions,
      freeStates: surroundings.freeStates,
      demand: this.audience,
      sinks,
      changes: this.#motion === null ? null : new ChangedTiles(arena, this.#motion),
      figures: this.#figures,
      log,
      track,
    });
    this.#dispatcher = new FrameDispatcher({
      arena,
      pool,
      quality,
      sampling,
      tiles: encodesTiles ? tiles : null,
      demand: this.audience,
      pictures: this.audience,
      sinks,
      captures: this.#captures,
      figures: this.#figures,
      listener: this,
      log,
      track,
    });
    this.#watched = runWhileWatched({
      source,
      idleSeconds: options.idleReleaseSeconds,
      demand: this.audience,
      listener: this,
    });
    const { record, past } = options;
    this.#past = past === null ? null : new Past(this.audience, past, surroundings.clips);
    this.audience.clips = this.#past;
    this.#recorder = record === null ? null : surroundings.recordings.create(this.audience, record, logOf("record"));
  }

  /** Handles a stop of the source because there were no viewers (idle-release.ts). */
  released(idleSeconds: number): void {
    this.#isReleased = true;
    this.#changedAt = nowMicros();
    this.#dispatcher.clear();
    this.#pictures.clear();
    this.#log.info(`no viewers for ${idleSeconds} s: ${this.#source.name} is released until one comes`);
  }

  /** Handles a start of the source because a viewer has come (idle-release.ts). */
  resumed(): void {
    this.#isReleased = false;
    this.#changedAt = nowMicros();
    this.#log.info(`a viewer came: ${this.#source.name} is started again`);
  }

  /** Ends the camera, because it is taken out of the server. Its viewers get this Goodbye. */
  retire(farewell: Refusal): void {
    this.#farewell = farewell;
    this.#retired.abort();
  }

  /**
   * Runs until the source ends, enough frames are captured, or `signal` aborts. Before the promise resolves, the viewers have
   * seen all captured frames and have been told why the camera ends. The promise rejects with the source's error when the source
   * cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    let farewell: Refusal = { reason: GoodbyeReason.end, text: `${this.#source.name} has ended` };
    this.#recorder?.begin();
    this.#past?.begin();
    this.#motion?.begin();
    try {
      const stopping = [signal, this.#enough.signal, this.#retired.signal];
      await this.#watched.run(this.#dispatcher, AbortSignal.any(stopping));
      if (this.#farewell !== null) farewell = this.#farewell;
      else if (signal.aborted) farewell = { reason: GoodbyeReason.shutdown, text: "the server is shutting down" };
      else await this.#settled.wait(AbortSignal.any([signal, AbortSignal.timeout(FAREWELL_MS)]));
    } catch (error) {
      farewell = { reason: GoodbyeReason.end, text: messageOf(error) };
      throw error;
    } finally {
      this.ended = farewell;
      this.#changedAt = nowMicros();
      this.audience.dismiss(farewell);
      this.#dispatcher.end(); // Other cameras may go on and need the memory.
      this.#pictures.clear();
    }
  }

  /** Releases the camera's controls. Call it before the camera runs, or after it has ended. */
  async close(): Promise<void> {
    await Promise.all([this.#controls.close(), this.#motion?.close()]);
  }

  /** Gives the camera's memory to the next cameras. Call it after the camera has ended. */
  async giveBackMemory(): Promise<void> {
    await this.#memory.giveBackWhen(() => this.#dispatcher.releaseMemory());
  }

  /** Returns the camera's entry in the list of cameras for viewers. */
  get entry(): CameraEntry {
    const { framesPerSecond } = this.#source;
    const { width, height } = this.#dispatcher.size;
    return { name: this.name, hasEnded: this.ended !== null, width, height, framesPerSecond };
  }

  /** Gives the newest frame to a codec thread, if one is idle and a viewer watches. */
  pump(): void {
    this.#dispatcher.pump();
    this.#settled.check();
  }

  demandChanged(): void {
    this.#watched.check();
    this.pump();
  }

  frameAwaited(): void {
    this.#dispatcher.awaited();
  }

  frameAcknowledged(): void {
    this.#settled.check();
  }

  frameCaptured(frames: number): void {
    if (frames === 1) this.#changedAt = nowMicros();
    if (frames === this.#mostFrames) this.#enough.abort();
  }

  get condition(): CameraCondition {
    const { text, since } = this.#health;
    const isInTrouble = this.ended === null && text !== null;
    const changedAt = this.#changedAt;
    return {
      state: this.#state,
      since: isInTrouble ? (since ?? changedAt) : changedAt,
      trouble: this.ended?.text ?? text,
    };
  }

  get #state(): CameraState {
    if (this.ended !== null) return "ended";
    if (this.#health.text !== null) return "trouble";
    if (this.#isReleased) return "resting";
    return this.#captures.frames === 0 ? "starting" : "delivering";
  }

  get detectsMotion(): boolean {
    return this.#motion !== null;
  }

  report(): CameraReport {
    return reportCamera({
      name: this.name,
      source: this.#source,
      ended: this.ended,
      size: this.#dispatcher.size,
      audience: this.audience,
      pictures: this.#pictures,
      renditions: this.#renditions,
      captures: this.#captures,
      figures: this.#figures,
      recorder: this.#recorder,
      past: this.#past,
      motion: this.#motion,
    });
  }

  /** Tells the operator and the viewers that a trouble has begun or changed, or with null that it has ended. */
  #tell(trouble: string | null): void {
    if (trouble === null) {
      this.#changedAt = nowMicros();
      this.#log.info(`${this.#source.name} is back`);
    } else {
      this.#log.warning(trouble);
    }
    this.audience.notifyAll();
  }
}
