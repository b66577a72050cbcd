// Notices a source that says nothing although frames should come: viewers are told, whether the source notices itself or not.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { RecentMedian } from "../../core/statistics.ts";
import { ForwardingSink } from "./forwarding-sink.ts";
import type { FrameSink, Source } from "../source.ts";

/** So long without a frame is trouble. */
const SILENCE_MS = 2_000;
/** A source that is slow anyway may take so many of its intervals. */
const SILENT_INTERVALS = 3;
/** Of sources slower than this nobody expects a frame within the two seconds. */
const MIN_FRAMES_PER_SECOND = 0.5;
const TICK_MS = 100;

/** The same source; says `NAME has sent nothing for 2 s` while it is silent without having said itself why. */
export function watchFrames(source: Source): Source {
  return {
    get name() {
      return source.name; // of one that is opened late it changes
    },
    get framesPerSecond() {
      return source.framesPerSecond;
    },
    ...(source.controls === undefined ? {} : { controls: source.controls }),
    async run(sink, signal) {
      const watched = new WatchedSink(source, sink);
      const ticking = setInterval(() => watched.tick(), TICK_MS);
      try {
        await source.run(watched, signal);
      } finally {
        clearInterval(ticking);
      }
    },
  };
}

class WatchedSink extends ForwardingSink {
  readonly #source: Source;
  readonly #intervals = new RecentMedian(8);
  #heardAt: Micros = nowMicros();
  #hasSent = false;
  /** What the source has said itself is wrong, which is more than can be seen from here. */
  #saidTrouble: string | null = null;
  #isSilent = false;

  constructor(source: Source, sink: FrameSink) {
    super(sink);
    this.#source = source;
  }

  override lost(): void {
    this.onFrame();
    super.lost();
  }

  override trouble(text: string | null): void {
    this.#saidTrouble = text;
    this.#isSilent = false;
    super.trouble(text);
  }

  tick(): void {
    const silentMs = (nowMicros() - this.#heardAt) / 1000;
    const usualMs = (this.#intervals.value ?? 0) / 1000;
    if (this.#isSilent || this.#saidTrouble !== null || !this.#isExpected(usualMs)) return;
    if (silentMs < Math.max(SILENCE_MS, SILENT_INTERVALS * usualMs)) return;
    this.#isSilent = true;
    this.sink.trouble(`${this.#source.name} has sent nothing for ${Math.round(silentMs / 1000)} s`);
  }

  /** Nominal rates may be unknown; then what it has done so far is what is expected of it. */
  #isExpected(usualMs: number): boolean {
    const { framesPerSecond } = this.#source;
    const rate = framesPerSecond > 0 ? framesPerSecond : usualMs > 0 ? 1000 / usualMs : 0;
    return rate > MIN_FRAMES_PER_SECOND;
  }

  protected onFrame(): void {
    const now = nowMicros();
    if (this.#hasSent && !this.#isSilent) this.#intervals.add(now - this.#heardAt);
    this.#hasSent = true;
    this.#heardAt = now;
    if (!this.#isSilent) return;
    this.#isSilent = false;
    this.sink.trouble(null);
  }
}
