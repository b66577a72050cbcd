// The past of one camera: its last seconds, which are kept in memory while the server runs.

import { nowMicros } from "../../core/clock.ts";
import { type FollowedCamera, InnerMember } from "../deliver/inner-member.ts";
import { ClipGone, ClipLater, type ClipMaker, type SavedClip } from "../deliver/saved-clip.ts";
import { clipOf, nameOfClip, type PastFrames } from "./clip-file.ts";
import type { Clips } from "./clips.ts";
import { type KeepSettings, RecentFrames } from "./recent-frames.ts";

/** The figures of the past of a camera, which `--json` prints. */
export interface PastReport {
  /** The time that is kept, in seconds. */
  seconds: number;
  /** The memory for it. */
  bytes: number;
}

export class Past extends InnerMember implements ClipMaker {
  readonly address = "past";
  readonly #recent: RecentFrames;
  readonly #clips: Clips;

  constructor(camera: FollowedCamera, settings: KeepSettings, clips: Clips) {
    super(camera);
    this.#clips = clips;
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

  get keptSeconds(): number {
    const now = nowMicros();
    const since = this.#recent.since(now);
    return since === null ? 0 : Math.round((now - since) / 1e5) / 10;
  }

  async clip(seconds: number, signal: AbortSignal, agoSeconds = 0): Promise<SavedClip> {
    const { name } = this.camera;
    const frames = this.copy();
    if (frames === null) throw new ClipLater(`no picture of ${name} came yet`);
    const clip = clipOf(frames, seconds, agoSeconds);
    if (clip === null)
      throw new ClipGone(`${name} keeps only the last ${this.keptSeconds} s: ask for later ones, or raise --past`);
    return await this.#clips.make(clip, nameOfClip(name, clip), signal);
  }

  report(): PastReport {
    return { seconds: this.keptSeconds, bytes: this.#recent.bytes };
  }
}
