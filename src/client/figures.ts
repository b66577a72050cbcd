// What the viewer knows of itself: rates, latencies by stage, and drops by reason.

import { type Micros, nowMicros } from "../core/clock.ts";
import { DropCounters, Durations, type LatencyMs, Rate, roundMs } from "../core/statistics.ts";
import type { StreamHeader } from "../protocol/messages.ts";
import type { DecodedPicture } from "./picture.ts";
import { Trouble } from "./trouble.ts";

/**
 * Why a picture was not shown: `skipped` the server did not send it since this viewer had no credit or its encoders were
 * busy, `stale` a newer one came before it was decoded or shown, `late` a newer one was shown first, `decode` it was
 * damaged.
 */
const VIEWER_DROP_REASONS = ["skipped", "stale", "late", "decode"] as const;
export type ViewerDropReason = (typeof VIEWER_DROP_REASONS)[number];

/** Medians of the stages that add up to the latency, in milliseconds. */
export interface StagesMs {
  encode: number;
  send: number;
  transfer: number;
  decode: number;
  show: number;
}

/** Printed as it is by `--json`. */
export interface ViewReport {
  server: string;
  source: string;
  connected: boolean;
  /** Shown so far. */
  frames: number;
  /** Shown a second, lately. */
  fps: number;
  width: number;
  height: number;
  codec: string;
  /** What the pictures are encoded with, 1 to 100; 0 = unknown. */
  quality: number;
  /** Of the source, which may be larger than what is sent of it; 0 until it is known. */
  sourceWidth: number;
  sourceHeight: number;
  dropped: number;
  droppedBy: Record<ViewerDropReason, number>;
  bytesPerFrame: number;
  bytesPerSecond: number;
  /** From captured to shown, in the clocks of both machines; all 0 until the first picture. */
  latencyMs: LatencyMs;
  stagesMs: StagesMs;
  roundTripMs: number;
  /** Connections made after the first. */
  reconnects: number;
  /** What is wrong with what is seen; null while all is well. */
  trouble: string | null;
  /** How long it has been so; 0 while all is well. */
  troubleSeconds: number;
}

export class ViewFigures {
  server = "";
  source = "";
  connected = false;
  /** The newest; null before the first. */
  stream: Pick<StreamHeader, "codec" | "quality" | "sourceWidth" | "sourceHeight"> | null = null;
  connections = 0;
  readonly trouble = new Trouble();
  readonly drops = new DropCounters(VIEWER_DROP_REASONS);
  /** Of the last shown picture; null while the offset between the clocks is not known. */
  latencyNowMs: number | null = null;
  shownAt: Micros | null = null;
  #frames = 0;
  #bytes = 0;
  #width = 0;
  #height = 0;
  #roundTripMicros = 0;
  readonly #latency = new Durations();
  readonly #recentLatency: Durations = new Durations();
  #recentSince = nowMicros();
  readonly #shown = new Rate();
  readonly #stages = {
    encode: new Durations(),
    send: new Durations(),
    transfer: new Durations(),
    decode: new Durations(),
    show: new Durations(),
  };

  get frames(): number {
    return this.#frames;
  }

  /** A picture is on the screen since `shownAt`. */
  recordShown(picture: DecodedPicture, shownAt: Micros): void {
    const { received } = picture;
    const { clock } = received.origin;
    this.#frames++;
    this.#bytes += received.bytes;
    this.#width = picture.width;
    this.#height = picture.height;
    this.#shown.add(shownAt, received.bytes);
    this.#roundTripMicros = clock.roundTripMicros;
    this.shownAt = shownAt;
    // By the server's clock alone; what its way here took makes it a little older than it seems.
    const ageWhenSent = received.sentAt - received.capturedAt;
    this.trouble.recordShown(shownAt, received.firstByteAt - ageWhenSent);
    if (!clock.known) return; // a latency across two clocks of unknown offset would be a guess
    const latency = shownAt - clock.toOwnClock(received.capturedAt);
    this.latencyNowMs = roundMs(latency);
    this.#latency.record(latency);
    if (shownAt - this.#recentSince > 5_000_000) {
      this.#recentSince = shownAt;
      this.#recentLatency.reset();
    }
    this.#recentLatency.record(latency);
    this.#stages.encode.record(received.encodedAt - received.capturedAt);
    this.#stages.send.record(received.sentAt - received.encodedAt);
    this.#stages.transfer.record(received.lastByteAt - clock.toOwnClock(received.sentAt));
    this.#stages.decode.record(picture.decodedAt - received.lastByteAt);
    this.#stages.show.record(shownAt - picture.decodedAt);
  }

  report(): ViewReport {
    const now = nowMicros();
    const { encode, send, transfer, decode, show } = this.#stages;
    return {
      server: this.server,
      source: this.source,
      connected: this.connected,
      frames: this.#frames,
      fps: Math.round(this.#shown.perSecond(now) * 10) / 10,
      width: this.#width,
      height: this.#height,
      codec: this.stream?.codec ?? "",
      quality: this.stream?.quality ?? 0,
      sourceWidth: this.stream?.sourceWidth ?? 0,
      sourceHeight: this.stream?.sourceHeight ?? 0,
      dropped: this.drops.total,
      droppedBy: { ...this.drops.byReason },
      bytesPerFrame: this.#frames === 0 ? 0 : Math.round(this.#bytes / this.#frames),
      bytesPerSecond: Math.round(this.#shown.amountPerSecond(now)),
      latencyMs: this.#latency.summary(),
      stagesMs: {
        encode: encode.percentileMs(50),
        send: send.percentileMs(50),
        transfer: transfer.percentileMs(50),
        decode: decode.percentileMs(50),
        show: show.percentileMs(50),
      },
      roundTripMs: roundMs(this.#roundTripMicros),
      reconnects: Math.max(0, this.connections - 1),
      trouble: this.trouble.text,
      troubleSeconds: Math.round(this.trouble.seconds * 10) / 10,
    };
  }

  /** The lines of the overlay. */
  overlayLines(): string[] {
    const report = this.report();
    const { p50, p99 } = this.#recentLatency.summary();
    const now = this.latencyNowMs === null ? "?" : this.latencyNowMs.toFixed(1);
    const drops = Object.entries(report.droppedBy)
      .filter(([, count]) => count > 0)
      .map(([reason, count]) => `${count} ${reason}`);
    return [
      [report.source, describeSize(report), report.quality > 0 ? `q${report.quality}` : "", report.codec]
        .filter((part) => part !== "")
        .join(" "),
      `${report.fps.toFixed(1)} fps  ${(report.bytesPerSecond / 1e6).toFixed(2)} MB/s`,
      `latency ${now} ms  p50 ${p50.toFixed(1)}  p99 ${p99.toFixed(1)}`,
      `dropped ${drops.length === 0 ? "none" : drops.join(", ")}`,
    ];
  }
}

/** The picture's size, and the source's where that is another. */
function describeSize({ width, height, sourceWidth, sourceHeight }: ViewReport): string {
  const isReduced = sourceWidth > 0 && (sourceWidth !== width || sourceHeight !== height);
  return isReduced ? `${width}×${height} of ${sourceWidth}×${sourceHeight}` : `${width}×${height}`;
}

/** One calm line of what matters, for a terminal. */
export function describeViewing(report: ViewReport): string {
  if (!report.connected) return `waiting for ${report.server}`;
  if (report.frames === 0) return `${report.server}: no picture yet`;
  const { p50, p99 } = report.latencyMs;
  const megabits = ((report.bytesPerSecond * 8) / 1e6).toFixed(1);
  if (report.trouble !== null)
    return `${report.source}: ${report.trouble} - for ${Math.floor(report.troubleSeconds)} s`;
  return `${report.source} ${describeSize(report)} · ${report.fps} fps · latency ${p50} ms (p99 ${p99}) · ${megabits} Mbit/s · ${report.dropped} dropped`;
}
