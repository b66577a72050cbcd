// Shows decoded pictures with the overlay on the screen. The newest picture wins, and each shown picture is acknowledged.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { ShareBox } from "../../core/motion.ts";
import type { ViewFigures } from "../figures.ts";
import type { DecodedPicture } from "../picture.ts";
import { NO_OVERLAY, type Overlay, type RgbaPicture } from "../screens/overlay.ts";
import type { Screen, ShownPicture } from "../screens/screen.ts";
import type { Trouble } from "../trouble.ts";
import { acknowledgeDropped, acknowledgeShown } from "./acknowledge.ts";
import type { Greyer } from "./grey-copy.ts";
import { NextPicture, type PictureDrop } from "./next-picture.ts";

/** When a hidden screen is seen again, it waits for a new picture for this number of ticks. After that it shows the old one. */
const AWAITED_TICKS = 2;

/** After this time without a new picture, the picture on the screen is marked as old. */
const STALE_AFTER_MS = 1_000;

/** The picture on the screen before the first received picture. */
const BLANK: RgbaPicture = { width: 640, height: 360, pixels: new Uint8Array(640 * 360 * 4) };

/** An output to which shown pictures are also written, as raw RGBA. */
export interface FrameWriter {
  /** Writes a frame. The promise resolves when the frame is written and its pixels may change. */
  write(picture: RgbaPicture): Promise<void>;
}

/** The events of a presenter, which the view implements. */
export interface PresenterOwner {
  /** The presenter calls this when it has released a slot (memory for one frame), because the decoders may wait for one. */
  slotReleased(): void;
  /**
   * The presenter calls this when a picture was shown and acknowledged. Showing took from `startedAt` to `shownAt` in this
   * machine's clock.
   */
  pictureShown(picture: DecodedPicture, startedAt: Micros, shownAt: Micros): void;
  /** The presenter calls this when the screen or the output has failed, so that no more pictures can be shown. */
  presenterFailed(reason: unknown): void;
  /** Returns the current lines of the overlay. */
  overlayLines(): string[];
  /** Returns the box around what moves in the picture now, or null if nothing does. */
  movingBox(): ShareBox | null;
}

export interface PresenterOptions {
  screen: Screen;
  /** The output for shown pictures, or null. */
  output: FrameWriter | null;
  figures: ViewFigures;
  trouble: Trouble;
  decodeThreads: number;
  /** Makes the grey copy that is shown during trouble. */
  grey: Greyer;
  /** After it aborts, no picture is shown any more, also none that waits. */
  stopped: AbortSignal;
}

export class Presenter {
  readonly #options: PresenterOptions;
  readonly #owner: PresenterOwner;
  readonly #next = new NextPicture((picture, cause) => this.#drop(picture, cause));
  #current: DecodedPicture | null = null;
  #busy = false;
  #overlayOn = false;
  #paused = false;
  #hidden = false;
  /** The number of ticks for which the screen still waits for a new picture. */
  #awaitedTicks = 0;
  /** The grey copy of the picture `of`. `copy` is null until it is made. */
  #grey: { of: DecodedPicture; copy: ShownPicture | null } | null = null;
  #isGreyShown = false;
  #overlayShown: Overlay = NO_OVERLAY;
  /** A picture of the past, which is shown instead of the newest one, and the one that is on the screen. */
  #past: DecodedPicture | null = null;
  #pastShown: DecodedPicture | null = null;

  constructor(options: PresenterOptions, owner: PresenterOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  /** Returns the JPEG of the picture on the screen as it was received, or null before the first picture. */
  currentJpeg(): Uint8Array | null {
    return (this.#past ?? this.#current)?.jpeg() ?? null;
  }

  get currentFrameNumber(): number {
    return this.#current?.received.frameNumber ?? 0;
  }

  /** How long ago the picture on the screen was seen, if it is one of the past. Null for a live one. */
  get pastMs(): number | null {
    return this.#past === null ? null : Math.max(0, (nowMicros() - this.#past.received.capturedAt) / 1e3);
  }

  /** Takes a picture to show. It is dropped if a newer picture was shown, or comes before it is shown. */
  offer(picture: DecodedPicture): void {
    this.#next.offer(picture);
    this.#showNext();
  }

  /**
   * Shows a picture of the past, and releases its slot later. New pictures are taken and acknowledged meanwhile, but not seen. Null
   * shows the newest picture again.
   */
  setPast(picture: DecodedPicture | null): void {
    if (this.#past !== this.#pastShown) this.#past?.slot.release();
    this.#past = picture;
    this.refresh();
  }

  toggleOverlay(): void {
    this.#overlayOn = !this.#overlayOn;
    this.refresh();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#setWanted();
    this.refresh();
  }

  /**
   * Sets whether the screen is completely hidden, so that the server sends no pictures. While it is hidden, the picture has a
   * mark, because a desktop may show it in an overview of windows. When the screen is seen again, it first waits for a new
   * picture. If none comes soon, it shows the old picture with its age.
   */
  setHidden(hidden: boolean): void {
    this.#hidden = hidden;
    this.#setWanted();
    if (hidden) this.refresh();
    else if (!this.#paused) this.#awaitedTicks = AWAITED_TICKS;
  }

  #setWanted(): void {
    this.#options.trouble.setPaused(this.#paused || this.#hidden);
    this.#awaitedTicks = 0;
  }

  /**
   * Sets the text of a trouble, which is drawn across the picture, or null for no trouble. The picture stays grey until the next
   * one is shown.
   */
  setRemark(remark: string | null, lastedMicros = 0): void {
    this.#options.trouble.setRemark(remark, lastedMicros);
    this.refresh();
  }

  /** Marks an old picture with its age. During trouble, it makes the picture grey. Call it several times a second. */
  tick(): void {
    this.#options.trouble.tick();
    this.#makeGrey();
    if (this.#awaitedTicks > 0) {
      if (--this.#awaitedTicks === 0) this.refresh();
      return;
    }
    const isGreyDue = this.#greyCopy !== null && this.#past === null;
    if (this.#alarm() !== this.#overlayShown.alarm || isGreyDue !== this.#isGreyShown) this.refresh();
  }

  /** Shows the picture on the screen again with the current overlay. */
  refresh(): void {
    if (this.#busy || this.#awaitedTicks > 0) return; // the next picture will be drawn with the current overlay
    const grey = this.#past === null ? this.#greyCopy : null;
    if (this.#pastShown !== this.#past) this.#pastShown?.slot.release();
    this.#pastShown = this.#past;
    const picture = this.#past ?? grey ?? this.#current ?? BLANK;
    const overlay = this.#overlay();
    if (picture === BLANK) BLANK.pixels.fill(0);
    this.#isGreyShown = grey !== null;
    this.#run(() => this.#options.screen.show(picture, overlay));
  }

  #showNext(): void {
    if (this.#busy || this.#options.stopped.aborted) return;
    const picture = this.#next.take();
    if (picture === null) return;
    this.#run(async () => {
      const startedAt = nowMicros();
      this.#awaitedTicks = 0;
      const before = this.#overlayShown;
      const isUnseen = this.#past !== null;
      const overlay = isUnseen ? before : this.#overlay(!this.#paused && !this.#hidden);
      const isAsBefore = picture.isRepeat && isSame(overlay, before) && !this.#isGreyShown;
      this.#isGreyShown = false;
      const showing = isAsBefore || isUnseen ? undefined : this.#options.screen.show(picture, overlay);
      // A screen that returns no promise is not awaited, because `await` would delay the frame until the event loop runs again.
      if (showing instanceof Promise) await showing;
      const shownAt = nowMicros();
      this.#replaceCurrent(picture);
      this.#options.figures.recordShown(picture, shownAt);
      const { firstByteAt, sentAt, capturedAt } = picture.received;
      // The second argument is the capture time in this machine's clock. The age at sending comes from the server's clock alone,
      // so the offset between the clocks is not needed. The transfer is ignored, so the result is slightly too late.
      this.#options.trouble.recordShown(shownAt, firstByteAt - (sentAt - capturedAt));
      this.#makeGrey();
      const writing = this.#options.output?.write(picture);
      // Because of this wait, a slow reader of the output gets fewer frames, and not old frames.
      if (writing instanceof Promise) await writing;
      acknowledgeShown(picture, nowMicros() - startedAt, this.#options.decodeThreads);
      this.#owner.pictureShown(picture, startedAt, shownAt);
    });
  }

  /** Runs one step at a time on the screen. After a step the waiting picture is shown. */
  #run(step: () => void | Promise<void>): void {
    this.#busy = true;
    const done = () => {
      this.#busy = false;
      this.#showNext();
      if (this.#past !== this.#pastShown) this.refresh();
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

  /** Returns the grey copy to show. Returns null if there is no trouble or the copy is not ready. */
  get #greyCopy(): ShownPicture | null {
    const isOld = this.#options.trouble.isPictureOld && !this.#paused;
    return isOld && this.#grey?.of === this.#current ? this.#grey.copy : null;
  }

  /** Starts the grey copy, once for each trouble. If no thread is free, the next tick tries again. */
  #makeGrey(): void {
    const of = this.#current;
    if (of === null || this.#grey?.of === of || !this.#options.trouble.isPictureOld || this.#paused) return;
    const made: { of: DecodedPicture; copy: ShownPicture | null } = { of, copy: null };
    const isTaken = this.#options.grey(of, (copy) => {
      made.copy = copy; // If a new picture was shown in the meantime, `made` is no longer used.
      this.tick();
    });
    if (isTaken) this.#grey = made;
  }

  #overlay(isNew = false): Overlay {
    const lines = this.#overlayOn ? this.#owner.overlayLines() : [];
    const alarm = isNew ? this.#options.trouble.remark : this.#alarm();
    // What moves now is not in a picture that is old.
    const box = this.#overlayOn && alarm === null ? this.#owner.movingBox() : null;
    this.#overlayShown = { lines, alarm, box };
    return this.#overlayShown;
  }

  #alarm(): string | null {
    const { pastMs } = this;
    if (pastMs !== null) return `the past, ${Math.floor(pastMs / 1000)} s ago`;
    if (this.#paused) return "paused";
    const { remark, isPictureOld, seconds } = this.#options.trouble;
    const { shownAt } = this.#options.figures;
    if (this.#current === null || shownAt === null) return remark ?? "no picture yet";
    if (this.#hidden && remark === null) return "paused while hidden";
    const ageMs = (nowMicros() - shownAt) / 1000;
    const isLasting = isPictureOld && seconds >= 1;
    if (remark !== null) return isLasting ? `${remark} - for ${Math.floor(seconds)} s` : remark;
    return ageMs < STALE_AFTER_MS ? null : `no new picture for ${Math.floor(ageMs / 1000)} s`;
  }
}

function isSame(a: Overlay, b: Overlay): boolean {
  return (
    a.alarm === b.alarm &&
    a.box === b.box &&
    a.lines.length === b.lines.length &&
    a.lines.every((line, i) => line === b.lines[i])
  );
}
