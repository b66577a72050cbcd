// The measurements of a viewer for one camera: rates, latencies by stage, drops by reason, and the report.

import { type Micros, nowMicros } from "../core/clock.ts";
import { DropCounters, Durations, type LatencyMs, Rate, roundMs } from "../core/statistics.ts";
import type { StreamHeader } from "../protocol/messages.ts";
import type { DecodedPicture } from "./picture.ts";
import type { Trouble } from "./trouble.ts";

/**
 * The reasons why a picture was not shown:
 * - `skipped`: the server did not send the picture, because too many were in flight to this viewer or the encoders were busy;
 * - `stale`: a newer picture came before it was decoded or shown;
 * - `late`: a newer picture was shown first;
 * - `decode`: the picture could not be decoded.
 */
const VIEWER_DROP_REASONS = ["skipped", "stale", "late", "decode"] as const;
export type ViewerDropReason = (typeof VIEWER_DROP_REASONS)[number];

/** The medians of the stages in milliseconds. The stages add up to the latency. */
export interface StagesMs {
  encode: number;
  send: number;
  transfer: number;
  decode: number;
  show: number;
}

/** A viewer's report on one camera. */
export interface ViewReport {
  server: string;
  source: string;
  connected: boolean;
  /** The number of pictures shown so far. */
  frames: number;
  /** The number of pictures shown a second, over the last two seconds. */
  fps: number;
  width: number;
  height: number;
  codec: string;
  /** The JPEG quality of the pictures, 1 to 100, or 0 if unknown. */
  quality: number;
  /** The size of the source's pictures, which may be larger than the sent pictures. It is 0 × 0 until it is known. */
  sourceWidth: number;
  sourceHeight: number;
  dropped: number;
  droppedBy: Record<ViewerDropReason, number>;
  bytesPerFrame: number;
  bytesPerSecond: number;
  /** The latency from captured to shown, across the clocks of both machines. All values are 0 until the first picture. */
  latencyMs: LatencyMs;
  stagesMs: StagesMs;
  roundTripMs: number;
  /** The number of connections after the first. */
  reconnects: number;
  /** The text of the trouble with the picture on the screen, or null while all is well. */
  trouble: string | null;
  /** The duration of the trouble, or 0 while all is well. */
  troubleSeconds: number;
}

/** Facts about a viewer's connection to one camera. */
export interface CameraState {
  /** The address as the user gave it. */
  server: string;
  /** The camera's name from the server. It is empty before the first connection. */
  source: string;
  connected: boolean;
  /** The number of connections so far. */
  connections: number;
  /** The newest Stream message, or null before the first. */
  stream: Pick<StreamHeader, "codec" | "quality" | "sourceWidth" | "sourceHeight"> | null;
}

export class ViewFigures {
  readonly drops = new DropCounters(VIEWER_DROP_REASONS);
  /** The latency of the picture that was shown last, or null while it is unknown (see `ClockOffset.ageMicros`). */
  latencyNowMs: number | null = null;
  /** The time when the last picture was shown, or null before the first. */
  shownAt: Micros | null = null;
  #frames = 0;
  #bytes = 0;
  #width = 0;
  #height = 0;
  #roundTripMicros = 0;
  readonly #latency = new Durations();
  /** The latencies of at most the last five seconds. */
  readonly #recentLatency = new Durations();
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

  /** Counts a picture that was shown at `shownAt`. */
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
    const latency = clock.ageMicros(received.capturedAt, shownAt);
    this.latencyNowMs = latency === null ? null : roundMs(latency);
    if (latency === null) return; // The offset between the two clocks is not known yet, so the latency is not known either.
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

  /** Returns the latencies of at most the last five seconds, in milliseconds. */
  get recentLatencyMs(): LatencyMs {
    return this.#recentLatency.summary();
  }

  report(state: CameraState, trouble: Trouble): ViewReport {
    const now = nowMicros();
    const { encode, send, transfer, decode, show } = this.#stages;
    return {
      server: state.server,
      source: state.source,
      connected: state.connected,
      frames: this.#frames,
      fps: Math.round(this.#shown.perSecond(now) * 10) / 10,
      width: this.#width,
      height: this.#height,
      codec: state.stream?.codec ?? "",
      quality: state.stream?.quality ?? 0,
      sourceWidth: state.stream?.sourceWidth ?? 0,
      sourceHeight: state.stream?.sourceHeight ?? 0,
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
      reconnects: Math.max(0, state.connections - 1),
      trouble: trouble.text,
      troubleSeconds: Math.round(trouble.seconds * 10) / 10,
    };
  }
}
