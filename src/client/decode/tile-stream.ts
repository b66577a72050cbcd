// Decodes one stream of tiles. When tiles arrive, this thread decodes them itself if they are few, and else they go to idle
// codec threads (stream-jobs.ts). When a frame is complete, its
// changed tiles are converted to pixels, and the frame is passed on.
//
// Frames wait in the order of arrival. Only tiles of the oldest frame are decoded. The compressed tiles of later frames wait
// until the planes have been converted for the oldest frame, so that no frame shows tiles of another frame. The next complete
// frame replaces a waiting one (Newest). So there are at most three frames: one in work, one complete, and one that is arriving.

import type { Block } from "../../codec/memory/recycled-blocks.ts";
import { nowMicros } from "../../core/clock.ts";
import { Newest } from "../../core/newest.ts";
import type { Tiles } from "../../protocol/messages.ts";
import { TileCheck } from "../../protocol/tile-check.ts";
import type { Arrival, Origin } from "../../protocol/origin.ts";
import type { DecodedPicture } from "../picture.ts";
import { StreamJobs, type TileResources } from "./stream-jobs.ts";
import type { Work } from "./stream-slots.ts";
import type { TileCanvas } from "./tile-canvas.ts";
import { keepCopy, TileFrame } from "./tile-frame.ts";

export class TileStream {
  readonly canvas: TileCanvas;
  readonly origin: Origin;
  readonly #resources: TileResources;
  /** The oldest frame. Its tiles are being decoded, and some of them may not have arrived yet. */
  #current: TileFrame | null = null;
  /** The newest complete frame after `#current`. */
  readonly #waiting = new Newest<TileFrame>();
  /** The frame that is arriving. It may be `#current`. */
  #arriving: TileFrame | null = null;
  readonly #jobs: StreamJobs;
  readonly #check: TileCheck;
  /** The newest picture that was passed on, or null when the planes have changed after it. */
  #unchanged: DecodedPicture | null = null;

  /** Creates a stream. Throws CodecError when the arena is full. */
  constructor(resources: TileResources, canvas: TileCanvas, origin: Origin) {
    this.#resources = resources;
    this.canvas = canvas;
    this.origin = origin;
    const { tiles, tileMcus, mcuWidth, mcuHeight } = canvas.info;
    this.#check = new TileCheck(tiles, tileMcus * mcuWidth * mcuHeight);
    this.#jobs = new StreamJobs(resources, canvas, () => this.pump());
  }

  /** Whether no frame is left and no thread works on the canvas. */
  get isFinished(): boolean {
    return this.#current === null && this.#jobs.areDone;
  }

  /**
   * Takes a part of a frame. Throws ProtocolError for tile numbers outside the picture, and CodecError when the arena is full.
   */
  offer(part: Tiles, arrival: Arrival): void {
    const { arena, parts } = this.#resources;
    this.#check.take(part);
    const frame = this.#arriving ?? new TileFrame(part, arrival, this.origin, this.canvas.info.tiles);
    this.#arriving = frame;
    this.#current ??= frame;
    const view = (block: Block) => arena.bytes(block.address, block.bytes);
    const added = frame.add(part, arrival, parts, view);
    if (frame.isWhole) {
      this.#arriving = null;
      if (frame !== this.#current) this.#letWait(frame, this.#current);
    }
    // Tiles that this thread decodes itself are handed on during the call of `pump`. Threads take longer than the copying.
    const isCopiedFirst = added !== null && this.#jobs.isOwnWork(frame);
    if (isCopiedFirst) keepCopy(added, view);
    this.pump();
    if (added !== null && !isCopiedFirst) keepCopy(added, view);
  }

  /** Gives work to idle threads and passes on finished frames. Call it when a thread or a slot may have become free. */
  pump(): void {
    for (let frame = this.#current; frame !== null && this.#isReady(frame); frame = this.#current) {
      const next = this.#waiting.take() ?? this.#arriving;
      this.#current = next;
      const target = frame.failure === null && frame.isConverting ? this.#jobs.takeTarget() : null;
      const handOn = this.#prepareEnd(frame, target);
      // Threads get their next work before the picture is passed on, because showing it may take some time.
      if (next !== null) this.#decode(next);
      handOn();
    }
  }

  /**
   * Ends the stream because another one follows. A complete frame that is being decoded is still shown, and other frames are
   * dropped.
   */
  retire(): void {
    const current = this.#current;
    const isKept = current?.isWhole && current.hasBegun;
    const waiting = this.#waiting.clear();
    const arriving = this.#arriving;
    this.#arriving = null;
    if (!isKept) this.#current = null;
    if (current !== null && !isKept) this.#giveUp(current);
    if (waiting !== null) this.#giveUp(waiting);
    if (arriving !== null && arriving !== current) this.#giveUp(arriving);
  }

  #giveUp(frame: TileFrame): void {
    frame.abandon(this.#resources.parts);
    if (frame.isWhole) this.#drop(frame, "another stream came first");
  }

  /** Releases all memory. The owner calls this once, when the stream has ended and its last frame is finished. */
  close(): void {
    this.#jobs.takeTarget()?.held.release();
  }

  /**
   * Makes a complete frame wait, or replaces `#current` if no thread has begun with it. The new frame takes the replaced frame's
   * tiles.
   */
  #letWait(frame: TileFrame, current: TileFrame): void {
    let replaced = this.#waiting.clear();
    if (replaced === null && !current.hasBegun) {
      replaced = current;
      this.#current = frame;
    } else {
      this.#waiting.offer(frame);
    }
    if (replaced === null) return;
    frame.inherit(replaced, this.#resources.parts);
    this.#drop(replaced, "a newer frame was complete first");
  }

  #drop(frame: TileFrame, reason: string): void {
    this.#resources.events.onDropped(frame.received, "stale", reason);
  }

  /** Returns whether the oldest frame can be passed on. If not, idle threads are given its work. */
  #isReady(frame: TileFrame): boolean {
    this.#decode(frame);
    if (!frame.isWhole || frame.pendingCount > 0 || !this.#jobs.areDone) return false;
    if (frame.failure !== null || frame.isConverting || this.#unchanged !== null) return true;
    this.#jobs.convert(frame);
    return frame.failure !== null || (frame.isConverting && this.#jobs.areDone);
  }

  /** Gives the tiles of a frame to idle threads. */
  #decode(frame: TileFrame): void {
    frame.firstAt ??= nowMicros();
    if (this.#jobs.decode(frame)) this.#unchanged = null;
  }

  #prepareEnd(frame: TileFrame, target: Work | null): () => void {
    const { events } = this.#resources;
    const { received, failure } = frame;
    if (failure !== null) return () => events.onDropped(received, "decode", failure);
    const { width, height } = this.canvas.info;
    const decodedAt = nowMicros();
    const workMicros = decodedAt - Math.max(received.lastByteAt, frame.firstAt ?? 0);
    const { busyMicros } = frame;
    const isDamaged = frame.isDamaged || this.#jobs.hasLostTiles;
    const facts = { received, isDamaged, workMicros, busyMicros, decodedAt };
    let picture: DecodedPicture;
    if (this.#unchanged !== null) {
      picture = { ...this.#unchanged, ...facts, isRepeat: true };
    } else {
      if (target === null) throw new Error("a frame was converted without a slot");
      const { address, bytes, release: releaseSlot } = target.held;
      const pixels = bytes.subarray(0, width * height * 4);
      const snapshot = this.canvas.snapshot();
      // The pixels and the compressed bytes of a picture are released at the same time.
      const release = () => {
        releaseSlot();
        snapshot.release();
      };
      picture = {
        width,
        height,
        ...facts,
        slot: { address, bytes, release },
        isRepeat: false,
        pixels,
        jpeg: snapshot.jpeg,
        changedSince: (shown) => this.#jobs.changedSince(shown),
      };
      this.#unchanged = picture;
    }
    return () => events.onDecoded(picture);
  }
}
