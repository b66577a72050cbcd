// A sink that records the frames of a source, for tests of sources.

import { Arena } from "../../src/codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../../src/codec/memory/frame-slots.ts";
import { frameBytes, type PixelFormat, type Size } from "../../src/core/pixel-format.ts";
import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { JpegBlock } from "../../src/capture/jpeg-blocks.ts";
import type { Delivery, FrameSink } from "../../src/capture/source.ts";

/** All sinks share one arena. With new memory for each frame, garbage collection would be slower than a live source. */
const ARENA = Arena.create();
const SLOTS_BY_BYTES = new Map<number, FrameSlots>();
/** The number of slots that all sinks together may hold at a time. */
const MOST_SLOTS = 4;

export interface RecordedFrame extends Size {
  format: PixelFormat;
  bytes: Uint8Array;
  capturedAt: number;
}

/** Has `slots` slots. It copies the bytes of each frame and releases its slot at once. */
export class RecordingSink implements FrameSink {
  readonly frames: RecordedFrame[] = [];
  readonly jpegs: Uint8Array[] = [];
  /** The capture time of each JPEG. */
  readonly stamps: number[] = [];
  readonly troubles: (string | null)[] = [];
  lostFrames = 0;
  /** The slots and blocks that the source holds. */
  held = 0;
  slots = 1;

  reserve(format: PixelFormat, { width, height }: Size): FrameSlot | null {
    if (this.held === this.slots) return null;
    this.held++;
    const slotBytes = frameBytes(format, width, height);
    const slots = SLOTS_BY_BYTES.get(slotBytes) ?? new FrameSlots(ARENA, slotBytes, MOST_SLOTS);
    SLOTS_BY_BYTES.set(slotBytes, slots);
    const slot = slots.acquire();
    if (slot === null) throw new Error("sinks have not released their slots");
    const { address, bytes, release } = slot;
    return {
      address,
      bytes,
      release: () => {
        release();
        this.held--;
      },
    };
  }

  pixels(slot: FrameSlot, format: PixelFormat, { width, height }: Size, capturedAt: number): Delivery {
    const bytes = new Uint8Array(slot.bytes.subarray(0, frameBytes(format, width, height)));
    this.frames.push({ width, height, format, bytes, capturedAt });
    slot.release();
    return "taken";
  }

  reserveJpeg(maxBytes: number): JpegBlock | null {
    if (this.held === this.slots) return null;
    this.held++;
    return new JpegBlock(new Uint8Array(PICTURE_HEAD_BYTES + maxBytes), () => this.held--);
  }

  jpeg(block: JpegBlock, jpegBytes: number, capturedAt: number): Delivery {
    this.stamps.push(capturedAt);
    this.jpegs.push(block.bytes.slice(0, jpegBytes));
    block.release();
    return "taken";
  }

  lost(): void {
    this.lostFrames++;
  }

  trouble(text: string | null): void {
    this.troubles.push(text);
  }
}
