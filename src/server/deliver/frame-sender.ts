// The frame sender of one viewer. A viewer gets a feed: tiles in one size and quality, or whole pictures. The sender sends the
// newest frame of the feed whenever the viewer has credit, which means that not too many frames are in flight (credit.ts).

import { type Micros, nowMicros } from "../../core/clock.ts";
import { type Ack, type StreamHeader, writeStream } from "../../protocol/messages.ts";
import type { Outbox } from "../../protocol/outbox.ts";
import type { MemberFrames } from "./audience-member.ts";
import { Adaptation, type AdaptationLimits, type SentFrame } from "./quality/adaptation.ts";
import { Budget } from "./budget.ts";
import { Credit } from "./credit.ts";
import type { FrameFollower, FrameOnItsWay } from "./frame-follower.ts";
import type { Feed } from "../renditions/feed.ts";
import type { Part, Rendition } from "../renditions/rendition.ts";
import type { Share } from "./shared-bitrate.ts";
import type { WaitingMemory } from "./waiting-memory.ts";

interface InFlight extends FrameOnItsWay {
  bytes: number;
  level: SentFrame["level"] | null;
  isWhole: boolean;
  encodedAt: Micros;
  sentAt: Micros;
}

export interface FrameSenderOptions {
  limits: AdaptationLimits;
  /** The viewer's part of the total bit rate. */
  share: Share;
  /** The memory for pictures of all viewers. */
  waiting: WaitingMemory;
  /** Returns whether the viewer wants frames now. */
  isWanted: () => boolean;
}

export class FrameSender implements MemberFrames {
  readonly #outbox: Outbox;
  readonly #isWanted: () => boolean;
  readonly #credit = new Credit();
  readonly adaptation: Adaptation;
  readonly #budget: Budget | null;
  readonly #share: Share;
  readonly #waiting: WaitingMemory;
  /** Whether the viewer has ever acknowledged a frame. */
  #hasAcknowledged = false;
  #feed: Feed | null = null;
  /** The content of the last Stream message to the viewer. */
  #announced: StreamHeader | null = null;
  /** The number of the newest frame of that stream that was sent completely, or 0 before the first. */
  #since = 0;
  /** The number of the newest frame of any feed that was sent completely. Frame numbers only grow. */
  #lastWhole = 0;
  /** The number of the frame that is being sent in parts while it is encoded, or null. */
  #streamed: number | null = null;
  /** Whether the feed has a frame that this viewer was not sent yet. */
  #isPending = false;
  /** The frames that are not acknowledged yet, in the order in which they were sent. The level is null if there is no choice. */
  readonly #inFlight = new Map<number, InFlight>();
  /** For the follower: the frame whose last bytes may still wait in the outbox (bytes that the kernel has not accepted). */
  #leaving: FrameOnItsWay | null = null;
  /** Set when the viewer has sent Hello. It stays null when log, trace and metrics are off, so that they cost no time. */
  follower: FrameFollower | null = null;
  /** The number of frames that were replaced by newer ones while this viewer had no credit. */
  picturesSkipped = 0;
  /** The number of frames that were sent completely. */
  picturesSent = 0;

  constructor(outbox: Outbox, { limits, share, waiting, isWanted }: FrameSenderOptions) {
    this.#outbox = outbox;
    this.#isWanted = isWanted;
    this.#share = share;
    this.#waiting = waiting;
    const { maxBitsPerSecond } = limits;
    this.adaptation = new Adaptation(share.within(limits));
    this.#budget = maxBitsPerSecond === null ? null : new Budget(maxBitsPerSecond);
  }

  /** Whether the viewer was sent the newest frame and has acknowledged all its frames. */
  get settled(): boolean {
    return !this.#isPending && this.#credit.inFlight === 0;
  }

  /** No frame waits, so no limit counts one as held back or refused. */
  get awaitsFrame(): boolean {
    if (this.#isPending || !this.#isFree || !(this.#hasAcknowledged || this.#waiting.isFree)) return false;
    if (!this.#hasRateLimit) return true;
    const now = nowMicros();
    return (this.#budget?.allows(now) ?? true) && this.#share.hasBalance(now);
  }

  /** Whether frames were sent that the viewer has not acknowledged. */
  get awaitsAck(): boolean {
    return this.#credit.inFlight > 0;
  }

  /**
   * The number of bytes that wait in this process, in the kernel or on the way. They belong to frames without an acknowledgement,
   * or are the rest of frames that were broken off.
   */
  get unacknowledgedBytes(): number {
    const inFlight = this.#inFlight.values().reduce((sum, { bytes }) => sum + bytes, 0);
    return Math.max(inFlight, this.#outbox.waitingBytes);
  }

  /** The time when the oldest frame without an acknowledgement was sent, or null when there is none. */
  get waitsSince(): Micros | null {
    const [oldest] = this.#inFlight.values();
    return oldest?.sentAt ?? null;
  }

  /** Changes to another feed and sends its newest frame, if there is one. */
  follow(feed: Feed | null): void {
    if (feed === this.#feed) return;
    this.breakOff();
    this.#feed = feed;
    this.#isPending = this.#hasNewer;
    this.sendNewest();
  }

  /** Notes a newer frame of the feed. Without credit it waits, and then the frame that is newest at that time is sent. */
  offer(): void {
    if (!this.#isWanted() || this.#streamed !== null || !this.#hasNewer) return;
    if (this.#isPending) this.picturesSkipped++;
    this.#isPending = true;
  }

  /** Handles the beginning of the encoding of a frame. With credit, its parts are sent as soon as they are encoded. */
  beginFrame(rendition: Rendition, frameNumber: number): void {
    // A JPEG of the source is sent before its tiles are made. So the viewer may already have this frame as a whole picture.
    if (rendition !== this.#feed || frameNumber <= this.#lastWhole || !this.#mayBeSent()) return;
    this.#announce(rendition);
    this.#streamed = frameNumber;
    this.#isPending = false;
    this.#expectAck(frameNumber, rendition, rendition.openCapturedAt, nowMicros());
  }

  /** Handles an encoded part of that frame. */
  sendPart(rendition: Rendition, part: Part): void {
    if (rendition !== this.#feed || this.#streamed === null) return;
    const sent = this.#inFlight.get(this.#streamed);
    // The frame was announced to `expectAck` before its first part was encoded.
    if (sent?.bytes === 0) sent.sentAt = nowMicros();
    this.#send(this.#streamed, rendition.composePart(this.#since, part));
    if (!part.isLast) return;
    this.#sentWhole(this.#streamed, nowMicros()); // the last part was encoded just now
    this.#streamed = null;
  }

  /** Handles the failure of that frame, which will not be completed. */
  abortFrame(rendition: Rendition): void {
    if (rendition !== this.#feed) return;
    this.breakOff();
    this.sendNewest(); // The aborted frame would have replaced the newest complete one, so that one is sent now.
  }

  /** Handles an acknowledgement. Returns false when its frame is not in flight, which breaks the protocol. */
  acknowledged(ack: Ack, at: { now: Micros; roundTripMicros: Micros; captureIntervalMicros: Micros }): boolean {
    if (!this.#credit.acknowledged(ack, at.roundTripMicros, at.captureIntervalMicros)) return false;
    this.#hasAcknowledged = true;
    const sent = this.#inFlight.get(ack.frameNumber);
    this.#forget(ack.frameNumber);
    if (ack.outcome === "shown" && sent !== undefined && hasLevel(sent)) {
      this.adaptation.acknowledged(sent, ack, at.now);
    }
    if (this.follower !== null && sent !== undefined) {
      this.#noteLeft();
      this.follower.acknowledged(sent, { ...ack, now: at.now, roundTripMicros: at.roundTripMicros });
    }
    return true;
  }

  /** Returns whether a frame may be composed and sent now. A limit that makes it wait counts it. */
  #mayBeSent(): boolean {
    if (!this.#isFree || !(this.#hasAcknowledged || this.#waiting.hasRoom())) return false;
    if (!this.#hasRateLimit) return true;
    const now = nowMicros();
    return (this.#budget?.allows(now) ?? true) && this.#share.allows(now);
  }

  get #hasRateLimit(): boolean {
    return this.#budget !== null || this.#share.isLimited;
  }

  /** Whether nothing that was sent before makes a frame wait. */
  get #isFree(): boolean {
    // While bytes wait in the outbox, a new frame would wait too. If the frame is chosen later, it is newer and leaves at the
    // same time.
    return this.#isWanted() && this.#streamed === null && this.#credit.available && this.#outbox.idle;
  }

  /** Whether the feed has a newer frame than the viewer was sent. */
  get #hasNewer(): boolean {
    return this.#feed !== null && this.#feed.newestFrame > this.#lastWhole;
  }

  /**
   * Sends the newest frame if the viewer does not have it and it may be sent now. The caller calls this whenever one of these
   * conditions may have changed.
   */
  sendNewest(): void {
    if (this.#leaving !== null) this.#noteLeft();
    const feed = this.#feed;
    if (!this.#isPending || feed === null || !this.#hasNewer || !this.#mayBeSent()) return;
    this.#isPending = false;
    this.#announce(feed);
    const frameNumber = feed.newestFrame;
    const messages = feed.compose(this.#since);
    this.#expectAck(frameNumber, feed, feed.capturedAt, nowMicros());
    for (const message of messages) this.#send(frameNumber, message);
    this.#sentWhole(frameNumber, feed.encodedAt);
  }

  /** Tells the follower when the kernel has accepted the frame's last byte. */
  #noteLeft(): void {
    if (this.#leaving === null || !this.#outbox.idle) return;
    this.follower?.left?.(this.#leaving, nowMicros());
    this.#leaving = null;
  }

  #expectAck(frameNumber: number, { level, stream }: Feed, capturedAt: Micros, now: Micros): void {
    this.#credit.sent(frameNumber);
    const isWhole = this.#since === 0 || stream?.jpegHeader.length === 0;
    this.#inFlight.set(frameNumber, { frameNumber, bytes: 0, level, isWhole, capturedAt, encodedAt: now, sentAt: now });
  }

  #sentWhole(frameNumber: number, encodedAt: Micros): void {
    this.#since = frameNumber;
    this.#lastWhole = frameNumber;
    this.picturesSent++;
    const sent = this.#inFlight.get(frameNumber);
    if (this.follower === null || sent === undefined) return;
    sent.encodedAt = encodedAt;
    this.follower.sent(sent);
    this.#leaving = sent;
    this.#noteLeft();
  }

  #send(frameNumber: number, message: Uint8Array): void {
    const sent = this.#inFlight.get(frameNumber);
    if (sent !== undefined) {
      sent.bytes += message.length;
      this.#waiting.add(message.length);
    }
    this.#budget?.spend(message.length);
    this.#share.spend(message.length);
    this.#outbox.send(message);
  }

  /** Sends a Stream message if the feed's stream has changed. Then the viewer has no frame of the new stream yet. */
  #announce({ stream }: Feed): void {
    if (stream === null || stream === this.#announced) return;
    this.#announced = stream;
    this.#since = 0;
    this.#outbox.send(writeStream(stream));
  }

  /**
   * Stops sending the frame that is being sent in parts. The tiles that were already sent do not count as sent, so the next frame
   * contains them again.
   */
  breakOff(): void {
    if (this.#streamed === null) return;
    this.#credit.forget(this.#streamed);
    this.#forget(this.#streamed);
    this.#streamed = null;
    this.#since = 0;
    this.#isPending = this.#hasNewer;
  }

  /** Forgets all frames in flight, because the connection has ended. */
  close(): void {
    for (const frameNumber of [...this.#inFlight.keys()]) this.#forget(frameNumber);
  }

  #forget(frameNumber: number): void {
    this.#waiting.add(-(this.#inFlight.get(frameNumber)?.bytes ?? 0));
    this.#inFlight.delete(frameNumber);
  }
}

function hasLevel(sent: InFlight): sent is InFlight & SentFrame {
  return sent.level !== null;
}
