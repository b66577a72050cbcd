// From decoded pictures to the screen: in order, the newest first, with the overlay, and acknowledged when shown.

import { nowMicros } from "../../core/clock.ts";
import type { Greyer } from "./grey-copy.ts";
import { NO_OVERLAY, type Overlay, type RgbaPicture } from "../screens/overlay.ts";
import type { FrameOutput } from "./frame-output.ts";
import type { DecodedPicture, ReceivedFrame } from "../picture.ts";
import type { Screen, ShownPicture } from "../screens/screen.ts";
import type { ViewFigures } from "../figures.ts";

/** After so long without a new picture, the old one is marked as old. */
const STALE_AFTER_MS = 1_000;

/** What stands on the screen before the first picture. */
const BLANK: RgbaPicture = { width: 640, height: 360, pixels: new Uint8Array(640 * 360 * 4) };

export interface PresenterOptions {
  screen: Screen;
  /** Where shown pictures are written as well; null = nowhere. */
  output: FrameOutput | null;
  figures: ViewFigures;
  decodeThreads: number;
  /** Makes the greyed copy that is shown while there is trouble. */
  grey: Greyer;
  /** A slot has been given back: the decoders may have waited for it. */
  onSlotFree: () => void;
  onShown: (frames: number) => void;
  /** The screen or the output failed: nothing can be shown any more. */
  onBroken: (reason: unknown) => void;
}

export class Presenter {
  readonly #options: PresenterOptions;
  #waiting: DecodedPicture | null = null;
  #newest: DecodedPicture | null = null;
  #current: DecodedPicture | null = null;
  #busy = false;
  #overlayOn = false;
  #paused = false;
  /** The grey copy of `of`, or null as long as it is in work. */
  #grey: { of: DecodedPicture; copy: ShownPicture | null } | null = null;
  #isGreyShown = false;
  #overlayShown: Overlay = NO_OVERLAY;

  constructor(options: PresenterOptions) {
    this.#options = options;
  }

  /** The JPEG of the picture on the screen, as it was received. */
  currentJpeg(): Uint8Array | null {
    return this.#current?.jpeg() ?? null;
  }

  get currentFrameNumber(): number {
    return this.#current?.received.frameNumber ?? 0;
  }

  /** Takes a picture to be shown; it is dropped where a newer one has been shown or comes before its turn. */
  offer(picture: DecodedPicture): void {
    const waiting = this.#waiting;
    const repeatsWaiting = picture.isRepeat && waiting?.slot === picture.slot;
    const isLost = picture.isRepeat && !repeatsWaiting && this.#newest?.slot !== picture.slot;
    if (this.#isOlder(picture, this.#newest) || this.#isOlder(picture, waiting) || isLost) {
      this.#drop(picture, "late");
      return;
    }
    if (waiting !== null) this.#drop(repeatsWaiting ? { ...waiting, isRepeat: true } : waiting, "stale");
    // What repeats the one that waits is shown in its place, and holds the slot from now on as that one did.
    this.#waiting = repeatsWaiting ? { ...picture, isRepeat: waiting.isRepeat } : picture;
    this.#showWaiting();
  }

  toggleOverlay(): void {
    this.#overlayOn = !this.#overlayOn;
    this.refresh();
  }

  setPaused(paused: boolean): void {
    this.#paused = paused;
    this.#trouble.setPaused(paused);
    this.refresh();
  }

  /** A line across the picture while something is wrong; null = nothing is. Until the next picture comes this one is greyed. */
  setRemark(remark: string | null, lastedMicros = 0): void {
    this.#trouble.setRemark(remark, lastedMicros);
    this.refresh();
  }

  /** To be called some times a second: marks a picture that has become old, and greys one that is from before a trouble. */
  tick(): void {
    this.#trouble.tick();
    this.#makeGrey();
    const isGreyDue = this.#greyCopy !== null;
    if (this.#alarm() !== this.#overlayShown.alarm || isGreyDue !== this.#isGreyShown) this.refresh();
  }

  /** Shows again what is on the screen, with the overlay of now. */
  refresh(): void {
    if (this.#busy) return; // the overlay is drawn with the next picture
    const grey = this.#greyCopy;
    const picture = grey ?? this.#current ?? BLANK;
    const overlay = this.#overlay();
    if (picture === BLANK) BLANK.pixels.fill(0);
    this.#isGreyShown = grey !== null;
    this.#run(() => this.#options.screen.show(picture, overlay));
  }

  #showWaiting(): void {
    const picture = this.#waiting;
    if (this.#busy || picture === null) return;
    this.#waiting = null;
    this.#newest = picture;
    this.#run(async () => {
      const startedAt = nowMicros();
      const before = this.#overlayShown;
      const overlay = this.#overlay(!this.#paused);
      const isAsBefore = picture.isRepeat && isSame(overlay, before) && !this.#isGreyShown;
      this.#isGreyShown = false;
      const showing = isAsBefore ? undefined : this.#options.screen.show(picture, overlay);
      if (showing instanceof Promise) await showing; // only screens that take time make the frame wait for a turn
      const shownAt = nowMicros();
      this.#replaceCurrent(picture);
      this.#options.figures.recordShown(picture, shownAt);
      this.#makeGrey();
      const writing = this.#options.output?.write(picture.pixels);
      if (writing instanceof Promise) await writing; // a slow reader of the output gets fewer frames, not old ones
      const showMicros = nowMicros() - startedAt;
      picture.received.origin.acknowledge({
        frameNumber: picture.received.frameNumber,
        outcome: "shown",
        transferMicros: picture.received.lastByteAt - picture.received.firstByteAt,
        workMicros: picture.workMicros + showMicros,
        paceMicros: Math.max(showMicros, picture.busyMicros / this.#options.decodeThreads),
      });
      this.#options.onShown(this.#options.figures.frames);
    });
  }

  /** Runs one thing at a time on the screen; what waits comes next. */
  #run(step: () => void | Promise<void>): void {
    this.#busy = true;
    const done = () => {
      this.#busy = false;
      this.#showWaiting();
    };
    try {
      const running = step();
      if (running instanceof Promise) running.then(done, this.#options.onBroken);
      else done();
    } catch (error) {
      this.#options.onBroken(error);
    }
  }

  #replaceCurrent(picture: DecodedPicture): void {
    const older = this.#current;
    this.#current = picture;
    this.#grey = null;
    if (older === null || older.slot === picture.slot) return;
    older.slot.release();
    this.#options.onSlotFree();
  }

  #drop(picture: DecodedPicture, reason: "late" | "stale"): void {
    this.#options.figures.drops.add(reason);
    acknowledgeDropped(picture.received);
    if (picture.isRepeat) return;
    picture.slot.release();
    this.#options.onSlotFree();
  }

  #isOlder(picture: DecodedPicture, than: DecodedPicture | null): boolean {
    // Another connection counts its frames from the start again.
    if (than === null || picture.received.origin !== than.received.origin) return false;
    return picture.received.frameNumber < than.received.frameNumber;
  }

  get #trouble(): ViewFigures["trouble"] {
    return this.#options.figures.trouble;
  }

  /** What is to be shown instead of the picture; null while that is to be seen as it is, or the copy is not ready. */
  get #greyCopy(): ShownPicture | null {
    const isOld = this.#trouble.isPictureOld && !this.#paused;
    return isOld && this.#grey?.of === this.#current ? this.#grey.copy : null;
  }

  /** Once for each trouble, so nothing is lost by starting it from a clock's tick. */
  #makeGrey(): void {
    const of = this.#current;
    if (of === null || this.#grey?.of === of || !this.#trouble.isPictureOld || this.#paused) return;
    const made: { of: DecodedPicture; copy: ShownPicture | null } = { of, copy: null };
    const isTaken = this.#options.grey(of, (copy) => {
      made.copy = copy; // of no use where a picture came meanwhile: then nobody asks for this one any more
      this.tick();
    });
    if (isTaken) this.#grey = made;
  }

  #overlay(isNew = false): Overlay {
    const lines = this.#overlayOn ? this.#options.figures.overlayLines() : [];
    this.#overlayShown = { lines, alarm: isNew ? this.#trouble.remark : this.#alarm() };
    return this.#overlayShown;
  }

  #alarm(): string | null {
    if (this.#paused) return "paused";
    const { remark, isPictureOld, seconds } = this.#trouble;
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
