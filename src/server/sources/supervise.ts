// Keeps a source going: what stops after it has worked is started again, with a growing pause between the tries.

import { sleep } from "../../core/clock.ts";
import { SourceError } from "../../core/errors.ts";
import type { FrameSink, Source } from "./source.ts";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 5_000;

/**
 * The same source, restarted when it fails. A source that fails before its first frame ever is not tried again: the
 * user who just typed its name should hear of it at once. Later failures are said through `sink.trouble` and mended by
 * trying for as long as the signal allows.
 */
export function supervise(source: Source): Source {
  return {
    name: source.name,
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    get controls() {
      return source.controls;
    },
    async run(sink, signal) {
      const heard = new HearingSink(sink);
      let pauseMs = FIRST_PAUSE_MS;
      for (;;) {
        heard.frames = 0;
        try {
          return await source.run(heard, signal);
        } catch (error) {
          if (!(error instanceof SourceError) || !error.retry || !heard.everDelivered) throw error;
          if (signal.aborted) return;
          if (heard.frames > 0) pauseMs = FIRST_PAUSE_MS;
          sink.trouble(`${error.message}; trying again`);
        }
        await sleep(pauseMs, signal);
        if (signal.aborted) return;
        pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
      }
    },
  };
}

/** Passes everything on and notices frames: the first after a failure means that all is well again. */
class HearingSink implements FrameSink {
  readonly #sink: FrameSink;
  frames = 0;
  everDelivered = false;

  constructor(sink: FrameSink) {
    this.#sink = sink;
  }

  reserve: FrameSink["reserve"] = (format, size) => this.#sink.reserve(format, size);
  lost: FrameSink["lost"] = () => this.#sink.lost();
  trouble: FrameSink["trouble"] = (text) => this.#sink.trouble(text);

  pixels: FrameSink["pixels"] = (slot, format, size, capturedAt) => {
    this.#hear();
    this.#sink.pixels(slot, format, size, capturedAt);
  };

  jpeg: FrameSink["jpeg"] = (bytes, capturedAt) => {
    this.#hear();
    this.#sink.jpeg(bytes, capturedAt);
  };

  #hear(): void {
    if (this.frames++ === 0) this.#sink.trouble(null);
    this.everDelivered = true;
  }
}
