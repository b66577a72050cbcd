// Frame slots: their number is fixed, none has two users, and none is released twice.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Arena } from "../../../src/codec/memory/arena.ts";
import { type FrameSlot, FrameSlots } from "../../../src/codec/memory/frame-slots.ts";

describe("FrameSlots: acquire and release", () => {
  test("acquire returns each slot once, then null, and released slots again", () => {
    const pool = new FrameSlots(Arena.create(), 10, 3);
    const slots = [pool.acquire(), pool.acquire(), pool.acquire()];
    expect(slots).not.toContain(null);
    expect(pool.acquire()).toBeNull();
    expect(pool.acquire()).toBeNull();
    slots[1]?.release();
    expect(pool.acquire()?.bytes.byteOffset).toBe(slots[1]?.bytes.byteOffset);
    expect(pool.acquire()).toBeNull();
  });

  test("slots are in shared memory, have the requested size and do not overlap", () => {
    const pool = new FrameSlots(Arena.create(), 1000, 4);
    expect(pool.slotBytes).toBe(1000);
    const slots = Array.from({ length: 4 }, () => pool.acquire() as FrameSlot);
    for (const [index, slot] of slots.entries()) {
      expect(slot.bytes.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(slot.bytes.length).toBe(1000);
      slot.bytes.fill(index + 1);
    }
    for (const [index, slot] of slots.entries()) expect(slot.bytes.every((byte) => byte === index + 1)).toBe(true);
  });

  test("a second release throws, even if the slot holds another frame by then", () => {
    const pool = new FrameSlots(Arena.create(), 4, 1);
    const first = pool.acquire() as FrameSlot;
    first.release();
    expect(() => first.release()).toThrow("released twice");
    const second = pool.acquire() as FrameSlot;
    expect(() => first.release()).toThrow("released twice");
    expect(pool.acquire()).toBeNull();
    second.release();
    expect(pool.acquire()).not.toBeNull();
  });

  test("slots are counted right in any order of acquire and release", () => {
    const choice = fc.oneof(fc.constant("acquire" as const), fc.nat(9));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(choice, { maxLength: 60 }), (count, choices) => {
        const pool = new FrameSlots(Arena.create(), 8, count);
        const held: FrameSlot[] = [];
        for (const each of choices) {
          if (each === "acquire") {
            const slot = pool.acquire();
            expect(slot === null).toBe(held.length === count);
            if (slot !== null) held.push(slot);
          } else {
            held.splice(each % Math.max(1, held.length), 1)[0]?.release();
          }
          const places = held.map((slot) => slot.bytes.byteOffset);
          expect(new Set(places).size).toBe(places.length);
          expect(places.every((place) => place % 64 === 0)).toBe(true);
        }
      }),
    );
  });

  test("a worker thread reads the pixels of a slot without a message", async () => {
    const pool = new FrameSlots(Arena.create(), 8, 1);
    const slot = pool.acquire() as FrameSlot;
    const worker = new Worker(
      `data:text/javascript,${encodeURIComponent("onmessage = ({ data }) => { data[0] += data[1]; postMessage('done'); };")}`,
    );
    slot.bytes.set([1, 41]);
    const done = new Promise((resolve) => worker.addEventListener("message", resolve, { once: true }));
    worker.postMessage(slot.bytes);
    await done;
    worker.terminate();
    expect(slot.bytes[0]).toBe(42);
  });
});
