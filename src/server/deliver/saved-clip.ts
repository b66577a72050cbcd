// What viewers use of the past of a camera: clips, which are files with its last seconds.

import { ConnectionError } from "../../core/errors.ts";

/** A clip. It frees its memory by itself if nobody reads it for some time. */
export interface SavedClip {
  /** The name of the file, which has the camera and the time of the beginning. */
  readonly name: string;
  /** Resolves when the clip is closed. */
  readonly closed: Promise<void>;
  /** Returns the next bytes, or null at the end. */
  read(mostBytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
  close(): Promise<void>;
}

/** Makes clips of one camera. */
export interface ClipMaker {
  /** The time that is kept now, in seconds. */
  readonly keptSeconds: number;
  /**
   * Returns a clip with some seconds that ended `agoSeconds` ago (default: 0, the last seconds), or with as much of them as is kept.
   * Throws MissingError without ffmpeg, ClipGone if none of these seconds is kept, ClipLater if there are too many clips or no
   * pictures, and ConnectionError if the disk or ffmpeg fails, or if `signal` aborts.
   */
  clip(seconds: number, signal: AbortSignal, agoSeconds?: number): Promise<SavedClip>;
}

/** None of the wanted seconds is kept any more. */
export class ClipGone extends ConnectionError {}

/** The clip can be made later. */
export class ClipLater extends ConnectionError {}

/** Tells that a camera keeps nothing. */
export function noPastText(camera: string): string {
  return `the past of ${camera} is not kept: start the server with --past 30s`;
}
