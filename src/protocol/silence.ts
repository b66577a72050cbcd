// The limits after which a missing frame counts as trouble. Server and viewer use the same limits, so both report the same
// silence.

/** The time after which a missing frame counts as trouble, if the source should send frames. */
export const SILENCE_MS = 2_000;

/** For slow sources the time is longer: this many intervals between its frames. */
const SILENT_INTERVALS = 3;

/** From this rate on, a source is expected to send a frame within SILENCE_MS. */
const MIN_FRAMES_PER_SECOND = 0.5;

/**
 * Returns how long a source may be silent, in milliseconds. `intervalMs` is the interval between its frames, or 0 if unknown.
 * `atLeastMs` is the limit for a source whose intervals are short.
 */
export function silenceLimitMs(intervalMs: number, atLeastMs = SILENCE_MS): number {
  return Math.max(atLeastMs, SILENT_INTERVALS * intervalMs);
}

/** Returns whether a source of this rate should send a frame within SILENCE_MS. An unknown rate is 0. */
export function expectsFrames(framesPerSecond: number): boolean {
  return framesPerSecond > MIN_FRAMES_PER_SECOND;
}
