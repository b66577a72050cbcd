// When a missing frame counts as trouble. Server and viewer use the same limits, so that both report the same silence.

/** No frame for this long is trouble, where frames are expected. */
export const SILENCE_MS = 2_000;

/** A source may also take this many of its own intervals, whichever is longer. */
const SILENT_INTERVALS = 3;

/** A source slower than this is not expected to send a frame within SILENCE_MS. */
const MIN_FRAMES_PER_SECOND = 0.5;

/**
 * How long a source with this interval between frames may be silent, in milliseconds. An unknown interval is 0. `atLeastMs` is
 * the limit for a source whose intervals are short.
 */
export function silenceLimitMs(intervalMs: number, atLeastMs = SILENCE_MS): number {
  return Math.max(atLeastMs, SILENT_INTERVALS * intervalMs);
}

/** Whether a source of this rate is expected to send a frame within SILENCE_MS. An unknown rate is 0. */
export function expectsFrames(framesPerSecond: number): boolean {
  return framesPerSecond > MIN_FRAMES_PER_SECOND;
}
