// The server as a function: its cameras, the threads that all of them share, and the door that viewers come in by, from start to end.

import { Arena } from "../codec/memory/arena.ts";
import { BUN_RUNTIME } from "../codec/bun/runtime.ts";
import { CodecPool } from "../codec/threads/pool.ts";
import { FairShare } from "../codec/threads/fair-share.ts";
import { messageOf } from "../core/errors.ts";
import { GoodbyeReason } from "../protocol/wire.ts";
import { Camera, untilOrPatience } from "./cameras/camera.ts";
import { findByName } from "./cameras/names.ts";
import { openSources } from "./cameras/sources.ts";
import { announce } from "./doors/announce.ts";
import { openTcpDoor } from "./doors/tcp.ts";
import { Reception } from "./doors/reception.ts";
import type { Rendition } from "./renditions/rendition.ts";
import { type ServeReport, sumUp } from "./report/report.ts";
import type { ResolvedCameraOptions, ResolvedServeOptions } from "./settings/options.ts";
import type { Source } from "../capture/source.ts";
import { watchFrames } from "../capture/supervise/watchdog.ts";

export interface ServeEvents {
  /** The door is open: `report` has the real port. */
  listening(report: ServeReport): void;
  /** Once a second. */
  report(report: ServeReport): void;
  /** One line for the operator. */
  say(text: string): void;
  /** Another source than the camera's `source` names, or null for that; benches serve frames of their own with it. */
  createSource?(camera: ResolvedCameraOptions): Source | null;
  /** After each frame of each rendition; soak runs compare what it holds with what viewers show. */
  onTiles?(rendition: Rendition): void;
}

const TICK_MS = 100;
const REPORT_MS = 1_000;

/**
 * Serves until all cameras have ended or `signal` aborts; then resolves with the last report. A camera that fails does not end
 * the others, and of several one that may work later is tried again; when none has come to an orderly end, this throws what
 * stopped the first. Throws UsageError, MissingError, SourceError or ConnectionError where it cannot begin; nothing stays open
 * then.
 */
export async function serve(
  options: ResolvedServeOptions,
  signal: AbortSignal,
  events: ServeEvents,
): Promise<ServeReport> {
  const breaking = new AbortController();
  const running = AbortSignal.any([signal, breaking.signal]);
  let broken: Error | null = null;
  const sources = openSources(options.cameras, events.say, (camera) => events.createSource?.(camera) ?? null);
  const hasSeveral = sources.length > 1;

  const arena = Arena.create();
  const pool = new CodecPool({
    runtime: BUN_RUNTIME,
    arena,
    codec: options.codec,
    threads: options.workers,
    onIdle: () => turns.pump(),
    onBroken(reason) {
      broken = reason;
      breaking.abort();
    },
    onRestarted: (reason) => events.say(`a codec thread failed and was restarted: ${reason}`),
  });
  const turns = new FairShare(pool);
  const cameras = sources.map(
    ({ name, source, camera }) =>
      new Camera(name, watchFrames(source), camera, {
        ...{ arena, pool, codec: options.codec, frames: options.frames, allowControls: options.allowControls },
        say: (text) => events.say(hasSeveral ? `${name}: ${text}` : text),
        onTiles: (rendition) => events.onTiles?.(rendition),
      }),
  );
  for (const camera of cameras) turns.add(camera);
  const reception = new Reception({
    limits: {
      maxLatencyMicros: options.maxLatencyMs === null ? null : options.maxLatencyMs * 1000,
      maxBitsPerSecond: options.maxBitsPerSecond,
    },
    findCamera(name, wantsPictures) {
      const found = findByName(cameras, name);
      if (!(found instanceof Camera)) return found;
      const isAboutAll = name === "" && !wantsPictures; // what there is can be asked for whatever has become of the first
      return isAboutAll ? found.audience.camera : (found.ended ?? found.audience.camera);
    },
    listCameras: () => cameras.map(({ entry }) => entry),
    say: events.say,
  });

  await using closing = new AsyncDisposableStack();
  closing.defer(() => pool.close());
  closing.defer(async () => void (await Promise.all(cameras.map((camera) => camera.close()))));
  const door = openTcpDoor(options.host, options.port, (connection) => reception.connect(connection));
  closing.defer(() => door.close());
  const report = (): ServeReport =>
    sumUp(
      cameras.map((camera) => camera.report()),
      { host: options.host, port: door.port, codec: options.codec },
    );
  const ticking = setInterval(() => reception.tick(), TICK_MS);
  closing.defer(() => clearInterval(ticking));
  const reporting = setInterval(() => events.report(report()), REPORT_MS);
  closing.defer(() => clearInterval(reporting));
  await pool.started;
  events.listening(report());
  const { host } = options;
  const sourceName = cameras.map(({ name }) => name).join(", ");
  if (options.announce) closing.defer(announce({ host, port: door.port, sourceName }, events.say));
  try {
    await runAll(cameras, running, hasSeveral ? events.say : () => undefined);
  } finally {
    door.close();
    reception.dismiss(GoodbyeReason.shutdown, "the server is shutting down"); // who has not greeted yet
    await untilOrPatience(() => reception.connections === 0, null);
  }
  if (broken !== null) throw broken;
  return report();
}

/** Resolves when all have ended; throws what stopped the first where none came to an orderly end. */
async function runAll(cameras: Camera[], signal: AbortSignal, say: (text: string) => void): Promise<void> {
  const failures: unknown[] = [];
  const runOne = async (camera: Camera) => {
    try {
      await camera.run(signal);
    } catch (error) {
      failures.push(error);
      say(`${camera.name} has ended: ${messageOf(error)}`);
    }
  };
  await Promise.all(cameras.map(runOne));
  if (failures.length === cameras.length) throw failures[0];
}
