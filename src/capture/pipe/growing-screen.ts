// A screen that is captured whole after its size has changed.

import { sleep } from "../../core/clock.ts";
import { type Retry, SourceError } from "../../core/errors.ts";
import type { Size } from "../../core/pixel-format.ts";
import type { Source } from "../source.ts";
import { followScreenSize } from "./x11-screen-size.ts";

/** ffmpeg may end with an error this long before the X server's event about the cause is there, or after it. */
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

/** What the X server has said. */
interface Event {
  error: SourceError;
  at: number;
}

/** Returns the source with an end of its run when the screen has another size. It can be run again at once. */
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
            if (size.width === first.width && size.height === first.height) return;
            note(`the screen is now ${size.width}x${size.height}`, "now");
            if (!isPart) stopping.abort();
          },
          // Without a connection there is nothing to follow, and ffmpeg says itself what it lacks.
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
