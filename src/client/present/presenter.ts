// Shows decoded pictures on the screen: in order, the newest first, with the overlay, and acknowledges each one when it is shown.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { ViewFigures } from "../figures.ts";
import type { DecodedPicture, ReceivedFrame } from "../picture.ts";
import { NO_OVERLAY, type Overlay, type RgbaPicture } from "../screens/overlay.ts";
import type { Screen, ShownPicture } from "../screens/screen.ts";
import type { Trouble } from "../trouble.ts";
import type { Greyer } from "./grey-copy.ts";
import { NextPicture, type PictureDrop } from "./next-picture.ts";

/** After so long without a new picture, the picture on the screen is marked as old. */
const STALE_AFTER_MS = 1_000;

/** What the screen shows before the first picture. */
const BLANK: RgbaPicture = { width: 640, height: 360, pixels: new Uint8Array(640 * 360 * 4) };

/** Where shown pictures are written as well, as raw RGBA. */
export interface FrameWriter {
  /** Resolves when the frame is written and its pixels may change. */
  write(picture: RgbaPicture): Promise<void>;
}

/** What a presenter tells and asks the view that it belongs to. */
export interface PresenterOwner {
  /** A slot was released: the decoders may have waited for it. */
  slotReleased(): void;
  /** A picture was shown, from `startedAt` to `shownAt` by this clock, and acknowledged. */
  pictureShown(picture: DecodedPicture, startedAt: Micros, shownAt: Micros): void;
  /** The screen or the output failed: nothing can be shown any more. */
  presenterFailed(reason: unknown): void;
  /** The lines of the overlay, as they are now. */
  overlayLines(): string[];
}

export interface PresenterOptions {
  screen: Screen;
  /** Null = nowhere. */
  output: FrameWriter | null;
  figures: ViewFigures;
  trouble: Trouble;
  decodeThreads: number;
  /** Makes the grey copy that is shown while something is wrong. */
  grey: Greyer;
}

export class Presenter {
  readonly #options: PresenterOptions;
  readonly #owner: PresenterOwner;
  readonly #next = new NextPicture((picture, cause) => this.#drop(picture, cause));
  #current: DecodedPicture | null = null;
  #busy = false;
  #overlayOn = false;
  #paused = false;
  /** The grey copy of the picture `of`; `copy` is null until it is made. */
  #grey: { of: DecodedPicture; copy: ShownPicture | null } | null = null;
  #isGreyShown = false;
  #overlayShown: Overlay = NO_OVERLAY;

  constructor(options: PresenterOptions, owner: PresenterOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** The JPEG of the picture on the screen, as it was received; null before the first picture. */
  currentJpeg(): Uint8Array | null {
    return this.#current?.jpeg() ?? null;
  }

  get currentFrameNumber(): number {
    return this.#current?.received.frameNumber ?? 0;
  }

  /** Takes a picture to be shown. It is dropped if a newer one was shown or comes before its turn. */
  offer(picture: DecodedPicture): void {
    this.#next.offer(picture);
    this.#showNext();
  }

  toggleOverlay(): void {
    this.#overlayOn = !this.#overlayOn;
    this.refresh();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#options.trouble.setPaused(paused);
    this.refresh();
  }

  /** Writes across the picture what is wrong; null = nothing is. The picture stays grey until the next one is shown. */
  setRemark(remark: string | null, lastedMicros = 0): void {
    this.#options.trouble.setRemark(remark, lastedMicros);
    this.refresh();
  }

  /** Is called several times a second: marks a picture that has become old, and greys one from before the trouble. */
  tick(): void {
    this.#options.trouble.tick();
    this.#makeGrey();
    const isGreyDue = this.#greyCopy !== null;
    if (this.#alarm() !== this.#overlayShown.alarm || isGreyDue !== this.#isGreyShown) this.refresh();
  }

  /** Shows the picture on the screen again, with the overlay as it is now. */
  refresh(): void {
    if (this.#busy) return; // the overlay is drawn with the next picture
    const grey = this.#greyCopy;
    const picture = grey ?? this.#current ?? BLANK;
    const overlay = this.#overlay();
    if (picture === BLANK) BLANK.pixels.fill(0);
    this.#isGreyShown = grey !== null;
    this.#run(() => this.#options.screen.show(picture, overlay));
  }

  #showNext(): void {
    if (this.#busy) return;
    const picture = this.#next.take();
    if (picture === null) return;
    this.#run(async () => {
      const startedAt = nowMicros();
      const before = this.#overlayShown;
      const overlay = this.#overlay(!this.#paused);
      const isAsBefore = picture.isRepeat && isSame(overlay, before) && !this.#isGreyShown;
      this.#isGreyShown = false;
      const showing = isAsBefore ? undefined : this.#options.screen.show(picture, overlay);
      if (showing instanceof Promise) await showing; // a screen that is done at once costs the frame no turn of the event loop
      const shownAt = nowMicros();
      this.#replaceCurrent(picture);
      this.#options.figures.recordShown(picture, shownAt);
      const { firstByteAt, sentAt, capturedAt } = picture.received;
      // Captured by this clock: the age when sent is by the server's clock alone, and the way here makes it a little older.
      this.#options.trouble.recordShown(shownAt, firstByteAt - (sentAt - capturedAt));
      this.#makeGrey();
      const writing = this.#options.output?.write(picture);
      if (writing instanceof Promise) await writing; // a slow reader of the output gets fewer frames, not old ones
      acknowledgeShown(picture, nowMicros() - startedAt, this.#options.decodeThreads);
      this.#owner.pictureShown(picture, startedAt, shownAt);
    });
  }

  /** Runs one step at a time on the screen; the waiting picture comes next. */
  #run(step: () => void | Promise<void>): void {
    this.#busy = true;
    const done = () => {
      this.#busy = false;
      this.#showNext();
    };
    const failed = (reason: unknown) => this.#owner.presenterFailed(reason);
    try {
      const running = step();
      if (running instanceof Promise) running.then(done, failed);
      else done();
    } catch (error) {
      failed(error);
    }
  }

  #replaceCurrent(picture: DecodedPicture): void {
    const older = this.#current;
    this.#current = picture;
    this.#grey = null;
    if (older === null || older.slot === picture.slot) return;
    older.slot.release();
    this.#owner.slotReleased();
  }

  #drop(picture: DecodedPicture, cause: PictureDrop): void {
    this.#options.figures.drops.add(cause);
    acknowledgeDropped(picture.received);
    if (picture.isRepeat) return;
    picture.slot.release();
    this.#owner.slotReleased();
  }

  /** The picture to show in grey; null if the picture itself is to be shown, or the copy is not ready. */
  get #greyCopy(): ShownPicture | null {
    const isOld = this.#options.trouble.isPictureOld && !this.#paused;
    return isOld && this.#grey?.of === this.#current ? this.#grey.copy : null;
  }

  /** Makes one copy for each trouble, so it may wait for the next tick. */
  #makeGrey(): void {
    const of = this.#current;
    if (of === null || this.#grey?.of === of || !this.#options.trouble.isPictureOld || this.#paused) return;
    const made: { of: DecodedPicture; copy: ShownPicture | null } = { of, copy: null };
    const isTaken = this.#options.grey(of, (copy) => {
      made.copy = copy; // unused if a new picture was shown meanwhile
      this.tick();
    });
    if (isTaken) this.#grey = made;
  }

  #overlay(isNew = false): Overlay {
    const lines = this.#overlayOn ? this.#owner.overlayLines() : [];
    this.#overlayShown = { lines, alarm: isNew ? this.#options.trouble.remark : this.#alarm() };
    return this.#overlayShown;
  }

  #alarm(): string | null {
    if (this.#paused) return "paused";
    const { remark, isPictureOld, seconds } = this.#options.trouble;
    const { shownAt } = this.#options.figures;
    if (this.#current === null || shownAt === null) return remark ?? "no picture yet";
    const ageMs = (nowMicros() - shownAt) / 1000;
    const isLasting = isPictureOld && seconds >= 1;
    if (remark !== null) return isLasting ? `${remark} - for ${Math.floor(seconds)} s` : remark;
    return ageMs < STALE_AFTER_MS ? null : `no new picture for ${Math.floor(ageMs / 1000)} s`;
  }
}

function isSame(a: Overlay, b: Overlay): boolean {
  return a.alarm === b.alarm && a.lines.length === b.lines.length && a.lines.every((line, i) => line === b.lines[i]);
}

/** Tells the server that a frame was shown. `showMicros`: how long the screen and the output needed for it. */
export function acknowledgeShown(picture: DecodedPicture, showMicros: number, decodeThreads: number): void {
  const { received, workMicros, busyMicros } = picture;
  received.origin.acknowledge({
    frameNumber: received.frameNumber,
    outcome: "shown",
    transferMicros: received.lastByteAt - received.firstByteAt,
    workMicros: workMicros + showMicros,
    paceMicros: Math.max(showMicros, busyMicros / decodeThreads),
  });
}

/** Tells the server that a frame will not be shown, so that it may send a newer one. */
export function acknowledgeDropped(frame: ReceivedFrame): void {
  frame.origin.acknowledge({
    frameNumber: frame.frameNumber,
    outcome: "dropped",
    transferMicros: frame.lastByteAt - frame.firstByteAt,
    workMicros: 0,
    paceMicros: 0,
  });
}
