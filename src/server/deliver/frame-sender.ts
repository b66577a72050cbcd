// The frame sender: sends one viewer the newest state of the feed that it follows, when its credit allows, whole or in parts.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Log } from "../../core/log.ts";
import type { TraceTrack } from "../../core/trace.ts";
import { type Ack, type StreamHeader, writeStream } from "../../protocol/messages.ts";
import type { Outbox } from "../../protocol/outbox.ts";
import { Adaptation, type AdaptationLimits, type SentFrame } from "./quality/adaptation.ts";
import { Budget } from "./budget.ts";
import { Credit } from "./credit.ts";
import type { Feed } from "../renditions/feed.ts";
import type { Rendition } from "../renditions/rendition.ts";
import type { Part } from "../renditions/sinks.ts";

/** Where the way of a viewer's frames is shown. */
export interface FrameFollower {
  /** The address of the viewer, for people. */
  address: string;
  /** Null when it shows no debug lines. */
  log: Log | null;
  track: TraceTrack | null;
}

export class FrameSender {
  readonly #outbox: Outbox;
  readonly #isWanted: () => boolean;
  readonly #credit = new Credit();
  readonly adaptation: Adaptation;
  readonly #budget: Budget | null;
  #feed: Feed | null = null;
  /** The stream that the viewer was told of last. */
  #announced: StreamHeader | null = null;
  /** Number of the newest frame of that stream that was sent whole; 0 = none. */
  #since = 0;
  /** Number of the newest frame of any feed that was sent whole: frame numbers only grow. */
  #lastWhole = 0;
  /** The frame that is being sent part by part while it is encoded. */
  #streamed: number | null = null;
  /** Whether the feed has a frame that this viewer was not sent yet. */
  #owed = false;
  /** What was sent of the frames that are not acknowledged yet. */
  readonly #inFlight = new Map<number, SentFrame>();
  /** For the trace: when the frames in flight were sent, and the number of a frame whose last bytes may wait in the outbox. */
  readonly #sentAt = new Map<number, Micros>();
  #leaving: number | null = null;
  /** Set when the viewer has greeted; null when neither log nor trace is on, which then cost nothing. */
  follower: FrameFollower | null = null;
  /** Frames that were replaced by newer ones while this viewer had no credit. */
  picturesSkipped = 0;
  /** Frames that were sent whole. */
  picturesSent = 0;

  /** `isWanted` says whether the viewer wants frames now. */
  constructor(outbox: Outbox, limits: AdaptationLimits, isWanted: () => boolean) {
    this.#outbox = outbox;
    this.#isWanted = isWanted;
    this.adaptation = new Adaptation(limits);
    const { maxBitsPerSecond } = limits;
    this.#budget = maxBitsPerSecond === null ? null : new Budget(maxBitsPerSecond);
  }

  /** Whether the viewer is owed no frame, and has acknowledged all that were sent. */
  get settled(): boolean {
    return !this.#owed && this.#credit.inFlight === 0;
  }

  /** Follows another feed from here on, and sends its newest frame, if there is one. */
  follow(feed: Feed | null): void {
    if (feed === this.#feed) return;
    this.breakOff();
    this.#feed = feed;
    this.#owed = this.#hasNewer;
    this.sendOwed();
  }

  /** The feed has a newer frame. It is sent now if there is credit; if not, the newest frame is sent once there is. */
  offer(): void {
    if (!this.#isWanted() || this.#streamed !== null || !this.#hasNewer) return;
    if (this.#owed) this.picturesSkipped++;
    this.#owed = true;
    this.sendOwed();
  }

  /** A frame of the feed is being encoded. With credit, its parts are sent as they come. */
  beginFrame(rendition: Rendition, frameNumber: number): void {
    // A JPEG is passed on before tiles are made of it: the viewer may have had this frame as a whole picture.
    if (rendition !== this.#feed || frameNumber <= this.#lastWhole || !this.#mayBeSent()) return;
    this.#announce(rendition);
    this.#streamed = frameNumber;
    this.#owed = false;
    this.#expectAck(frameNumber, rendition);
  }

  /** A part of that frame is encoded. */
  sendPart(rendition: Rendition, part: Part): void {
    if (rendition !== this.#feed || this.#streamed === null) return;
    this.#send(this.#streamed, rendition.composePart(this.#since, part));
    if (!part.isLast) return;
    this.#sentWhole(this.#streamed);
    this.#streamed = null;
  }

  /** That frame will not become whole. */
  abortFrame(rendition: Rendition): void {
    if (rendition !== this.#feed) return;
    this.breakOff();
    this.sendOwed(); // the newest whole frame, which the aborted one was to replace
  }

  /** Takes an acknowledgement. Returns false when it names no frame in flight, which breaks the protocol. */
  acknowledged(ack: Ack, at: { now: Micros; roundTripMicros: Micros; captureIntervalMicros: Micros }): boolean {
    const { follower } = this;
    if (!this.#credit.acknowledged(ack, at.roundTripMicros, at.captureIntervalMicros)) return false;
    const sent = this.#inFlight.get(ack.frameNumber);
    this.#inFlight.delete(ack.frameNumber);
    if (ack.outcome === "shown" && sent !== undefined) this.adaptation.acknowledged(sent, { ...ack, now: at.now });
    if (follower !== null) this.#followAck(follower, ack, at);
    return true;
  }

  /** The frame was shown half a round trip before its acknowledgement came. Its work there may include waiting. */
  #followAck(
    { address, log, track }: FrameFollower,
    { frameNumber, outcome, transferMicros, workMicros }: Ack,
    { now, roundTripMicros }: { now: Micros; roundTripMicros: Micros },
  ): void {
    log?.debug(`frame ${frameNumber}: ${outcome} by viewer ${address}`);
    const sentAt = this.#sentAt.get(frameNumber);
    if (track === null || sentAt === undefined) return;
    this.#noteLeft();
    this.#sentAt.delete(frameNumber);
    if (outcome !== "shown") return;
    const shownAt = Math.max(sentAt, now - roundTripMicros / 2);
    const receivedAt = Math.min(shownAt, sentAt + roundTripMicros / 2 + transferMicros);
    const fields = { frame: frameNumber, transferMicros, workMicros };
    track.below("transfer").span("transfer", sentAt, receivedAt, fields);
    track.below("work").span("decode and show", receivedAt, shownAt, fields);
  }

  /** Whether a frame that is composed now would leave now. */
  #mayBeSent(): boolean {
    // While bytes wait in the outbox, a frame that is composed later leaves at the same time and is newer.
    if (!this.#isWanted() || this.#streamed !== null || !this.#credit.available || !this.#outbox.idle) return false;
    return this.#budget?.allows(nowMicros()) ?? true;
  }

  /** Whether the feed has a frame that is newer than all frames that this viewer was sent. */
  get #hasNewer(): boolean {
    return this.#feed !== null && this.#feed.newestFrame > this.#lastWhole;
  }

  /** Sends the frame that the viewer is owed, if it may be sent now. Call when that may have changed. */
  sendOwed(): void {
    if (this.#leaving !== null) this.#noteLeft();
    const feed = this.#feed;
    if (!this.#owed || feed === null || !this.#hasNewer || !this.#mayBeSent()) return;
    this.#owed = false;
    this.#announce(feed);
    const frameNumber = feed.newestFrame;
    this.#expectAck(frameNumber, feed);
    for (const message of feed.compose(this.#since)) this.#send(frameNumber, message);
    this.#sentWhole(frameNumber);
  }

  /** The span of `send` ends when the kernel has taken the frame's last byte. */
  #noteLeft(): void {
    if (this.#leaving === null || !this.#outbox.idle) return;
    const sentAt = this.#sentAt.get(this.#leaving);
    if (sentAt !== undefined) this.follower?.track?.span("send", sentAt, nowMicros(), { frame: this.#leaving });
    this.#leaving = null;
  }

  #expectAck(frameNumber: number, { level }: Feed): void {
    if (this.follower?.track) this.#sentAt.set(frameNumber, nowMicros());
    this.#credit.sent(frameNumber);
    const isWhole = this.#since === 0 || level?.isPassedOn === true;
    if (level !== null) this.#inFlight.set(frameNumber, { bytes: 0, level, isWhole });
  }

  #sentWhole(frameNumber: number): void {
    this.#since = frameNumber;
    this.#lastWhole = frameNumber;
    this.picturesSent++;
    if (this.follower !== null) this.#followSending(frameNumber, this.follower);
  }

  #followSending(frameNumber: number, { address, log, track }: FrameFollower): void {
    if (track !== null) {
      this.#leaving = frameNumber;
      this.#noteLeft();
    }
    if (log === null) return;
    const bytes = this.#inFlight.get(frameNumber)?.bytes ?? 0;
    log.debug(`frame ${frameNumber}: sent to viewer ${address}, ${bytes} bytes`);
  }

  #send(frameNumber: number, message: Uint8Array): void {
    const sent = this.#inFlight.get(frameNumber);
    if (sent !== undefined) sent.bytes += message.length;
    this.#budget?.spend(message.length);
    this.#outbox.send(message);
  }

  /** Announces the feed's stream if it is another one than before: then the viewer has nothing of it yet. */
  #announce({ stream }: Feed): void {
    if (stream === null || stream === this.#announced) return;
    this.#announced = stream;
    this.#since = 0;
    this.#outbox.send(writeStream(stream));
  }

  /** Gives up the frame that is being sent in parts. Which of its tiles the viewer has is not recorded: it is owed all. */
  breakOff(): void {
    if (this.#streamed === null) return;
    this.#credit.forget(this.#streamed);
    this.#inFlight.delete(this.#streamed);
    this.#sentAt.delete(this.#streamed);
    this.#streamed = null;
    this.#since = 0;
    this.#owed = this.#hasNewer;
  }
}
