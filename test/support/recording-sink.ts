// A sink that keeps what a source delivers, for the tests of sources.

import { Arena } from "../../src/codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../../src/codec/memory/frame-slots.ts";
import { frameBytes, type PixelFormat, type Size } from "../../src/core/pixel-format.ts";
import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { JpegBlock } from "../../src/capture/jpeg-blocks.ts";
import type { Delivery, FrameSink } from "../../src/capture/source.ts";

/** One for all sinks: with one a frame the engine collects garbage all the time, and a live source is never caught up with. */
const ARENA = Arena.create();
const SLOTS_BY_BYTES = new Map<number, FrameSlots>();
/** At a time, of all sinks together. */
const MOST_SLOTS = 4;

export interface RecordedFrame extends Size {
  format: PixelFormat;
  bytes: Uint8Array;
  capturedAt: number;
}

/** Has as many slots as it is told; a frame's bytes are copied out and its slot given back at once. */
export class RecordingSink implements FrameSink {
  readonly frames: RecordedFrame[] = [];
  readonly jpegs: Uint8Array[] = [];
  readonly troubles: (string | null)[] = [];
  lostFrames = 0;
  /** Slots in the source's hands. */
  held = 0;
  slots = 1;

  reserve(format: PixelFormat, { width, height }: Size): FrameSlot | null {
    if (this.held === this.slots) return null;
    this.held++;
    const slotBytes = frameBytes(format, width, height);
    const slots = SLOTS_BY_BYTES.get(slotBytes) ?? new FrameSlots(ARENA, slotBytes, MOST_SLOTS);
    SLOTS_BY_BYTES.set(slotBytes, slots);
    const slot = slots.acquire();
    if (slot === null) throw new Error("slots of sinks were not given back");
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

  reserveJpeg(mostBytes: number): JpegBlock | null {
    if (this.held === this.slots) return null;
    this.held++;
    return new JpegBlock(new Uint8Array(PICTURE_HEAD_BYTES + mostBytes), () => this.held--);
  }

  jpeg(slot: JpegBlock, jpegBytes: number): Delivery {
    this.jpegs.push(slot.bytes.slice(0, jpegBytes));
    slot.release();
    return "taken";
  }

  lost(): void {
    this.lostFrames++;
  }

  trouble(text: string | null): void {
    this.troubles.push(text);
  }
}
