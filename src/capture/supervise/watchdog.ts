// Reports that a source delivers no frames although frames are expected, even if the source itself does not notice it.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { Health } from "../../core/health.ts";
import { RecentMedian } from "../../core/statistics.ts";
import { expectsFrames, silenceLimitMs } from "../../protocol/silence.ts";
import type { FrameSink, Source } from "../source.ts";
import { ForwardingSink } from "../forwarding-sink.ts";
import { wrapSource } from "./wrap-source.ts";

const TICK_MS = 100;

/**
 * Returns the source with a watchdog. While the source is silent and reports no reason itself, the watchdog reports `NAME has
 * sent nothing for 2 s`.
 */
export function watchFrames(source: Source): Source {
  return wrapSource(source, {
    async run(sink, signal) {
      const watched = new WatchedSink(source, sink);
      const ticking = setInterval(() => watched.tick(), TICK_MS);
      try {
        await source.run(watched, signal);
      } finally {
        clearInterval(ticking);
      }
    },
  });
}

class WatchedSink extends ForwardingSink {
  readonly #source: Source;
  readonly #intervals = new RecentMedian(8);
  /** The troubles. `source` is the source's own report, which is more exact than `silence`. */
  readonly #health = new Health<"source" | "silence">();
  #lastFrameAt: Micros = nowMicros();
  #hasSent = false;

  constructor(source: Source, sink: FrameSink) {
    super(sink);
    this.#source = source;
  }

  override lost(): void {
    this.onFrame();
    super.lost();
  }

  override trouble(text: string | null, since?: Micros): void {
    this.#health.end("silence");
    if (text === null) this.#health.end("source");
    else this.#health.begin("source", text);
    super.trouble(text, since);
  }

  tick(): void {
    if (this.#health.text !== null) return;
    const silentMs = (nowMicros() - this.#lastFrameAt) / 1000;
    const usualMs = (this.#intervals.value ?? 0) / 1000;
    if (!this.#isExpected(usualMs) || silentMs < silenceLimitMs(usualMs)) return;
    const text = `${this.#source.name} has sent nothing for ${Math.round(silentMs / 1000)} s`;
    this.#health.begin("silence", text);
    this.sink.trouble(text);
  }

  /** Returns whether frames are expected. If the nominal rate is unknown, they are expected at the rate of the frames so far. */
  #isExpected(usualMs: number): boolean {
    const { framesPerSecond } = this.#source;
    return expectsFrames(framesPerSecond > 0 ? framesPerSecond : usualMs > 0 ? 1000 / usualMs : 0);
  }

  protected onFrame(): void {
    const now = nowMicros();
    const wasSilent = this.#health.has("silence");
    if (this.#hasSent && !wasSilent) this.#intervals.add(now - this.#lastFrameAt);
    this.#hasSent = true;
    this.#lastFrameAt = now;
    if (!wasSilent) return;
    this.#health.end("silence");
    this.sink.trouble(null);
  }
}
