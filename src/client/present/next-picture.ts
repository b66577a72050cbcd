// Which decoded picture is shown next: pictures in order of their frame numbers, and the newest wins.

import { Newest } from "../../core/newest.ts";
import type { DecodedPicture } from "../picture.ts";

/** `late`: a newer picture was taken or waits already; `stale`: a newer picture came before this one was taken. */
export type PictureDrop = "late" | "stale";

/** Hears of each picture that is not shown, and releases it. A repeat has no slot of its own to release. */
export type OnPictureDropped = (picture: DecodedPicture, cause: PictureDrop) => void;

export class NextPicture {
  readonly #waiting = new Newest<DecodedPicture>();
  readonly #onDropped: OnPictureDropped;
  /** The picture that was taken last. */
  #newest: DecodedPicture | null = null;

  constructor(onDropped: OnPictureDropped) {
    this.#onDropped = onDropped;
  }

  /** Lets a picture wait. It is dropped if a newer one waits or was taken. */
  offer(picture: DecodedPicture): void {
    const waiting = this.#waiting.value;
    const repeatsWaiting = picture.isRepeat && waiting?.slot === picture.slot;
    const hasLostPixels = picture.isRepeat && !repeatsWaiting && this.#newest?.slot !== picture.slot;
    if (isOlder(picture, this.#newest) || isOlder(picture, waiting) || hasLostPixels) {
      this.#onDropped(picture, "late");
      return;
    }
    // A repeat of the waiting picture takes its place, and holds its slot from now on.
    if (repeatsWaiting && waiting !== null) {
      this.#waiting.offer({ ...picture, isRepeat: waiting.isRepeat });
      this.#onDropped({ ...waiting, isRepeat: true }, "stale");
      return;
    }
    const replaced = this.#waiting.offer(picture);
    if (replaced !== null) this.#onDropped(replaced, "stale");
  }

  /** Removes and returns the waiting picture, which the caller holds now; null when none waits. */
  take(): DecodedPicture | null {
    const picture = this.#waiting.take();
    if (picture !== null) this.#newest = picture;
    return picture;
  }

  /** Drops the waiting picture. */
  clear(): void {
    const picture = this.#waiting.clear();
    if (picture !== null) this.#onDropped(picture, "stale");
  }
}

function isOlder(picture: DecodedPicture, than: DecodedPicture | null): boolean {
  // Frame numbers of different connections cannot be compared: each server counts its own.
  if (than === null || picture.received.origin !== than.received.origin) return false;
  return picture.received.frameNumber < than.received.frameNumber;
}
