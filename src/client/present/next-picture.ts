// Chooses the decoded picture to show next: pictures are shown in the order of their frame numbers, and the newest wins.

import { Newest } from "../../core/newest.ts";
import type { DecodedPicture } from "../picture.ts";

/**
 * The reason why a picture is dropped. `late` means that a newer picture had already been taken or waits. `stale` means that a
 * newer picture came before this one was taken.
 */
export type PictureDrop = "late" | "stale";

/**
 * Releases a picture that is not shown, and counts it. A picture with `isRepeat` has no memory of its own, so it is not released.
 */
export type OnPictureDropped = (picture: DecodedPicture, cause: PictureDrop) => void;

export class NextPicture {
  readonly #waiting = new Newest<DecodedPicture>();
  readonly #onDropped: OnPictureDropped;
  /** The picture taken last. */
  #newest: DecodedPicture | null = null;

  constructor(onDropped: OnPictureDropped) {
    this.#onDropped = onDropped;
  }

  /** Makes a picture wait, or drops it if a newer picture waits or was taken. */
  offer(picture: DecodedPicture): void {
    const waiting = this.#waiting.value;
    const repeatsWaiting = picture.isRepeat && waiting?.slot === picture.slot;
    const hasLostPixels = picture.isRepeat && !repeatsWaiting && this.#newest?.slot !== picture.slot;
    if (isOlder(picture, this.#newest) || isOlder(picture, waiting) || hasLostPixels) {
      this.#onDropped(picture, "late");
      return;
    }
    // This picture has the same pixels as the waiting one. It replaces the waiting picture and takes over its slot.
    if (repeatsWaiting && waiting !== null) {
      this.#waiting.offer({ ...picture, isRepeat: waiting.isRepeat });
      this.#onDropped({ ...waiting, isRepeat: true }, "stale");
      return;
    }
    const replaced = this.#waiting.offer(picture);
    if (replaced !== null) this.#onDropped(replaced, "stale");
  }

  /** Removes the waiting picture and returns it, or returns null. The caller owns the picture. */
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
  // Frame numbers of different connections cannot be compared, because each server has its own count.
  if (than === null || picture.received.origin !== than.received.origin) return false;
  return picture.received.frameNumber < than.received.frameNumber;
}
