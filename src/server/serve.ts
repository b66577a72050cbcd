// The server as a function: one source, its encoders, its viewers and the door they come in by, from start to end.

import { Arena } from "../codec/arena.ts";
import type { CodecName } from "../codec/codec.ts";
import { CodecPool } from "../codec/pool.ts";
import { nowMicros, sleep } from "../core/clock.ts";
import { roundMs } from "../core/statistics.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { openTcpDoor } from "./doors/tcp.ts";
import { EncodePipeline, type ServerDropReason } from "./encode-pipeline.ts";
import type { EncodedPicture } from "./picture.ts";
import { openPreview } from "./preview.ts";
import { openSource, type SourceOptions } from "./sources/open.ts";
import type { Source } from "./sources/source.ts";
import { Viewers } from "./viewers.ts";

export interface ServeOptions extends SourceOptions {
  codec: CodecName;
  workers: number;
  host: string;
  /** 0 = any that is free; the report says which. */
  port: number;
  preview: boolean;
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
  bytesPerFrame: number;
  /** In the codec, waiting left out. */
  encodeMs: { p50: number; p99: number };
  /** Captured frames that never became a picture although somebody watched. */
  dropped: number;
  droppedBy: Record<ServerDropReason, number>;
  /** Pictures sent, and pictures not sent for lack of credit, over all viewers. */
  sent: number;
  skipped: number;
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
}

const TICK_MS = 100;
const REPORT_MS = 1_000;
/** How long the last pictures and goodbyes may take to reach the viewers. */
const FAREWELL_MS = 2_000;

/**
 * Serves until the source has ended, `options.frames` are captured or `signal` aborts; then resolves with the last
 * report. Throws UsageError, MissingError, SourceError or ConnectionError where it cannot; nothing stays open then.
 */
export async function serve(options: ServeOptions, signal: AbortSignal, events: ServeEvents): Promise<ServeReport> {
  const source = events.createSource?.() ?? openSource(options, events.say);
  const ending = new AbortController();
  const running = AbortSignal.any([signal, ending.signal]);
  let newest: EncodedPicture | null = null;
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
  const viewers = new Viewers({
    sourceName: source.name,
    captureIntervalMicros: () => pipeline.captureIntervalMicros,
    describeStream: ({ width, height }) => ({
      width,
      height,
      framesPerSecond: source.framesPerSecond,
      codec: options.codec,
      quality: options.quality,
      sourceWidth: width,
      sourceHeight: height,
      jpegHeader: new Uint8Array(),
    }),
    onChanged: () => pipeline.pump(),
    say: events.say,
  });
  const pipeline = new EncodePipeline({
    arena,
    pool,
    quality: options.quality,
    isWatched: () => viewers.isWatched,
    publish(picture) {
      newest = picture;
      viewers.publish(picture);
    },
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

  const report = (): ServeReport => ({
    host: options.host,
    port: door.port,
    source: source.name,
    width: newest?.width ?? 0,
    height: newest?.height ?? 0,
    codec: options.codec,
    viewers: viewers.count,
    frames: pipeline.captured,
    fps: Math.round(pipeline.captureRate.perSecond(nowMicros()) * 10) / 10,
    encoded: pipeline.encoded,
    encodedFps: Math.round(viewers.publishRate.perSecond(nowMicros()) * 10) / 10,
    bytesPerFrame: newest?.jpeg.length ?? 0,
    encodeMs: { p50: pipeline.encodeDurations.percentileMs(50), p99: pipeline.encodeDurations.percentileMs(99) },
    dropped: pipeline.drops.total,
    droppedBy: { ...pipeline.drops.byReason },
    sent: viewers.picturesSent,
    skipped: viewers.picturesSkipped,
  });

  const door = openTcpDoor(options.host, options.port, (connection) => viewers.connect(connection));
  const ticking = setInterval(() => viewers.tick(), TICK_MS);
  const reporting = setInterval(() => events.report(report()), REPORT_MS);
  try {
    await pool.started;
    events.listening(report());
    const preview = options.preview ? openPreview(options.host, door.port, running, events.say) : null;
    let farewell: Farewell = { reason: GoodbyeReason.end, text: `${source.name} has ended` };
    try {
      await source.run(pipeline, running);
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
