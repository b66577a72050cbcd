// The memory of one source: the number of slots, the reuse of JPEG blocks, and the report when the arena is full.

import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/codec/memory/arena.ts";
import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { CaptureSlots } from "../../src/capture/capture-slots.ts";
import { JpegBlocks } from "../../src/capture/jpeg-blocks.ts";

const HD = { width: 1280, height: 720 };

describe("JpegBlock: memory", () => {
  test("JpegBlock: its message is in the arena, with the head before the JPEG", () => {
    const arena = Arena.create();
    const block = new JpegBlocks(arena).acquire(1000);
    expect(block.bytes.buffer).toBe(arena.memory.buffer);
    expect(block.bytes.length).toBeGreaterThanOrEqual(1000);
    block.bytes.set([1, 2, 3]);
    const message = block.message(3);
    expect(message.length).toBe(PICTURE_HEAD_BYTES + 3);
    expect([...message.subarray(PICTURE_HEAD_BYTES)]).toEqual([1, 2, 3]);
  });

  test("JpegBlock: its memory is used again after the last release", () => {
    const blocks = new JpegBlocks(Arena.create());
    const first = blocks.acquire(5000);
    first.retain();
    first.release();
    const second = blocks.acquire(5000);
    expect(second.bytes.byteOffset).not.toBe(first.bytes.byteOffset);
    first.release();
    expect(blocks.acquire(5000).bytes.byteOffset).toBe(first.bytes.byteOffset);
    expect(() => first.release()).toThrow("released more often than retained");
    expect(() => first.retain()).toThrow("retained after its last release");
  });
});

describe("CaptureSlots: memory", () => {
  test("CaptureSlots: a full arena gives null and a reason until there is memory again", () => {
    const reported: [string, string | null][] = [];
    const arena = Arena.create();
    const slots = new CaptureSlots(arena, 1, (use, trouble) => reported.push([use, trouble]));
    const allow = arena.holdGrowth(); // this has the same effect as a full arena
    expect([slots.reserve("rgba", HD), slots.reserveJpeg(500_000)]).toEqual([null, null]);
    const none = expect.stringContaining("not enough memory");
    expect(reported).toEqual([
      ["pixels", none],
      ["jpegs", none],
    ]);
    allow();
    expect(slots.reserveJpeg(500_000)).not.toBeNull();
    const before = arena.take(0);
    expect(slots.reserve("rgba", HD)).toBeNull(); // a size that failed is not tried again with each frame
    expect(arena.take(0)).toBe(before);
    expect(slots.reserve("gray", { width: 64, height: 48 })?.bytes.length).toBe(64 * 48);
    expect(reported.slice(2)).toEqual([
      ["jpegs", null],
      ["pixels", none],
      ["pixels", null],
    ]);
  });

  test("CaptureSlots: has three slots more than the encoders can hold, and reuses released slots", () => {
    const slots = new CaptureSlots(Arena.create(), 2, () => undefined);
    const taken = Array.from({ length: 5 }, () => slots.reserve("gray", HD));
    expect(taken).not.toContain(null);
    expect(slots.reserve("gray", HD)).toBeNull();
    taken[2]?.release();
    expect(slots.reserve("gray", HD)?.address).toBe(taken[2]?.address as number);
  });
});

test("CaptureSlots: know whether a slot or block is in use, and reserve nothing after their end", () => {
  const slots = new CaptureSlots(Arena.create(), 1, () => undefined);
  const small = slots.reserve("gray", { width: 64, height: 64 });
  const large = slots.reserve("gray", HD); // the smaller slots are not used any more
  const block = slots.reserveJpeg(100);
  slots.end();
  expect([slots.reserve("gray", HD), slots.reserveJpeg(100)]).toEqual([null, null]);
  for (const held of [large, block, small]) {
    expect(slots.areInUse).toBe(true);
    held?.release();
  }
  expect(slots.areInUse).toBe(false);
});
