// The report of a server: the figures of each camera and of all cameras together.

import { DropCounters, type LatencyMs, roundMs } from "../../core/statistics.ts";
import type { LimitName } from "../access/limits.ts";
import type { CameraReport } from "../cameras/camera-report.ts";
import { SERVER_DROP_REASONS } from "../encode/figures.ts";

/**
 * The figures of a server, which `--json` prints. With several cameras, `viewers`, `frames`, `encoded`, `dropped`, `droppedBy`,
 * `sent` and `skipped` are sums over all cameras. The other figures are those of the first camera.
 */
export interface ServeReport extends Omit<CameraReport, "name" | "ended"> {
  host: string;
  port: number;
  /** The port of the HTTP door and whether it uses TLS, or null without this door. */
  http: { port: number; tls: boolean } | null;
  codec: string;
  /**
   * The fingerprint of the server's public key, in the form in which people compare it, and the time when its certificate ends
   * (ISO 8601). Null without TLS.
   */
  tls: { fingerprint: string; expires: string } | null;
  /** The number of connections that were refused or ended, by the limit that was reached. */
  refusedBy: Readonly<Record<LimitName, number>>;
  /** The bytes of pictures that were sent to all viewers. */
  sentBytes: number;
  /** The number of pictures that had to wait because of `--max-total-bitrate`. */
  heldBack: number;
  /** How late the main thread's event loop was, since the start. While it is late, the pictures of all cameras wait. */
  loopDelayMs: LatencyMs;
  /** The figures of each camera, if there are several. */
  cameras?: CameraReport[];
}

/** Combines the figures of one or more cameras. */
export function sumUp(
  cameras: CameraReport[],
  where: Pick<
    ServeReport,
    "host" | "port" | "http" | "codec" | "tls" | "refusedBy" | "sentBytes" | "heldBack" | "loopDelayMs"
  >,
): ServeReport {
  const [first] = cameras;
  if (first === undefined) throw new Error("a report needs at least one camera");
  const { name: _, ended: __, ...figures } = first;
  if (cameras.length === 1) return { ...where, ...figures };
  const sum = (of: (camera: CameraReport) => number) => cameras.reduce((total, camera) => total + of(camera), 0);
  const drops = new DropCounters(SERVER_DROP_REASONS);
  for (const reason of SERVER_DROP_REASONS)
    drops.add(
      reason,
      sum(({ droppedBy }) => droppedBy[reason]),
    );
  return {
    ...where,
    ...figures,
    viewers: sum(({ viewers }) => viewers),
    frames: sum(({ frames }) => frames),
    encoded: sum(({ encoded }) => encoded),
    dropped: drops.total,
    droppedBy: drops.byReason,
    sent: sum(({ sent }) => sent),
    skipped: sum(({ skipped }) => skipped),
    cameras,
  };
}

/** Returns the most important figures in one line for a terminal. */
export function describeServing(report: ServeReport): string {
  const cameras = report.cameras ?? [{ ...report, name: report.source, ended: null }];
  return `${cameras.map(describeCamera).join(" | ")} · ${report.dropped} dropped`;
}

function describeCamera(report: CameraReport): string {
  if (report.ended !== null) return `${report.name}: ${report.ended}`;
  const size = report.width === 0 ? "" : ` ${report.width}×${report.height}`;
  const megabits = (report.bytesPerFrame * report.encodedFps * 8) / 1e6;
  const watched =
    report.viewers === 0
      ? "no viewers"
      : `${report.viewers} watching · encoding ${roundMs(report.encodeMs.p50 * 1000)} ms · ${megabits.toFixed(1)} Mbit/s each`;
  const { recording } = report;
  const recorded = recording === null ? "" : ` · ${recording.trouble === null ? "recording" : "not recording"}`;
  const moving = report.motion?.moving ? " · motion" : "";
  return `${report.name}${size} · ${report.fps} fps · ${watched}${recorded}${moving}`;
}
