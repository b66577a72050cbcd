// The limits after which a missing frame counts as trouble. Server and viewer use the same limits, so both report the same silence.

/** A source that should send frames and sends none for this time is in trouble. */
export const SILENCE_MS = 2_000;

/** A source is in trouble only when this many of its own intervals have also passed. */
const SILENT_INTERVALS = 3;

/** A source slower than this is not expected to send a frame within SILENCE_MS. */
const MIN_FRAMES_PER_SECOND = 0.5;

/**
 * Returns how long a source may be silent, in milliseconds. The first argument is the interval between its frames, or 0 if unknown.
 * `atLeastMs` is the limit for a source whose intervals are short.
 */
export function silenceLimitMs(intervalMs: number, atLeastMs = SILENCE_MS): number {
  return Math.max(atLeastMs, SILENT_INTERVALS * intervalMs);
}

/** Returns whether a source of this rate should send a frame within SILENCE_MS. An unknown rate is 0. */
export function expectsFrames(framesPerSecond: number): boolean {
  return framesPerSecond > MIN_FRAMES_PER_SECOND;
}
