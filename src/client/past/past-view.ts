// The keys ←, → and End: they go through the last seconds of a camera, which a server keeps, one picture at a time.

import type { Arena } from "../../codec/memory/arena.ts";
import type { CodecPool } from "../../codec/threads/pool.ts";
import { type AskedServer, receiveClip } from "../../connect/ask.ts";
import { type Micros, nowMicros } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Log } from "../../core/log.ts";
import { ClockOffset } from "../../protocol/clock-offset.ts";
import type { Origin } from "../../protocol/origin.ts";
import { createPictureDecoder, type PictureDecoder } from "../decode/picture-decoder.ts";
import type { DecodedPicture, ReceivedFrame } from "../picture.ts";
import { ClipPictures, DamagedClip } from "./clip-pictures.ts";
import { PastPictures } from "./past-pictures.ts";

/** The number of seconds that are asked for. */
const SECONDS = 30;
/** The most bytes of JPEGs that are kept while the past is seen. More make the time shorter. */
const MOST_BYTES = 64 * 2 ** 20;
/** What to do about a clip that cannot be used. */
const ASK_AGAIN = ", press Left to ask again";

export interface PastViewOptions {
  server: AskedServer;
  arena: Arena;
  pool: CodecPool;
  /** The number of pixels that a picture may have. */
  maxPixels: number;
  log: Log;
  /** Ends when the viewer ends. */
  stopped: AbortSignal;
  /** Shows a picture instead of the newest one, until the next call. The receiver releases its slot. Null shows the newest one. */
  show: (picture: DecodedPicture | null) => void;
}

/** Pictures of a clip are not acknowledged. */
const NO_ORIGIN: Origin = { acknowledge: () => undefined, clock: new ClockOffset() };

export class PastView {
  readonly #options: PastViewOptions;
  /** Null before the past is seen for the first time. */
  #decoder: PictureDecoder | null = null;
  #pictures: PastPictures | null = null;
  /** The time of the end of the clip. */
  #endedAt: Micros = 0;
  #fetching: AbortController | null = null;
  #number = 0;

  constructor(options: PastViewOptions) {
    this.#options = options;
  }

  /** Goes one picture back. The first call asks the server for the last seconds, and shows the newest picture of them. */
  back(): void {
    if (this.#pictures !== null) this.#step(-1);
    else if (this.#fetching === null) void this.#fetch();
  }

  /** Goes one picture forward. */
  forward(): void {
    this.#step(1);
  }

  /** Shows what the camera sees now, and forgets the past. */
  now(): void {
    this.#fetching?.abort();
    this.#fetching = null;
    if (this.#pictures === null) return;
    this.#pictures = null;
    this.#decoder?.clear();
    this.#options.show(null);
  }

  /** Decodes the picture that waits. Call it when a codec thread has become idle. */
  pump(): void {
    this.#decoder?.pump();
  }

  async #loadDecoder(): Promise<PictureDecoder> {
    const { arena, pool, log, show, stopped } = this.#options;
    const onDecoded = (picture: DecodedPicture) => {
      if (this.#pictures === null || stopped.aborted) picture.slot.release();
      else show(picture);
    };
    const onDropped = (_: ReceivedFrame, cause: "stale" | "decode", reason: string) => {
      if (cause === "decode") log.warning(`a picture of the past cannot be decoded: ${reason}`);
    };
    return await createPictureDecoder(arena, pool, { onDecoded, onDropped });
  }

  async #fetch(): Promise<void> {
    const { server, stopped, log } = this.#options;
    const fetching = new AbortController();
    this.#fetching = fetching;
    const pictures = new PastPictures(MOST_BYTES);
    const reader = new ClipPictures((milliseconds, jpeg) => pictures.add(milliseconds, jpeg));
    const signal = AbortSignal.any([fetching.signal, stopped]);
    let askedAt: Micros;
    try {
      this.#decoder ??= await this.#loadDecoder();
      askedAt = nowMicros();
      await receiveClip(server, SECONDS, async (bytes) => reader.feed(bytes), signal);
    } catch (error) {
      const advice = error instanceof DamagedClip ? ASK_AGAIN : ""; // other errors say what to do
      if (!signal.aborted) log.warning(`the past is not shown: ${messageOf(error)}${advice}`);
      return;
    } finally {
      if (this.#fetching === fetching) this.#fetching = null;
    }
    if (signal.aborted) return;
    if (pictures.current(askedAt) === null) {
      log.warning(`the past is not shown: the server has sent a clip without pictures${ASK_AGAIN}`);
      return;
    }
    this.#pictures = pictures;
    this.#endedAt = askedAt;
    this.#showCurrent();
  }

  #step(by: -1 | 1): void {
    if (this.#pictures?.step(by)) this.#showCurrent();
  }

  #showCurrent(): void {
    const picture = this.#pictures?.current(this.#endedAt) ?? null;
    if (picture === null) return;
    const { capturedAt, jpeg } = picture;
    const times = { capturedAt, encodedAt: capturedAt, sentAt: capturedAt };
    const arrival = { firstByteAt: capturedAt, lastByteAt: capturedAt, bytes: jpeg.length };
    const frame = { frameNumber: ++this.#number, origin: NO_ORIGIN, ...times, ...arrival };
    // The decoder takes the memory of its JPEG, and the picture may be seen again.
    this.#decoder?.offer({ ...frame, jpeg: jpeg.slice(), maxPixels: this.#options.maxPixels });
  }
}
