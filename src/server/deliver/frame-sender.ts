// What one viewer is sent: the newest state of the feed that it follows, when its credit allows, whole or in parts.

import { type Micros, nowMicros } from "../../core/clock.ts";
import { type Ack, type StreamHeader, writeStream } from "../../protocol/messages.ts";
import type { Outbox } from "../../protocol/outbox.ts";
import { Adaptation, type AdaptationLimits, type SentFrame } from "./adaptation.ts";
import { Budget } from "./budget.ts";
import { Credit } from "./credit.ts";
import type { Feed } from "../renditions/feed.ts";
import type { Rendition } from "../renditions/rendition.ts";

export class FrameSender {
  readonly #outbox: Outbox;
  readonly #isWanted: () => boolean;
  readonly #credit = new Credit();
  readonly adaptation: Adaptation;
  readonly #budget: Budget | null;
  #feed: Feed | null = null;
  /** The stream it was told of last, and the newest frame of that which it has been sent whole. */
  #announced: StreamHeader | null = null;
  #since = 0;
  /** The newest frame that was sent whole, of whatever feed: frame numbers only grow. */
  #lastWhole = 0;
  /** The frame that is being sent part by part while it is encoded. */
  #streamed: number | null = null;
  /** The feed has a frame that this viewer was not yet sent. */
  #owed = false;
  /** The frames in flight. */
  readonly #inFlight = new Map<number, SentFrame>();
  /** Pictures that were replaced by newer ones while this viewer had no credit. */
  picturesSkipped = 0;
  picturesSent = 0;

  /** `isWanted`: whether the viewer wants frames now. */
  constructor(outbox: Outbox, limits: AdaptationLimits, isWanted: () => boolean) {
    this.#outbox = outbox;
    this.#isWanted = isWanted;
    this.adaptation = new Adaptation(limits);
    const { maxBitsPerSecond } = limits;
    this.#budget = maxBitsPerSecond === null ? null : new Budget(maxBitsPerSecond);
  }

  /** Whether it has all there is and the viewer has said so. */
  get settled(): boolean {
    return !this.#owed && this.#credit.inFlight === 0;
  }

  /** What it is sent from here on; its newest frame at once, if there is one. */
  follow(feed: Feed | null): void {
    if (feed === this.#feed) return;
    this.breakOff();
    this.#feed = feed;
    this.#owed = this.#hasNewer;
    this.sendOwed();
  }

  /** The feed has a newer frame: sent now if there is credit, else once there is, with whatever is newest then. */
  offer(): void {
    if (!this.#isWanted() || this.#streamed !== null || !this.#hasNewer) return;
    if (this.#owed) this.picturesSkipped++;
    this.#owed = true;
    this.sendOwed();
  }

  /** A frame of the feed is being encoded: with credit, its parts are sent as they come. */
  beginFrame(rendition: Rendition, frameNumber: number): void {
    // Whole pictures are there before tiles are made of them: it may have had this frame as one.
    if (rendition !== this.#feed || frameNumber <= this.#lastWhole || !this.#mayBeSent()) return;
    this.#announce(rendition);
    this.#streamed = frameNumber;
    this.#owed = false;
    this.#expectAck(frameNumber, rendition);
  }

  /** `count` tiles from `first` on of that frame are done. */
  sendPart(rendition: Rendition, first: number, count: number, isLast: boolean): void {
    if (rendition !== this.#feed || this.#streamed === null) return;
    this.#send(this.#streamed, rendition.composePart(this.#since, first, count, isLast));
    if (!isLast) return;
    this.#sentWhole(this.#streamed);
    this.#streamed = null;
  }

  /** That frame will not become whole. */
  abortFrame(rendition: Rendition): void {
    if (rendition !== this.#feed) return;
    this.breakOff();
    this.sendOwed(); // the frame before, which the aborted one was to replace
  }

  /** Takes an acknowledgement; false where it names no frame in flight, which breaks the protocol. */
  acknowledged(ack: Ack, at: { now: Micros; roundTripMicros: Micros; captureIntervalMicros: Micros }): boolean {
    if (!this.#credit.acknowledged(ack, at.roundTripMicros, at.captureIntervalMicros)) return false;
    const sent = this.#inFlight.get(ack.frameNumber);
    this.#inFlight.delete(ack.frameNumber);
    if (ack.outcome === "shown" && sent !== undefined) this.adaptation.acknowledged(sent, { ...ack, now: at.now });
    return true;
  }

  /** Whether a frame that is composed now would leave now. */
  #mayBeSent(): boolean {
    // A picture behind bytes that still wait would be older when it leaves than one composed then.
    if (!this.#isWanted() || this.#streamed !== null || !this.#credit.available || !this.#outbox.idle) return false;
    return this.#budget?.allows(nowMicros()) ?? true;
  }

  /** Whether the feed has a frame that is newer than all that this viewer was sent, of whatever feed. */
  get #hasNewer(): boolean {
    return this.#feed !== null && this.#feed.newestFrame > this.#lastWhole;
  }

  /** Sends what it is owed, if it may be sent now. Call when that may have become so. */
  sendOwed(): void {
    const feed = this.#feed;
    if (!this.#owed || feed === null || !this.#hasNewer || !this.#mayBeSent()) return;
    this.#owed = false;
    this.#announce(feed);
    const frameNumber = feed.newestFrame;
    this.#expectAck(frameNumber, feed);
    for (const message of feed.compose(this.#since)) this.#send(frameNumber, message);
    this.#sentWhole(frameNumber);
  }

  #expectAck(frameNumber: number, { level }: Feed): void {
    this.#credit.sent(frameNumber, nowMicros());
    const isWhole = this.#since === 0 || level?.isPassedOn === true;
    if (level !== null) this.#inFlight.set(frameNumber, { bytes: 0, level, isWhole });
  }

  #sentWhole(frameNumber: number): void {
    this.#since = frameNumber;
    this.#lastWhole = frameNumber;
    this.picturesSent++;
  }

  #send(frameNumber: number, message: Uint8Array): void {
    const sent = this.#inFlight.get(frameNumber);
    if (sent !== undefined) sent.bytes += message.length;
    this.#budget?.spend(message.length);
    this.#outbox.send(message);
  }

  /** Says what follows, where that is something else than before; then nothing of it has been sent yet. */
  #announce({ stream }: Feed): void {
    if (stream === null || stream === this.#announced) return;
    this.#announced = stream;
    this.#since = 0;
    this.#outbox.send(writeStream(stream));
  }

  /** Gives up on the frame that is being sent in parts. Which tiles the viewer has of it is not kept: it is owed all. */
  breakOff(): void {
    if (this.#streamed === null) return;
    this.#credit.forget(this.#streamed);
    this.#inFlight.delete(this.#streamed);
    this.#streamed = null;
    this.#since = 0;
    this.#owed = this.#hasNewer;
  }
}
