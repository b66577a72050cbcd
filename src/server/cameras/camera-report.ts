// The figures of one camera: the fields of its report.

import type { CaptureRate } from "../../capture/capture-rate.ts";
import { nowMicros } from "../../core/clock.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Audience } from "../deliver/audience.ts";
import type { EncodeFigures, ServerDropReason } from "../encode/figures.ts";
import type { MotionFigures, MotionWatch } from "../motion/motion-watch.ts";
import type { Past, PastReport } from "../past/past.ts";
import type { Recorder, RecordingReport } from "../record/recorder.ts";
import type { PictureFeed } from "../renditions/feed.ts";
import type { RenditionRegistry } from "../renditions/registry.ts";
import type { Rendition } from "../renditions/rendition.ts";

/** A size and quality that is being sent. */
export interface RenditionReport {
  width: number;
  height: number;
  /** The JPEG quality, or 0 if unknown because the source made the pictures. */
  quality: number;
  viewers: number;
  bytesPerFrame: number;
}

/** The figures of a camera. `--json` prints them. */
export interface CameraReport {
  /** The name for viewers. */
  name: string;
  source: string;
  /** The reason why the camera has ended, or null while it runs. */
  ended: string | null;
  /** The size of the newest picture, or 0 × 0 before the first. */
  width: number;
  height: number;
  viewers: number;
  /** The number of captured frames so far. */
  frames: number;
  /** The recent number of captured frames a second. */
  fps: number;
  /** The number of frames that were encoded or passed on. Frames are not encoded while no viewer watches. */
  encoded: number;
  encodedFps: number;
  /** The number of bytes of the newest frame in the best size and quality. */
  bytesPerFrame: number;
  /** The sizes and qualities that are being sent, with the best first. */
  renditions: RenditionReport[];
  /** The time in the codec, without waiting. */
  encodeMs: { p50: number; p99: number };
  /** The number of captured frames that were dropped although a viewer watched. */
  dropped: number;
  droppedBy: Record<ServerDropReason, number>;
  /**
   * `sent` is the number of pictures that were sent, over all viewers. `skipped` is the number that were not sent, because too
   * many pictures were in flight to a viewer (credit.ts).
   */
  sent: number;
  skipped: number;
  /** The figures of the recording, or null without one. */
  recording: RecordingReport | null;
  /** The figures of the past that is kept in memory, or null if none is kept. */
  past: PastReport | null;
  /** The figures of the motion detection, or null without one. */
  motion: MotionFigures | null;
}

/** The parts of a camera whose figures are reported. */
export interface ReportedParts {
  name: string;
  source: { readonly name: string };
  ended: { text: string } | null;
  /** The size of the newest picture. */
  size: Size;
  audience: Audience;
  pictures: PictureFeed;
  renditions: RenditionRegistry;
  captures: CaptureRate;
  figures: EncodeFigures;
  recorder: Recorder | null;
  past: Past | null;
  motion: MotionWatch | null;
}

export function reportCamera(parts: ReportedParts): CameraReport {
  const now = nowMicros();
  const { name, source, ended, size, audience, captures } = parts;
  const { drops, encoded, encodedRate, encodeDurations } = parts.figures;
  const { wanted } = parts.renditions;
  return {
    name,
    source: source.name,
    ended: ended?.text ?? null,
    width: size.width,
    height: size.height,
    viewers: audience.count,
    frames: captures.frames,
    fps: Math.round(captures.rate.perSecond(now) * 10) / 10,
    encoded,
    encodedFps: Math.round(encodedRate.perSecond(now) * 10) / 10,
    bytesPerFrame: (audience.readyFeed ?? wanted[0] ?? parts.pictures).newestBytes,
    renditions: reportRenditions(audience, wanted),
    encodeMs: { p50: encodeDurations.percentileMs(50), p99: encodeDurations.percentileMs(99) },
    dropped: drops.total,
    droppedBy: { ...drops.byReason },
    sent: audience.picturesSent,
    skipped: audience.picturesSkipped,
    recording: parts.recorder?.report() ?? null,
    past: parts.past?.report() ?? null,
    motion: parts.motion?.figures() ?? null,
  };
}

/** Returns the sizes and qualities that are being sent, with the best first. `wanted` are the renditions that are encoded here. */
function reportRenditions(audience: Audience, wanted: readonly Rendition[]): RenditionReport[] {
  const ofTiles = wanted.map(({ stream, level, users, newestBytes }) => ({
    width: stream?.width ?? 0,
    height: stream?.height ?? 0,
    quality: level.quality,
    viewers: users,
    bytesPerFrame: newestBytes,
  }));
  const { readyFeed, readyViewers } = audience;
  if (readyFeed === null || readyFeed.stream === null) return ofTiles;
  const { width, height, quality } = readyFeed.stream;
  return [{ width, height, quality, viewers: readyViewers, bytesPerFrame: readyFeed.newestBytes }, ...ofTiles];
}
