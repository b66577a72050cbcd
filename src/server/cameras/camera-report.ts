// The figures of one camera: the fields of its report.

import type { MotionFigures } from "../motion/motion-watch.ts";
import type { PastReport } from "../past/past.ts";
import type { RecordingReport } from "../record/recorder.ts";
import type { Audience, RenditionReport } from "../deliver/audience.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { ServerDropReason } from "../encode/figures.ts";

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

/** Returns the sizes and qualities that are being sent, with the best first. `wanted` are the renditions in use. */
export function reportRenditions(audience: Audience, wanted: readonly Rendition[]): RenditionReport[] {
  const ofTiles = wanted.map(({ stream, level, users, newestBytes }) => ({
    width: stream?.width ?? 0,
    height: stream?.height ?? 0,
    quality: level.quality,
    viewers: users,
    bytesPerFrame: newestBytes,
  }));
  return [...audience.reportPictures(), ...ofTiles];
}
