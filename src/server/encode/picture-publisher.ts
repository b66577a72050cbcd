// Publishes whole pictures in the order of their frames, and counts, logs and traces them.

import type { Log } from "../../core/log.ts";
import type { TraceTrack } from "../../core/trace.ts";
import type { EncodedPicture } from "../picture.ts";
import type { PictureSink } from "../renditions/sinks.ts";
import type { EncodeFigures } from "./figures.ts";

export interface PicturePublisherOptions {
  /** Receives the pictures. */
  pictures: PictureSink;
  figures: EncodeFigures;
  log: Log;
  track: TraceTrack | null;
}

export class PicturePublisher implements PictureSink {
  readonly #options: PicturePublisherOptions;
  /** The number of the newest published picture. */
  #published = 0;

  constructor(options: PicturePublisherOptions) {
    this.#options = options;
  }

  /** Publishes a whole picture, or drops it when a newer one was already published. */
  publish(picture: EncodedPicture): void {
    const { pictures, figures, log, track } = this.#options;
    const { frameNumber, isPassedOn, jpegBytes, capturedAt, encodedAt } = picture;
    if (frameNumber <= this.#published) {
      figures.drops.add("late");
      return;
    }
    this.#published = frameNumber;
    figures.countEncoded(capturedAt, encodedAt);
    if (log.isEnabledFor("debug"))
      log.debug(`frame ${frameNumber}: ${isPassedOn ? "passed on" : "encoded"} whole, ${jpegBytes} bytes`);
    if (track !== null) tracePicture(track, picture);
    pictures.publish(picture);
  }
}

/** Whole pictures have their own track, because they may be encoded at the same time as other frames. */
function tracePicture(track: TraceTrack, picture: EncodedPicture): void {
  const { frameNumber, capturedAt, encodedAt, isPassedOn, jpegBytes } = picture;
  const fields = { frame: frameNumber, bytes: jpegBytes };
  track.below("whole pictures").span(isPassedOn ? "pass on" : "wait and encode", capturedAt, encodedAt, fields);
}
