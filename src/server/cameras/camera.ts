// One camera of the server: its source, what is made of its pictures, and the viewers that watch it.

import type { Arena } from "../../codec/memory/arena.ts";
import { CODECS, type CodecName } from "../../codec/codecs.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { nowMicros, sleep } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { CameraEntry } from "../../protocol/cameras.ts";
import { GoodbyeReason } from "../../protocol/wire.ts";
import { CameraControls } from "../deliver/camera-controls.ts";
import { FrameDispatcher, type ServerDropReason } from "../encode/dispatcher.ts";
import { PictureFeed } from "../renditions/feed.ts";
import type { Rendition } from "../renditions/rendition.ts";
import { RenditionRegistry } from "../renditions/registry.ts";
import { runWhileWatched, type WatchedSource } from "../../capture/supervise/idle-release.ts";
import type { Source } from "../../capture/source.ts";
import type { ResolvedCameraOptions } from "../settings/options.ts";
import { TileScheduler } from "../encode/tile-scheduler.ts";
import type { Refusal } from "../deliver/viewer.ts";
import { type RenditionReport, Audience } from "../deliver/audience.ts";

export interface CameraSurroundings {
  arena: Arena;
  /** Shared by all cameras. */
  pool: CodecPool;
  codec: CodecName;
  /** End after so many captured frames; null = never. */
  frames: number | null;
  /** Audience may set what can be set of the source. */
  allowControls: boolean;
  /** One line for the operator. */
  say: (text: string) => void;
  /** After each frame of each rendition. */
  onTiles: (rendition: Rendition) => void;
}

/** What a camera knows of itself. */
export interface CameraReport {
  /** What viewers call it. */
  name: string;
  source: string;
  /** Why it shows nothing any more; null while it does. */
  ended: string | null;
  /** Of the newest picture; 0 before the first. */
  width: number;
  height: number;
  viewers: number;
  /** Captured so far. */
  frames: number;
  /** Captured a second, lately. */
  fps: number;
  /** Pictures made of them; fewer while nobody watches. */
  encoded: number;
  encodedFps: number;
  /** Of the newest one, in the best rendition. */
  bytesPerFrame: number;
  /** What is being sent: sizes and qualities in use, the best first. */
  renditions: RenditionReport[];
  /** In the codec, waiting left out. */
  encodeMs: { p50: number; p99: number };
  /** Captured frames that never became a picture although somebody watched. */
  dropped: number;
  droppedBy: Record<ServerDropReason, number>;
  /** Pictures sent, and pictures not sent for lack of credit, over all viewers. */
  sent: number;
  skipped: number;
}

/**
 * Sending a frame in parts overlaps encoding with decoding, and costs some 100 µs a part on both sides: 7.9 ms instead of 8.5
 * from capture to pixels at 1080p, 24 instead of 27 at 4K, server and viewer on the same two cores.
 */
const STREAMED_FROM_MICROS = 2_000;
/** To more viewers than this a frame is sent in one piece: many small writes would cost more than they save. */
const MAX_STREAMED_VIEWERS = 4;

/** How long the last pictures and goodbyes may take to reach the viewers. */
const FAREWELL_MS = 2_000;

export class Camera {
  readonly name: string;
  readonly audience: Audience;
  readonly #source: Source;
  readonly #controls: CameraControls;
  readonly #renditions = new RenditionRegistry();
  readonly #pictures: PictureFeed;
  readonly #dispatcher: FrameDispatcher;
  readonly #watched: WatchedSource;
  readonly #enough = new AbortController();
  #saidTrouble: string | null = null;
  /** Why there are no more pictures; null while there may be. */
  ended: Refusal | null = null;

  constructor(name: string, source: Source, options: ResolvedCameraOptions, surroundings: CameraSurroundings) {
    const { arena, pool, codec, frames, say } = surroundings;
    this.name = name;
    this.#source = source;
    this.#pictures = new PictureFeed(({ width, height, isPassedOn }) => ({
      ...{ width, height, framesPerSecond: source.framesPerSecond },
      codec: isPassedOn ? "jpeg" : codec,
      quality: isPassedOn ? 0 : options.quality,
      ...{ sourceWidth: width, sourceHeight: height, jpegHeader: new Uint8Array() },
    }));
    this.#controls = new CameraControls({ source, areSettable: surroundings.allowControls, say });
    this.audience = new Audience({
      name,
      controls: this.#controls,
      quality: options.quality,
      renditions: this.#renditions,
      pictures: this.#pictures,
      transcodes: CODECS[codec].encodesTiles,
      captureIntervalMicros: () => this.#dispatcher.captures.intervalMicros,
      onChanged: () => {
        this.#watched.check();
        this.#dispatcher.pump();
      },
      say,
    });
    const { audience } = this;
    const tiles = new TileScheduler({
      arena,
      pool,
      renditions: this.#renditions,
      noise: options.noise,
      sampling: options.sampling,
      get framesPerSecond() {
        return source.framesPerSecond; // ffmpeg says it with the first frame only
      },
      wantsParts: (encodingMicros) =>
        encodingMicros >= STREAMED_FROM_MICROS && audience.watching <= MAX_STREAMED_VIEWERS,
      onSource: (size) => audience.useTiles(size),
      onOpened: (rendition, frameNumber) => audience.beginFrame(rendition, frameNumber),
      onPart: (rendition, first, count, isLast) => audience.sendPart(rendition, first, count, isLast),
      onCommitted(rendition) {
        audience.publishTiles(rendition);
        surroundings.onTiles(rendition);
      },
      onAborted: (rendition) => audience.abortFrame(rendition),
    });
    this.#dispatcher = new FrameDispatcher({
      arena,
      pool,
      quality: options.quality,
      sampling: options.sampling,
      tiles: CODECS[codec].encodesTiles ? tiles : null,
      isWatched: () => audience.isWatched,
      wantsTiles: () => this.#renditions.wanted.length > 0,
      publish: (picture) => audience.publish(picture),
      say,
      onTrouble: (text) => {
        if (text === this.#saidTrouble) return;
        this.#saidTrouble = text;
        say(text ?? `${source.name} is back`);
        audience.notify(text);
      },
      onCaptured: (captured) => {
        if (captured === frames) this.#enough.abort();
      },
    });
    this.#watched = runWhileWatched({
      source,
      idleSeconds: options.idleReleaseSeconds,
      isWatched: () => audience.isWatched,
      onReleased: () => {
        this.#dispatcher.clear();
        this.#pictures.clear();
        say(`nobody has watched for ${options.idleReleaseSeconds} s: ${source.name} is let go until somebody comes`);
      },
      onResumed: () => say(`${source.name} is wanted again`),
    });
  }

  /**
   * Runs until the source has ended, enough frames are captured or `signal` aborts; its viewers have seen all of it then,
   * and are told why there is no more. Rejects as the source does where that cannot go on.
   */
  async run(signal: AbortSignal): Promise<void> {
    let farewell: Refusal = { reason: GoodbyeReason.end, text: `${this.#source.name} has ended` };
    try {
      await this.#watched.run(this.#dispatcher, AbortSignal.any([signal, this.#enough.signal]));
      const { audience } = this;
      if (signal.aborted) farewell = { reason: GoodbyeReason.shutdown, text: "the server is shutting down" };
      else await untilOrPatience(() => !audience.isWatched || (this.#dispatcher.idle && audience.settled), signal);
    } catch (error) {
      farewell = { reason: GoodbyeReason.end, text: messageOf(error) };
      throw error;
    } finally {
      this.ended = farewell;
      this.audience.dismiss(farewell);
      this.#dispatcher.clear(); // others may run on, and need the room
      this.#pictures.clear();
    }
  }

  /** Lets go of what is left when it does not run, or not any more. */
  async close(): Promise<void> {
    await this.#controls.close();
  }

  /** What viewers are told of it. */
  get entry(): CameraEntry {
    const { framesPerSecond } = this.#source;
    return { name: this.name, hasEnded: this.ended !== null, ...this.#dispatcher.size, framesPerSecond };
  }

  /** Gives the newest frame to a codec thread, if there is one idle and somebody watches. */
  pump(): void {
    this.#dispatcher.pump();
  }

  report(): CameraReport {
    const now = nowMicros();
    const dispatcher = this.#dispatcher;
    const { wanted } = this.#renditions;
    const { encodeDurations, drops } = dispatcher;
    return {
      name: this.name,
      source: this.#source.name,
      ended: this.ended?.text ?? null,
      ...dispatcher.size,
      viewers: this.audience.count,
      frames: dispatcher.captures.frames,
      fps: Math.round(dispatcher.captures.rate.perSecond(now) * 10) / 10,
      encoded: dispatcher.encoded,
      encodedFps: Math.round(dispatcher.encodedRate.perSecond(now) * 10) / 10,
      bytesPerFrame: (this.audience.onPictures > 0 ? null : wanted[0]?.newestBytes) ?? this.#pictures.newestBytes,
      renditions: [
        ...this.audience.reportPictures(),
        ...wanted.map(({ stream, level, users, newestBytes }) => ({
          ...{ width: stream?.width ?? 0, height: stream?.height ?? 0, quality: level.quality },
          ...{ viewers: users, bytesPerFrame: newestBytes },
        })),
      ],
      encodeMs: { p50: encodeDurations.percentileMs(50), p99: encodeDurations.percentileMs(99) },
      dropped: drops.total,
      droppedBy: { ...drops.byReason },
      sent: this.audience.picturesSent,
      skipped: this.audience.picturesSkipped,
    };
  }
}

/** Waits for something that the viewers have to do, for at most FAREWELL_MS, or until the signal aborts. */
export async function untilOrPatience(isDone: () => boolean, signal: AbortSignal | null): Promise<void> {
  const patience = AbortSignal.timeout(FAREWELL_MS);
  const waiting = signal === null ? patience : AbortSignal.any([signal, patience]);
  while (!isDone() && !waiting.aborted) await sleep(5, waiting);
}
