// The frame sender of one multipart viewer. It sends the newest picture of the viewer's feed when the kernel has passed on the one
// before, as far as the round trip allows. The viewer acknowledges nothing, so the kernel's queue stands for acknowledgements.

import { type Micros, nowMicros } from "../../core/clock.ts";
import type { Feed, FeedJpeg } from "../renditions/feed.ts";
import type { Level } from "../renditions/ladder.ts";
import type { MemberFrames } from "./audience-member.ts";
import { Budget } from "./budget.ts";
import { MAX_WINDOW_PICTURES } from "./credit.ts";
import type { FrameFollower, FrameOnItsWay } from "./frame-follower.ts";
import { LOOK_MS, type LookTimer } from "./look-timer.ts";
import { openingOf, type PartForm, partOf } from "./multipart-form.ts";
import { Adaptation, type AdaptationLimits } from "./quality/adaptation.ts";
import { ReadingPace } from "./reading-pace.ts";
import type { Share } from "./shared-bitrate.ts";

/** A viewer gets a picture after this time even if nothing has changed, so that it knows that the stream lives. */
const REPEAT_MICROS = 1_000_000;

export interface TcpState {
  /** The shortest round trip. */
  roundTripMicros: Micros;
  /** The bytes that the client's kernel can still take, or null if this kernel does not tell. */
  windowBytes: number | null;
  /** The bytes of a full segment. */
  segmentBytes: number;
}

/** The sending side of a multipart viewer's connection. */
export interface SendQueue {
  /** Takes bytes. They must not change afterwards. */
  write(bytes: Uint8Array<ArrayBuffer>): void;
  /** The number of bytes that wait in this process, in the kernel, or on the way without an acknowledgement of TCP. */
  readonly waitingBytes: number;
  /** Asks TCP about the connection. Null if the system cannot tell. */
  tcpState(): TcpState | null;
}

export interface MultipartSenderOptions {
  queue: SendQueue;
  form: PartForm;
  /** Whether pictures that have not changed are sent, too. */
  wantsAll: boolean;
  limits: AdaptationLimits;
  /** The viewer's part of the total bit rate. */
  share: Share;
  timer: LookTimer;
  /** Returns whether the viewer wants pictures now. */
  isWanted: () => boolean;
  /** Called when the kernel has passed on a picture. */
  onDelivered: () => void;
}

interface OnTheWay extends FrameOnItsWay {
  level: Level | null;
  /** Whether the client has received this frame before. */
  isRepeated: boolean;
}

export class MultipartSender implements MemberFrames {
  readonly #options: MultipartSenderOptions;
  readonly adaptation: Adaptation;
  readonly #budget: Budget | null;
  #feed: Feed | null = null;
  /** The picture that was sent last. It is repeated when the feed has no newer one. */
  #last: FeedJpeg | null = null;
  /** Whether the feed has changed since the last picture. */
  #isOtherFeed = false;
  /** Whether a picture waits to be sent. */
  #isPending = false;
  #lastSentAt: Micros = 0;
  /** The pictures that the kernel has not passed on completely, with the oldest first. */
  #onTheWay: OnTheWay[] = [];
  /** The time when the kernel had passed on the picture before the oldest of `#onTheWay`. */
  #deliveredAt: Micros = 0;
  readonly #pace = new ReadingPace();
  #roundTripMicros: Micros = 0;
  #secondStartedAt: Micros = 0;
  #sentInSecond = 0;
  #framesPerSecond = 0;
  /** Whether the camera delivers pictures. The extra headers tell it. */
  isOnline = true;
  follower: FrameFollower | null = null;
  picturesSkipped = 0;
  picturesSent = 0;

  constructor(options: MultipartSenderOptions) {
    this.#options = options;
    const { limits, share } = options;
    const { maxBitsPerSecond } = limits;
    this.adaptation = new Adaptation(share.within(limits));
    this.#budget = maxBitsPerSecond === null ? null : new Budget(maxBitsPerSecond);
  }

  get settled(): boolean {
    return !this.#isPending && this.#onTheWay.length === 0;
  }

  get awaitsFrame(): boolean {
    return !this.#isPending;
  }

  get roundTripMicros(): Micros {
    return this.#roundTripMicros;
  }

  /** The time when the oldest picture that the kernel still has was sent, or null when there is none. */
  get waitsSince(): Micros | null {
    return this.#onTheWay[0]?.sentAt ?? null;
  }

  /** The pictures that were sent in the last complete second. */
  get framesPerSecond(): number {
    return nowMicros() - this.#secondStartedAt > 2 * REPEAT_MICROS ? 0 : this.#framesPerSecond;
  }

  follow(feed: Feed | null): void {
    if (feed === this.#feed) return;
    this.#feed = feed;
    this.#isOtherFeed = true;
    this.#isPending = this.#hasNewer;
    this.sendNewest();
  }

  offer(): void {
    if (!this.#options.isWanted() || !this.#hasNewer) return;
    if (this.#isPending) this.picturesSkipped++;
    this.#isPending = true;
  }

  /** Sends the bytes before the first picture, so that the client sees that the stream has begun. */
  open(): void {
    this.#options.queue.write(openingOf(this.#options.form));
  }

  /** Multipart viewers get whole pictures only. */
  beginFrame(): void {}
  sendPart(): void {}
  abortFrame(): void {}

  /** Sends the newest picture if one waits and the kernel can take it. */
  sendNewest(): void {
    if (!this.#isPending || !this.#options.isWanted()) return;
    const now = nowMicros();
    this.#note(now);
    // A delivered picture may have led to another feed, whose picture is sent already.
    if (this.#isPending && this.#mayBeSent(now)) {
      const jpeg = this.#newestJpeg;
      if (jpeg !== null) this.#send(jpeg, now);
    }
    if (this.#isPending || this.#onTheWay.length > 0) this.#options.timer.add(this);
  }

  /** Repeats the picture when nothing has changed for a second. Call it about ten times a second. */
  tick(now: Micros): void {
    if (this.#last !== null && now - this.#lastSentAt >= REPEAT_MICROS) this.#isPending = true;
    this.sendNewest();
  }

  /** Looks at the kernel's queue. Returns whether it has to be looked at again. */
  look(): boolean {
    if (!this.#options.isWanted()) return false;
    this.#note(nowMicros());
    this.sendNewest();
    return this.#isPending || this.#onTheWay.length > 0;
  }

  get #hasNewer(): boolean {
    if (this.#feed === null) return false;
    const { newestFrame, changedFrame } = this.#feed;
    const last = this.#last?.frameNumber ?? 0;
    // Frame numbers only grow. Another feed has the same frame in another quality.
    if (this.#isOtherFeed) return newestFrame > 0 && newestFrame >= last;
    return (this.#options.wantsAll ? newestFrame : changedFrame) > last;
  }

  get #newestJpeg(): FeedJpeg | null {
    const jpeg = this.#feed?.jpeg() ?? null;
    const last = this.#last;
    return jpeg === null || jpeg.frameNumber < (last?.frameNumber ?? 0) ? last : jpeg;
  }

  #mayBeSent(now: Micros): boolean {
    const { queue, share } = this.#options;
    if (now < this.#pace.nextAt || queue.waitingBytes > this.#allowedBytes) return false;
    return (this.#budget?.allows(now) ?? true) && share.allows(now);
  }

  /** The number of bytes that the connection passes on in a round trip and until the next look. */
  get #allowedBytes(): number {
    const bytes = this.#last?.bytes.length ?? 0;
    const micros = this.#roundTripMicros + LOOK_MS * 1000;
    const onPath = ((this.adaptation.bytesPerSecond ?? 0) * micros) / 1e6;
    return Math.min(onPath, MAX_WINDOW_PICTURES * bytes);
  }

  /** Notes which pictures the kernel has passed on. */
  #note(now: Micros): void {
    if (this.#onTheWay.length === 0) return;
    const waiting = this.#options.queue.waitingBytes;
    let later = this.#onTheWay.reduce((sum, { bytes }) => sum + bytes, 0);
    let delivered = 0;
    let tcp: TcpState | null = null;
    for (const sent of this.#onTheWay) {
      const { bytes, level, sentAt, isRepeated } = sent;
      later -= bytes;
      if (waiting > later) break;
      if (delivered++ === 0) tcp = this.#options.queue.tcpState();
      if (tcp !== null) this.#pace.measure(bytes, sentAt, tcp, now);
      if (!isRepeated) this.follower?.left?.(sent, now);
      const startedAt = Math.max(sentAt, this.#deliveredAt);
      this.#deliveredAt = now;
      const transferMicros = Math.max(1, now - startedAt - this.#roundTripMicros, this.#pace.transferMicros(bytes));
      if (level !== null) {
        this.adaptation.acknowledged({ bytes, level, isWhole: true }, { transferMicros, workMicros: 0 }, now);
      }
    }
    if (delivered === 0) return;
    this.#onTheWay = this.#onTheWay.slice(delivered);
    this.#roundTripMicros = tcp?.roundTripMicros ?? 0;
    this.#options.onDelivered();
  }

  #send(jpeg: FeedJpeg, now: Micros): void {
    const { queue, form, share } = this.#options;
    const { isOnline, picturesSkipped, framesPerSecond } = this;
    const part = partOf(jpeg, form, { isOnline, skipped: picturesSkipped, framesPerSecond });
    const { frameNumber, capturedAt, encodedAt } = jpeg;
    const isRepeated = frameNumber === this.#last?.frameNumber;
    const stamps = { frameNumber, bytes: part.length, capturedAt, encodedAt, sentAt: now };
    const sent = { ...stamps, level: this.#feed?.level ?? null, isRepeated };
    this.#onTheWay.push(sent);
    this.#last = jpeg;
    this.#lastSentAt = now;
    this.#isOtherFeed = false;
    this.#isPending = false;
    this.#budget?.spend(part.length);
    share.spend(part.length);
    this.#count(now);
    queue.write(part);
    if (!isRepeated) this.follower?.sent(sent);
  }

  #count(now: Micros): void {
    this.picturesSent++;
    if (now - this.#secondStartedAt >= 1_000_000) {
      this.#framesPerSecond = this.#sentInSecond;
      this.#sentInSecond = 0;
      this.#secondStartedAt = now;
    }
    this.#sentInSecond++;
  }
}
