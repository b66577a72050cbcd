// Room for what a source captures: how much there is, who holds it, and what is said where memory ends.

import { describe, expect, test } from "bun:test";
import { Arena } from "../../src/codec/memory/arena.ts";
import { PICTURE_HEAD_BYTES } from "../../src/protocol/messages.ts";
import { CaptureRoom } from "../../src/capture/capture-slots.ts";
import { JpegSlots } from "../../src/capture/jpeg-slots.ts";

const HD = { width: 1280, height: 720 };

describe("JPEGs", () => {
  test("lie in the arena behind room for the head, and whoever has the message has them", () => {
    const arena = Arena.create();
    const slot = new JpegSlots(arena).take(1000);
    expect(slot.bytes.buffer).toBe(arena.memory.buffer);
    expect(slot.bytes.length).toBeGreaterThanOrEqual(1000);
    slot.bytes.set([1, 2, 3]);
    const message = slot.message(3);
    expect(message.length).toBe(PICTURE_HEAD_BYTES + 3);
    expect([...message.subarray(PICTURE_HEAD_BYTES)]).toEqual([1, 2, 3]);
  });

  test("their room is used again when the last who holds it has released it, and not before", () => {
    const slots = new JpegSlots(Arena.create());
    const first = slots.take(5000);
    first.hold();
    first.release();
    const second = slots.take(5000);
    expect(second.bytes.byteOffset).not.toBe(first.bytes.byteOffset);
    first.release();
    expect(slots.take(5000).bytes.byteOffset).toBe(first.bytes.byteOffset);
    expect(() => first.release()).toThrow("more often than held");
    expect(() => first.hold()).toThrow("after it had been given back");
  });
});

test("where memory ends it is said why, nothing is thrown, and all is well again when it is", () => {
  const said: [string, string | null][] = [];
  const arena = Arena.create();
  const room = new CaptureRoom(arena, 1, (what, trouble) => said.push([what, trouble]));
  const allow = arena.holdGrowth(); // as good as the end of memory
  expect([room.reserve("rgba", HD), room.reserveJpeg(500_000)]).toEqual([null, null]);
  const none = expect.stringContaining("no memory");
  expect(said).toEqual([
    ["pixels", none],
    ["jpegs", none],
  ]);
  allow();
  expect(room.reserveJpeg(500_000)).not.toBeNull();
  const before = arena.take(0);
  expect(room.reserve("rgba", HD)).toBeNull(); // what was too large once is not tried at each frame
  expect(arena.take(0)).toBe(before);
  expect(room.reserve("gray", { width: 64, height: 48 })?.bytes.length).toBe(64 * 48);
  expect(said.slice(2)).toEqual([
    ["jpegs", null],
    ["pixels", none],
    ["pixels", null],
  ]);
});

test("pixels have as many slots as the encoders hold and three more, and one is free again when it is released", () => {
  const room = new CaptureRoom(Arena.create(), 2, () => undefined);
  const slots = Array.from({ length: 5 }, () => room.reserve("gray", HD));
  expect(slots).not.toContain(null);
  expect(room.reserve("gray", HD)).toBeNull();
  slots[2]?.release();
  expect(room.reserve("gray", HD)?.address).toBe(slots[2]?.address as number);
});
