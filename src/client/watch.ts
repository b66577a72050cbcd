// The function watch() of the library: an async iterator of the frames of one camera, for programs that use the pixels.

import { availableParallelism } from "node:os";
import { type Micros, nowMicros } from "../core/clock.ts";
import { UsageError } from "../core/errors.ts";
import { type Log, SILENT_LOG } from "../core/log.ts";
import type { Size } from "../core/pixel-format.ts";
import { type Address, parseLink } from "../connect/address.ts";
import { accessWith, type ServerAccess } from "../connect/server-access.ts";
import { connectTcp } from "../connect/tcp.ts";
import type { Trace } from "../core/trace.ts";
import { normalizeKey } from "../protocol/proof.ts";
import type { Decoders } from "./decode/decoders.ts";
import { traceFrame } from "./frame-spans.ts";
import type { DecodedPicture, ReceivedFrame } from "./picture.ts";
import { NextPicture } from "./present/next-picture.ts";
import { acknowledgeDropped, acknowledgeShown } from "./present/acknowledge.ts";
import { SharedThreads, type ThreadUser } from "./shared-threads.ts";
import { Subscription, type SubscriptionOwner } from "./subscription.ts";
import { WatchedFrame } from "./watched-frame.ts";

/** The default limit of decoder threads. More threads do not make one loop faster. */
const MOST_WORKERS_BY_DEFAULT = 4;
const MOST_WORKERS = 64;

export interface WatchOptions {
  /** The loop ends without an error when this signal aborts. */
  signal?: AbortSignal;
  /**
   * The key of the server, if it needs one, with at least 20 letters and digits; case, dashes and spaces do not matter. It is
   * neither sent nor kept: viewer and server prove to each other that they know it. Default: the key in `address`, if that is a
   * link with a key.
   */
  key?: string;
  /**
   * The size that is enough for the program. The server chooses among the source's size, half and a quarter of it, and sends the
   * smallest that is not smaller than this. Over a slow link it may send smaller pictures. Default: the source's own size.
   */
  size?: Size;
  /**
   * The number of decoder threads, 1 to 64. Watchers with the same number share their threads. Default: one for each core, at
   * most 4.
   */
  workers?: number;
  /**
   * Whether to connect again when the connection ends, as `bun run view` does. With false the loop ends with the first
   * connection. Default: true.
   */
  reconnect?: boolean;
  /** The largest picture that is accepted, in pixels. A server with larger ones loses the connection. Default: 33 554 432. */
  maxPixels?: number;
  /** Receives the log of the connection. Default: no log. */
  log?: Log;
  /**
   * Receives the spans of each frame that the loop takes, on the track `viewer CAMERA`: encode, send, transfer, decode, wait and
   * show. The span `show` is the time for which the loop uses the frame. The function must return quickly, because it delays the
   * frame. Default: no trace.
   */
  trace?: Trace | null;
}

/**
 * Watches a camera and yields its frames. The next frame is always the newest one, so a slow loop gets fewer frames instead of
 * older frames. Unchanged frames are yielded too. Leaving the loop closes the connection and ends the threads.
 *
 * `address` is `HOST[:PORT][/CAMERA]`, or a link, `slips://KEY@HOST[:PORT][/CAMERA]`, as for `bun run view`. The default port is
 * 10050, and the default camera is the first one.
 *
 * Throws UsageError immediately for an address, key or option that cannot be used. The loop throws ConnectionError if the host is
 * unknown, if it has no such camera, or if the key is missing or refused. With `reconnect: false` it also throws ConnectionError if
 * the host cannot be reached. It throws ProtocolError if the program that answers is not a Slipstream server.
 *
 * @example
 * await using server = await serve({ cameras: [{ name: "door", source: "pattern" }], port: 0 });
 * for await (const frame of watch(`127.0.0.1:${server.port}/door`)) {
 *   console.log(frame.frameNumber, frame.width, frame.height, frame.pixels.length, frame.ageMs);
 *   break;
 * }
 */
export function watch(address: string, options: WatchOptions = {}): AsyncGenerator<WatchedFrame, void, undefined> {
  const { size, workers = Math.min(MOST_WORKERS_BY_DEFAULT, availableParallelism()) } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > MOST_WORKERS) {
    throw new UsageError(`workers must be a whole number from 1 to ${MOST_WORKERS}, not ${workers}`);
  }
  if (size !== undefined && !(isSide(size.width) && isSide(size.height))) {
    throw new UsageError(
      `width and height of size must be whole numbers from 1 to 65535, not ${size.width}x${size.height}`,
    );
  }
  const link = parseLink(address);
  const key = options.key ?? link.key;
  if (key !== null) normalizeKey(key);
  return frames(link.address, accessWith(link.address, link.scheme, key), workers, options);
}

async function* frames(
  address: Address,
  access: ServerAccess,
  workers: number,
  { signal, size, maxPixels, reconnect = true, log = SILENT_LOG, trace = null }: WatchOptions,
): AsyncGenerator<WatchedFrame, void, undefined> {
  const leaving = new AbortController();
  const stopped = signal === undefined ? leaving.signal : AbortSignal.any([signal, leaving.signal]);
  if (stopped.aborted) return;
  const watcher = new Watcher(workers, log, trace);
  const threads = SharedThreads.join(workers, watcher);
  let decoders: Decoders | null = null;
  let running = Promise.resolve();
  try {
    decoders = await threads.ready();
    const subscription = new Subscription(
      { address, connect: connectTcp, access, once: !reconnect, maxPixels, decoders, stopped, log },
      { paused: false, size: size ?? null, keepsSize: false },
      watcher,
    );
    running = watcher.follow(subscription);
    for (let frame = await watcher.next(); frame !== null && !stopped.aborted; frame = await watcher.next())
      yield frame;
  } finally {
    leaving.abort();
    await running;
    watcher.close();
    await threads.leave(watcher, decoders);
  }
}

function isSide(pixels: number): boolean {
  return Number.isInteger(pixels) && pixels >= 1 && pixels <= 65535;
}

/** Connects the loop with the subscription. A frame counts as shown when the loop asks for the next frame. */
class Watcher implements SubscriptionOwner, ThreadUser {
  readonly #threads: number;
  readonly #log: Log;
  readonly #trace: Trace | null;
  /** The name of the track in the trace. */
  #track = "viewer";
  readonly #next = new NextPicture((picture) => this.#drop(picture));
  /** The picture that the loop currently uses. */
  #current: DecodedPicture | null = null;
  #takenAt: Micros = 0;
  /** Whether `#current` was acknowledged. */
  #isAcknowledged = true;
  #subscription: Subscription | null = null;
  /** Wakes the waiting loop. It is null while the loop does not wait. */
  #wake: (() => void) | null = null;
  /** The end of the loop, or null while frames may follow. `error` is the reason, or null for a normal end. */
  #end: { error: unknown } | null = null;

  constructor(threads: number, log: Log, trace: Trace | null) {
    this.#threads = threads;
    this.#log = log;
    this.#trace = trace;
  }

  /** Runs the subscription. The promise resolves when it has ended. After a failure `next` throws the error. */
  async follow(subscription: Subscription): Promise<void> {
    this.#subscription = subscription;
    await subscription.run().then(
      () => this.#endWith(null),
      (error: unknown) => this.#endWith(error),
    );
  }

  /** Acknowledges the loop's frame, and resolves with the next frame, or with null at the end. */
  async next(): Promise<WatchedFrame | null> {
    this.#acknowledge();
    let picture = this.#next.take();
    while (picture === null) {
      if (this.#end !== null) {
        if (this.#end.error !== null) throw this.#end.error;
        return null;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      picture = this.#next.take();
    }
    const older = this.#current;
    this.#current = picture;
    this.#isAcknowledged = false;
    this.#takenAt = nowMicros();
    if (older !== null && older.slot !== picture.slot) this.#release(older);
    return new WatchedFrame(picture);
  }

  /** Releases all pictures. */
  close(): void {
    this.#next.clear();
    this.#current?.slot.release();
    this.#current = null;
  }

  pictureDecoded(picture: DecodedPicture): void {
    this.#next.offer(picture);
    this.#wakeUp();
  }

  frameDropped(frame: ReceivedFrame): void {
    acknowledgeDropped(frame);
  }

  cameraConnected(source: string): void {
    this.#track = `viewer ${source}`;
  }

  framesSkipped(): void {}
  streamChanged(): void {}
  troubleChanged(): void {}

  pump(): void {
    this.#subscription?.pump();
  }

  threadRestarted(reason: string): void {
    this.#log.warning(`a codec thread failed and was restarted: ${reason}`);
  }

  threadsFailed(reason: Error): void {
    this.#endWith(reason);
  }

  #acknowledge(): void {
    const picture = this.#current;
    if (picture === null || this.#isAcknowledged) return;
    this.#isAcknowledged = true;
    const shownAt = nowMicros();
    acknowledgeShown(picture, shownAt - this.#takenAt, this.#threads);
    if (this.#trace !== null) traceFrame(this.#trace, this.#track, picture, { startedAt: this.#takenAt, shownAt });
  }

  #drop(picture: DecodedPicture): void {
    acknowledgeDropped(picture.received);
    if (!picture.isRepeat) this.#release(picture);
  }

  #release(picture: DecodedPicture): void {
    picture.slot.release();
    this.pump(); // The decoders may wait for a slot.
  }

  #endWith(error: unknown): void {
    this.#end ??= { error };
    this.#wakeUp();
  }

  #wakeUp(): void {
    this.#wake?.();
    this.#wake = null;
  }
}
