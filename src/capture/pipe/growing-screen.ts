// Restarts the capture of a screen when the size of the screen changes, because ffmpeg reads the size only at its start.

import { sleep } from "../../core/clock.ts";
import { type Retry, SourceError } from "../../core/errors.ts";
import { isSameSize, type Size } from "../../core/pixel-format.ts";
import type { Source } from "../source.ts";
import { followScreenSize } from "./x11-screen-size.ts";

/**
 * The times within which an error of ffmpeg and an event of the X server belong together. The event may come up to
 * EVENT_PATIENCE_MS after the error, or up to CAUSE_MS before it.
 */
const EVENT_PATIENCE_MS = 300;
const CAUSE_MS = 2_000;

export interface GrowingScreenOptions {
  /** Captures the screen in the size that it has when the run starts. */
  source: Source;
  /** The X11 display. */
  display: string;
  /** Whether a part of the screen is captured, which a larger screen does not change. */
  isPart: boolean;
}

/** A change of the screen, or the end of the X server. */
interface Event {
  error: SourceError;
  at: number;
}

/** Wraps the source so that its run ends with a SourceError when the size of the screen changes. It can be run again at once. */
export function endWhenScreenChanges({ source, display, isPart }: GrowingScreenOptions): Source {
  return {
    ...source,
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    async run(sink, signal) {
      const following = new AbortController();
      const stopping = new AbortController();
      let first: Size | null = null;
      const events: { last: Event | null } = { last: null };
      const note = (text: string, retry: Retry) => {
        events.last = { error: new SourceError(text, { retry }), at: performance.now() };
      };
      void followScreenSize(
        display,
        {
          onSize(size) {
            first ??= size;
            if (isSameSize(size, first)) return;
            note(`the screen is now ${size.width}x${size.height}`, "now");
            if (!isPart) stopping.abort();
          },
          // If the connection failed from the start, the size cannot be followed, and ffmpeg reports the reason itself.
          onEnd() {
            if (first !== null) note(`the X server of ${source.name} has ended`, "soon");
          },
        },
        AbortSignal.any([signal, following.signal]),
      );
      try {
        await source.run(sink, AbortSignal.any([signal, stopping.signal]));
      } catch (error) {
        if (!(error instanceof SourceError) || first === null) throw error;
        await sleep(EVENT_PATIENCE_MS, signal);
        const { last } = events;
        throw last !== null && performance.now() - last.at < CAUSE_MS ? last.error : error;
      } finally {
        following.abort();
      }
      if (stopping.signal.aborted && !signal.aborted && events.last !== null) throw events.last.error;
    },
  };
}
