// The frames of an HTTP camera over all its answers.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { RecentMedian } from "../../core/statistics.ts";
import { JpegFrames } from "../jpeg/jpeg-frames.ts";
import type { FrameSink } from "../source.ts";
import type { StampedSink } from "./picture-stream.ts";
import { RateLimit } from "./rate-limit.ts";

/** The camera's validators (ETag, Last-Modified) of its last picture (RFC 9110 8.8). */
interface Version {
  entityTag: string | null;
  modifiedAt: string | null;
}

export class CameraFrames implements StampedSink {
  readonly #frames: JpegFrames;
  readonly #framesPerSecond: number | null;
  #limit: RateLimit;
  readonly #intervals = new RecentMedian(8);
  #lastAt: Micros | null = null;
  #version: Version | null = null;
  /** The last picture if `#version` is known. */
  #last: Uint8Array | null = null;
  capturedAt: Micros | null = null;
  /** The number of pictures so far. */
  count = 0;

  /** `framesPerSecond` is the highest rate of a stream at which pictures are delivered. Null means all pictures. */
  constructor(sink: FrameSink, framesPerSecond: number | null) {
    this.#frames = new JpegFrames(sink);
    this.#framesPerSecond = framesPerSecond;
    this.#limit = new RateLimit(framesPerSecond);
  }

  /** The interval between pictures, or 0 before the second picture. */
  get intervalMs(): number {
    return (this.#intervals.value ?? 0) / 1000;
  }

  /** The header fields of the next request that let a camera skip an unchanged picture (RFC 9110 13.1). */
  get conditions(): Record<string, string> {
    const { entityTag = null, modifiedAt = null } = this.#last === null ? {} : (this.#version ?? {});
    return {
      ...(entityTag === null ? {} : { "If-None-Match": entityTag }),
      ...(modifiedAt === null ? {} : { "If-Modified-Since": modifiedAt }),
    };
  }

  /** Prepares for a new answer with pictures. */
  begin(headers: Headers): void {
    this.#limit = new RateLimit(this.#framesPerSecond);
    this.#last = null;
    const version = { entityTag: headers.get("ETag"), modifiedAt: headers.get("Last-Modified") };
    this.#version = version.entityTag === null && version.modifiedAt === null ? null : version;
  }

  /**
   * Delivers the last picture again as the current one. The caller does this when the camera reports that its picture has not
   * changed. Returns false if there is no last picture.
   */
  repeat(): boolean {
    if (this.#last === null) return false;
    this.#frames.capturedAt = nowMicros();
    this.#frames.picture(this.#last);
    return true;
  }

  picture(jpeg: Uint8Array): void {
    this.count++;
    const at = this.capturedAt ?? nowMicros();
    if (this.#lastAt !== null) this.#intervals.add(at - this.#lastAt);
    this.#lastAt = at;
    if (this.#version !== null) this.#last = jpeg.slice();
    if (!this.#limit.takes(at)) return;
    this.#frames.capturedAt = at;
    this.#frames.picture(jpeg);
  }

  damaged(reason: string): void {
    this.#frames.damaged(reason);
  }
}
