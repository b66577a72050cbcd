// One stream of tiles, from bytes to pixels: tiles go to idle codec threads as they arrive (stream-jobs.ts), changed tiles are
// converted when a frame is whole, and then the frame is handed on.
//
// Frames queue up in the order of arrival. Only tiles of the oldest frame are decoded. The tiles of later frames wait, compressed,
// until the planes have been converted for the oldest one, so that no frame shows tiles of another. A whole frame that waits is
// replaced by the next whole one (Newest), so there are at most three frames: one in work, one whole, one that arrives.

import type { Block } from "../../codec/memory/recycled-blocks.ts";
import { nowMicros } from "../../core/clock.ts";
import { ProtocolError } from "../../core/errors.ts";
import { Newest } from "../../core/newest.ts";
import type { Tiles } from "../../protocol/messages.ts";
import type { Arrival, Origin } from "../picture.ts";
import type { DecodedPicture } from "../picture.ts";
import { StreamJobs, type TileResources } from "./stream-jobs.ts";
import type { Work } from "./stream-slots.ts";
import type { TileCanvas } from "./tile-canvas.ts";
import { keepCopy, TileFrame } from "./tile-frame.ts";

export class TileStream {
  readonly canvas: TileCanvas;
  readonly origin: Origin;
  readonly #resources: TileResources;
  /** The oldest frame, whose tiles are decoded; maybe not whole yet. */
  #current: TileFrame | null = null;
  /** The newest whole frame after `#current`. */
  readonly #waiting = new Newest<TileFrame>();
  /** The frame that arrives; it may be `#current`. */
  #arriving: TileFrame | null = null;
  readonly #jobs: StreamJobs;
  /** By tile number: 1 if the tile has arrived. */
  readonly #seen: Uint8Array;
  #unseen: number;
  /** The newest picture that was handed on; null when the planes have changed since. */
  #unchanged: DecodedPicture | null = null;

  /** Throws CodecError when the arena is full. */
  constructor(resources: TileResources, canvas: TileCanvas, origin: Origin) {
    this.#resources = resources;
    this.canvas = canvas;
    this.origin = origin;
    this.#unseen = canvas.info.tiles;
    this.#seen = new Uint8Array(this.#unseen);
    this.#jobs = new StreamJobs(resources, canvas, () => this.pump());
  }

  /** No frame is left, and no thread works on the canvas. */
  get isFinished(): boolean {
    return this.#current === null && this.#jobs.areDone;
  }

  /** Takes a part of a frame. Throws ProtocolError for tiles that the picture does not have, CodecError when the arena is full. */
  offer(part: Tiles, arrival: Arrival): void {
    const { arena, parts } = this.#resources;
    const { numbers } = part.tiles;
    const highest = numbers.at(-1) ?? 0;
    const { tiles } = this.canvas.info;
    if (highest >= tiles) throw new ProtocolError(`Tiles holds tile ${highest} of a picture of ${tiles} tiles`);
    for (let index = 0; index < numbers.length && this.#unseen > 0; index++) {
      const number = numbers[index] as number;
      this.#unseen -= 1 - (this.#seen[number] ?? 1);
      this.#seen[number] = 1;
    }
    if (part.isLast && this.#unseen > 0) {
      throw new ProtocolError(`${this.#unseen} of ${tiles} tiles are missing in the first frame of a stream`);
    }
    const frame = this.#arriving ?? new TileFrame(part, arrival, this.origin, tiles);
    this.#arriving = frame;
    this.#current ??= frame;
    const view = (block: Block) => arena.bytes(block.address, block.bytes);
    const added = frame.add(part, arrival, parts, view);
    if (frame.isWhole) {
      this.#arriving = null;
      if (frame !== this.#current) this.#letWait(frame, this.#current);
    }
    this.pump();
    if (added !== null) keepCopy(added, view);
  }

  /** Gives work to idle threads, and hands on finished frames. Call when a thread or a slot may have become free. */
  pump(): void {
    for (let frame = this.#current; frame !== null && this.#isReady(frame); frame = this.#current) {
      const next = this.#waiting.take() ?? this.#arriving;
      this.#current = next;
      const target = frame.failure === null && frame.isConverting ? this.#jobs.takeTarget() : null;
      const handOn = this.#prepareEnd(frame, target);
      if (next !== null) this.#decode(next); // threads first: showing may take a while
      handOn();
    }
  }

  /** Another stream follows: a whole frame that is being decoded is still shown, all others are dropped. */
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

  /** Is called once, when the stream is retired and finished. */
  close(): void {
    this.#jobs.takeTarget()?.held.release();
  }

  /** Lets a whole frame wait, or takes the place of `current` if no thread has begun with that. The replaced frame's tiles go along. */
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
    this.#drop(replaced, "a newer frame was whole first");
  }

  #drop(frame: TileFrame, reason: string): void {
    this.#resources.events.onDropped(frame.received, "stale", reason);
  }

  /** Whether the oldest frame can be handed on. If not, idle threads have been given its work. */
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
      if (target === null) throw new Error("a frame was converted into no slot");
      const { address, bytes, release: releaseSlot } = target.held;
      const pixels = bytes.subarray(0, width * height * 4);
      const snapshot = this.canvas.snapshot();
      // The pixels and the compressed bytes of a picture are released together.
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
      };
      this.#unchanged = picture;
    }
    return () => events.onDecoded(picture);
  }
}
