// One camera of the server: its source, the encoders, and the audience that watches it.

import { CaptureRate } from "../../capture/capture-rate.ts";
import type { Source } from "../../capture/source.ts";
import { type ReleaseListener, runWhileWatched, type WatchedSource } from "../../capture/supervise/idle-release.ts";
import { CODECS, type CodecName } from "../../codec/codecs.ts";
import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { nowMicros } from "../../core/clock.ts";
import { Condition } from "../../core/condition.ts";
import { messageOf } from "../../core/errors.ts";
import { Health } from "../../core/health.ts";
import type { Log } from "../../core/log.ts";
import { type Trace, TraceTrack } from "../../core/trace.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { Audience, type AudienceListener, type RenditionReport } from "../deliver/audience.ts";
import { CameraControls } from "../deliver/camera-controls.ts";
import type { Refusal } from "../deliver/viewer.ts";
import { type CaptureListener, FrameDispatcher } from "../encode/dispatcher.ts";
import { type CameraTrouble, EncodeFigures, type ServerDropReason } from "../encode/figures.ts";
import { TileScheduler } from "../encode/tile-scheduler.ts";
import { PictureFeed } from "../renditions/feed.ts";
import { RenditionRegistry } from "../renditions/registry.ts";
import type { TileSink } from "../renditions/sinks.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";

/** What a camera gets from its server. */
export interface CameraSurroundings {
  arena: Arena;
  /** Shared by all cameras. */
  pool: CodecPool;
  codec: CodecName;
  /** The camera ends after this many captured frames; null = never. */
  frames: number | null;
  /** Whether viewers may set the source's controls. */
  allowControls: boolean;
  /** Take the tiles of each frame beside the audience: a recorder, a test. */
  sinks: readonly TileSink[];
  /** The log of a subject of this camera, such as `encode`. */
  logOf: (subject: "camera" | "encode" | "deliver") => Log;
  /** Null: no trace is written. */
  trace: Trace | null;
}

/** The figures of a camera, as `--json` prints them. */
export interface CameraReport {
  /** What viewers call it. */
  name: string;
  source: string;
  /** Why it shows nothing any more; null while it does. */
  ended: string | null;
  /** Size of the newest picture; 0 before the first. */
  width: number;
  height: number;
  viewers: number;
  /** Frames captured so far. */
  frames: number;
  /** Frames captured a second, lately. */
  fps: number;
  /** Pictures made of them; fewer while no viewer watches. */
  encoded: number;
  encodedFps: number;
  /** Bytes of the newest frame, in the best rendition. */
  bytesPerFrame: number;
  /** The sizes and qualities that are being sent, the best first. */
  renditions: RenditionReport[];
  /** Time in the codec, without waiting. */
  encodeMs: { p50: number; p99: number };
  /** Captured frames that never became a picture although a viewer watched. */
  dropped: number;
  droppedBy: Record<ServerDropReason, number>;
  /** Pictures sent, and pictures not sent for lack of credit, over all viewers. */
  sent: number;
  skipped: number;
}

/** How long the last pictures and goodbyes may take to reach the viewers. */
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
  readonly #figures: EncodeFigures;
  readonly #captures = new CaptureRate();
  readonly #dispatcher: FrameDispatcher;
  readonly #watched: WatchedSource;
  /** Aborts when enough frames are captured. */
  readonly #enough = new AbortController();
  /** Met when all that was captured has been shown, or no viewer is left to see it. */
  readonly #settled = new Condition(() => !this.audience.isWatched || (this.#dispatcher.idle && this.audience.settled));
  /** Why there are no more pictures; null while there may be. */
  ended: Refusal | null = null;

  constructor(name: string, source: Source, options: ResolvedCameraOptions, surroundings: CameraSurroundings) {
    const { arena, pool, codec, logOf, trace } = surroundings;
    const { quality, sampling } = options;
    const { encodesTiles } = CODECS[codec];
    const track = trace === null ? null : new TraceTrack(trace, `camera ${name}`);
    this.name = name;
    this.#source = source;
    this.#log = logOf("camera");
    this.#mostFrames = surroundings.frames;
    const health = new Health<CameraTrouble>((text) => this.#tell(text));
    this.#figures = new EncodeFigures(health);
    this.#pictures = new PictureFeed({ source, codec, quality });
    this.#controls = new CameraControls({ source, areSettable: surroundings.allowControls, log: this.#log });
    this.audience = new Audience({
      name,
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
    });
    const log = logOf("encode");
    const tiles = new TileScheduler({
      arena,
      pool,
      noise: options.noise,
      sampling,
      source,
      renditions: this.#renditions,
      demand: this.audience,
      sinks: [this.audience, ...surroundings.sinks],
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
  }

  /** Called when the source was released because there are no viewers. */
  released(idleSeconds: number): void {
    this.#dispatcher.clear();
    this.#pictures.clear();
    this.#log.info(`no viewers for ${idleSeconds} s: ${this.#source.name} is released`);
  }

  /** Called when the source starts again for a viewer. */
  resumed(): void {
    this.#log.info(`a viewer came: ${this.#source.name} is started again`);
  }

  /**
   * Runs until the source has ended, enough frames are captured or `signal` aborts. Before it resolves, the viewers see all that
   * was captured and are told why there is no more. Rejects as the source does when it cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    let farewell: Refusal = { reason: GoodbyeReason.end, text: `${this.#source.name} has ended` };
    try {
      await this.#watched.run(this.#dispatcher, AbortSignal.any([signal, this.#enough.signal]));
      if (signal.aborted) farewell = { reason: GoodbyeReason.shutdown, text: "the server is shutting down" };
      else await this.#settled.wait(AbortSignal.any([signal, AbortSignal.timeout(FAREWELL_MS)]));
    } catch (error) {
      farewell = { reason: GoodbyeReason.end, text: messageOf(error) };
      throw error;
    } finally {
      this.ended = farewell;
      this.audience.dismiss(farewell);
      this.#dispatcher.clear(); // other cameras may run on, and need the memory
      this.#pictures.clear();
    }
  }

  /** Releases the camera's controls. Call when the camera does not run, or not any more. */
  async close(): Promise<void> {
    await this.#controls.close();
  }

  /** The camera as viewers see it in the list of cameras. */
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

  frameAcknowledged(): void {
    this.#settled.check();
  }

  frameCaptured(frames: number): void {
    if (frames === this.#mostFrames) this.#enough.abort();
  }

  report(): CameraReport {
    const now = nowMicros();
    const { audience } = this;
    const { wanted } = this.#renditions;
    const { drops, encoded, encodedRate, encodeDurations } = this.#figures;
    const { width, height } = this.#dispatcher.size;
    return {
      name: this.name,
      source: this.#source.name,
      ended: this.ended?.text ?? null,
      width,
      height,
      viewers: audience.count,
      frames: this.#captures.frames,
      fps: Math.round(this.#captures.rate.perSecond(now) * 10) / 10,
      encoded,
      encodedFps: Math.round(encodedRate.perSecond(now) * 10) / 10,
      bytesPerFrame: (audience.onPictures > 0 ? null : wanted[0]?.newestBytes) ?? this.#pictures.newestBytes,
      renditions: [
        ...audience.reportPictures(),
        ...wanted.map(({ stream, level, users, newestBytes }) => ({
          width: stream?.width ?? 0,
          height: stream?.height ?? 0,
          quality: level.quality,
          viewers: users,
          bytesPerFrame: newestBytes,
        })),
      ],
      encodeMs: { p50: encodeDurations.percentileMs(50), p99: encodeDurations.percentileMs(99) },
      dropped: drops.total,
      droppedBy: { ...drops.byReason },
      sent: audience.picturesSent,
      skipped: audience.picturesSkipped,
    };
  }

  /** Tells operator and viewers of trouble that begins, changes or ends (null). */
  #tell(trouble: string | null): void {
    if (trouble === null) this.#log.info(`${this.#source.name} is back`);
    else this.#log.warning(trouble);
    this.audience.notifyAll();
  }
}
