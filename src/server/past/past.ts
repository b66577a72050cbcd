// The past of one camera: its last seconds, which are kept in memory while the server runs.

import { nowMicros } from "../../core/clock.ts";
import { type FollowedCamera, InnerMember } from "../deliver/inner-member.ts";
import type { KeptFrame } from "./kept-frame.ts";
import { type KeepSettings, RecentFrames } from "./recent-frames.ts";

/** The figures of the past of a camera, which `--json` prints. */
export interface PastReport {
  /** The time that is kept, in seconds. */
  seconds: number;
  /** The memory for it. */
  bytes: number;
}

/** A copy of the past at one time. */
export interface PastFrames {
  /** The frames, with the oldest first, which has all tiles. */
  frames: KeptFrame[];
  /** The time from which on pictures are kept. The first frame may be older. */
  since: number;
  /** The time of the copy. */
  now: number;
}

export class Past extends InnerMember {
  readonly address = "past";
  readonly #recent: RecentFrames;

  constructor(camera: FollowedCamera, settings: KeepSettings) {
    super(camera);
    this.#recent = new RecentFrames(settings);
  }

  frameCame(): void {
    const { feed } = this.frames;
    if (feed !== null && this.watching) this.#recent.take(feed, nowMicros());
  }

  /** Leaves the audience. What is kept stays as it is. */
  leave(): void {
    if (!this.watching) return;
    this.watching = false;
    this.camera.onGone(this, "the camera has ended");
  }

  /** Returns what is kept, or null before the first picture. */
  copy(): PastFrames | null {
    const now = nowMicros();
    const since = this.#recent.since(now);
    return since === null ? null : { frames: this.#recent.copy(now), since, now };
  }

  report(): PastReport {
    const now = nowMicros();
    const since = this.#recent.since(now);
    const seconds = since === null ? 0 : Math.round((now - since) / 1e5) / 10;
    return { seconds, bytes: this.#recent.bytes };
  }
}
