// The server as a function: one source, its encoders, its viewers and the door they come in by, from start to end.

import { Arena } from "../codec/arena.ts";
import type { CodecName } from "../codec/codec.ts";
import { CodecPool } from "../codec/pool.ts";
import { nowMicros, sleep } from "../core/clock.ts";
import { roundMs } from "../core/statistics.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { announce } from "./doors/announce.ts";
import { openTcpDoor } from "./doors/tcp.ts";
import { EncodePipeline, type ServerDropReason } from "./encode-pipeline.ts";
import { PictureFeed } from "./feed.ts";
import { openPreview } from "./preview.ts";
import { openSource, type SourceOptions } from "./sources/open.ts";
import type { Source } from "./sources/source.ts";
import type { Rendition } from "./rendition.ts";
import { Renditions } from "./renditions.ts";
import { runWhileWatched } from "./sources/idle-release.ts";
import { watchFrames } from "./sources/watchdog.ts";
import { TilePipeline } from "./tile-pipeline.ts";
import { Viewers } from "./viewers.ts";

/** Sensor noise of a standard deviation up to this stays unsent; docs/latency.md has the measurement. */
export const DEFAULT_NOISE = 2;
/** A picture older than a quarter of a second is felt as late by who steers a thing by it. */
export const DEFAULT_MAX_LATENCY_MS = 250;

export interface ServeOptions extends SourceOptions {
  codec: CodecName;
  workers: number;
  host: string;
  /** 0 = any that is free; the report says which. */
  port: number;
  /** Tell the local network of it, where it listens beyond this machine. */
  announce: boolean;
  preview: boolean;
  /** Levels by which pixels may be off without being sent again; 0 = exact, null = all are always sent. */
  noise: number | null;
  /** How old a viewer's picture may become before it is sent less of it; null = any age. */
  maxLatencyMs: number | null;
  /** Most that one viewer is sent; null = no limit. */
  maxBitsPerSecond: number | null;
  /** Let the source go when nobody has watched for so long; null = keep it. */
  idleReleaseSeconds: number | null;
  /** End after so many captured frames; null = never. */
  frames: number | null;
}

/** What the server knows of itself; printed as it is by `--json`. */
export interface ServeReport {
  host: string;
  port: number;
  source: string;
  /** Of the newest picture; 0 before the first. */
  width: number;
  height: number;
  codec: string;
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

export interface RenditionReport {
  width: number;
  height: number;
  quality: number;
  viewers: number;
  bytesPerFrame: number;
}

export interface ServeEvents {
  /** The door is open: `report` has the real port. */
  listening(report: ServeReport): void;
  /** Once a second. */
  report(report: ServeReport): void;
  /** One line for the operator. */
  say(text: string): void;
  /** Another source than `options.source` names; benches serve frames of their own with it. */
  createSource?(): Source;
  /** After each frame of each rendition; soak runs compare what it holds with what viewers show. */
  onTiles?(rendition: Rendition): void;
}

/**
 * Sending a frame in parts overlaps encoding with decoding, and costs some 100 µs a part on both sides: 7.9 ms instead of 8.5
 * from capture to pixels at 1080p, 24 instead of 27 at 4K, server and viewer on the same two cores.
 */
const STREAMED_FROM_MICROS = 2_000;
/** To more viewers than this a frame is sent in one piece: many small writes would cost more than they save. */
const MAX_STREAMED_VIEWERS = 4;

const TICK_MS = 100;
const REPORT_MS = 1_000;
/** How long the last pictures and goodbyes may take to reach the viewers. */
const FAREWELL_MS = 2_000;

/**
 * Serves until the source has ended, `options.frames` are captured or `signal` aborts; then resolves with the last
 * report. Throws UsageError, MissingError, SourceError or ConnectionError where it cannot; nothing stays open then.
 */
export async function serve(options: ServeOptions, signal: AbortSignal, events: ServeEvents): Promise<ServeReport> {
  const source = watchFrames(events.createSource?.() ?? openSource(options, events.say));
  const ending = new AbortController();
  const running = AbortSignal.any([signal, ending.signal]);
  let broken: Error | null = null;
  let saidTrouble: string | null = null;

  const arena = Arena.create();
  const pool = new CodecPool({
    arena,
    codec: options.codec,
    threads: options.workers,
    onIdle: () => pipeline.pump(),
    onBroken(reason) {
      broken = reason;
      ending.abort();
    },
    onReplaced: (reason) => events.say(`a codec thread died and was replaced: ${reason}`),
  });
  const renditions = new Renditions();
  const pictures = new PictureFeed(({ width, height, isPassedOn }) => ({
    ...{ width, height, framesPerSecond: source.framesPerSecond },
    codec: isPassedOn ? "jpeg" : options.codec,
    quality: isPassedOn ? 0 : options.quality,
    ...{ sourceWidth: width, sourceHeight: height, jpegHeader: new Uint8Array() },
  }));
  const viewers: Viewers = new Viewers({
    sourceName: source.name,
    quality: options.quality,
    limits: {
      maxLatencyMicros: options.maxLatencyMs === null ? null : options.maxLatencyMs * 1000,
      maxBitsPerSecond: options.maxBitsPerSecond,
    },
    renditions,
    pictures,
    captureIntervalMicros: () => pipeline.captureIntervalMicros,
    onChanged() {
      watched.check();
      pipeline.pump();
    },
    say: events.say,
  });
  const tiles = new TilePipeline({
    arena,
    pool,
    renditions,
    noise: options.noise,
    sampling: options.sampling,
    get framesPerSecond() {
      return source.framesPerSecond; // ffmpeg says it with the first frame only
    },
    wantsParts: (encodingMicros) => encodingMicros >= STREAMED_FROM_MICROS && viewers.watching <= MAX_STREAMED_VIEWERS,
    onSource: (size) => viewers.useTiles(size),
    onOpened: (rendition, frameNumber) => viewers.beginFrame(rendition, frameNumber),
    onPart: (rendition, first, count, isLast) => viewers.sendPart(rendition, first, count, isLast),
    onCommitted(rendition) {
      viewers.publishTiles(rendition);
      events.onTiles?.(rendition);
    },
    onAborted: (rendition) => viewers.abortFrame(rendition),
  });
  const pipeline: EncodePipeline = new EncodePipeline({
    arena,
    pool,
    quality: options.quality,
    sampling: options.sampling,
    tiles: options.codec === "simd" ? tiles : null,
    isWatched: () => viewers.isWatched,
    publish: (picture) => viewers.publish(picture),
    onTrouble(text) {
      if (text === saidTrouble) return;
      saidTrouble = text;
      events.say(text ?? `${source.name} is back`);
      viewers.notify(text);
    },
    onCaptured(frames) {
      if (frames === options.frames) ending.abort();
    },
  });

  const watched = runWhileWatched({
    source,
    idleSeconds: options.idleReleaseSeconds,
    isWatched: () => viewers.isWatched,
    onReleased() {
      pipeline.clear();
      pictures.clear();
      events.say(
        `nobody has watched for ${options.idleReleaseSeconds} s: ${source.name} is let go until somebody comes`,
      );
    },
    onResumed: () => events.say(`${source.name} is wanted again`),
  });

  const report = (): ServeReport => ({
    host: options.host,
    port: door.port,
    source: source.name,
    width: pipeline.size.width,
    height: pipeline.size.height,
    codec: options.codec,
    viewers: viewers.count,
    frames: pipeline.captured,
    fps: Math.round(pipeline.captureRate.perSecond(nowMicros()) * 10) / 10,
    encoded: pipeline.encoded,
    encodedFps: Math.round(pipeline.encodedRate.perSecond(nowMicros()) * 10) / 10,
    bytesPerFrame: renditions.wanted[0]?.newestBytes ?? pictures.newestBytes,
    renditions: renditions.wanted.map(({ stream, level, users, newestBytes }) => ({
      ...{ width: stream?.width ?? 0, height: stream?.height ?? 0, quality: level.quality },
      ...{ viewers: users, bytesPerFrame: newestBytes },
    })),
    encodeMs: { p50: pipeline.encodeDurations.percentileMs(50), p99: pipeline.encodeDurations.percentileMs(99) },
    dropped: pipeline.drops.total,
    droppedBy: { ...pipeline.drops.byReason },
    sent: viewers.picturesSent,
    skipped: viewers.picturesSkipped,
  });

  const door = openTcpDoor(options.host, options.port, (connection) => viewers.connect(connection));
  const ticking = setInterval(() => viewers.tick(), TICK_MS);
  const reporting = setInterval(() => events.report(report()), REPORT_MS);
  let takeBack = () => Promise.resolve();
  try {
    await pool.started;
    events.listening(report());
    const { port } = door;
    if (options.announce) takeBack = announce({ host: options.host, port, sourceName: source.name }, events.say);
    const preview = options.preview ? openPreview(options.host, door.port, running, events.say) : null;
    let farewell: Farewell = { reason: GoodbyeReason.end, text: `${source.name} has ended` };
    try {
      await watched.run(pipeline, running);
      if (signal.aborted) farewell = { reason: GoodbyeReason.shutdown, text: "the server is shutting down" };
      else await until(() => !viewers.isWatched || (pipeline.idle && viewers.settled), signal);
    } catch (error) {
      farewell = { reason: GoodbyeReason.end, text: error instanceof Error ? error.message : String(error) };
      throw error;
    } finally {
      door.close();
      viewers.dismiss(farewell.reason, farewell.text);
      await until(() => viewers.connections === 0, null);
      await preview;
    }
    if (broken !== null) throw broken;
    return report();
  } finally {
    clearInterval(ticking);
    clearInterval(reporting);
    door.close();
    await takeBack();
    await pool.close();
  }
}

interface Farewell {
  reason: GoodbyeReason;
  text: string;
}

/** Waits for something that the viewers have to do, for at most FAREWELL_MS, or until the signal aborts. */
async function until(isDone: () => boolean, signal: AbortSignal | null): Promise<void> {
  const patience = AbortSignal.timeout(FAREWELL_MS);
  const waiting = signal === null ? patience : AbortSignal.any([signal, patience]);
  while (!isDone() && !waiting.aborted) await sleep(5, waiting);
}

/** One calm line of what matters, for a terminal. */
export function describeServing(report: ServeReport): string {
  const size = report.width === 0 ? "" : ` ${report.width}×${report.height}`;
  const megabits = (report.bytesPerFrame * report.encodedFps * 8) / 1e6;
  const watched =
    report.viewers === 0
      ? "nobody watching"
      : `${report.viewers} watching · encoding ${roundMs(report.encodeMs.p50 * 1000)} ms · ${megabits.toFixed(1)} Mbit/s each`;
  return `${report.source}${size} · ${report.fps} fps · ${watched} · ${report.dropped} dropped`;
}
