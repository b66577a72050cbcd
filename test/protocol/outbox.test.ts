// The outbox: whatever the kernel takes at a time, the bytes leave exactly once and in order; and it knows when it is done.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outbox } from "../../src/protocol/outbox.ts";

/** A socket that takes as many bytes as it is told to, call by call, and everything when it was told nothing more. */
class MoodySocket {
  readonly taken: number[] = [];
  readonly #moods: number[];
  calls = 0;

  constructor(moods: readonly number[]) {
    this.#moods = [...moods];
  }

  write = (bytes: Uint8Array): number => {
    this.calls++;
    const mood = this.#moods.shift() ?? Number.POSITIVE_INFINITY;
    if (mood < 0) return -1;
    const count = Math.min(mood, bytes.length);
    this.taken.push(...bytes.subarray(0, count));
    return count;
  };
}

const message = fc.uint8Array({ minLength: 1, maxLength: 30 });
/** What happens to an outbox: a message is sent, or the socket says that it has room. */
const step = fc.oneof(message, fc.constant("drain" as const));

describe("Outbox", () => {
  test("sends every byte once, in order, through any partial writes and drains", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(fc.nat(20), { maxLength: 60 }), (steps, moods) => {
        const socket = new MoodySocket(moods);
        const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
        const sent: number[] = [];
        for (const each of steps) {
          if (each === "drain") {
            outbox.drain();
          } else {
            sent.push(...each);
            const room = each.slice();
            outbox.send(room);
            room.fill(0xee); // it is used for something else now
          }
          expect(socket.taken).toEqual(sent.slice(0, socket.taken.length));
          if (outbox.idle) expect(socket.taken).toEqual(sent);
          else expect(socket.taken.length).toBeLessThan(sent.length);
        }
        while (!outbox.idle) outbox.drain();
        expect(socket.taken).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });

  test("leaves a socket alone that is full, until it drains", () => {
    const socket = new MoodySocket([2]);
    const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
    outbox.send(new Uint8Array([1, 2, 3]));
    outbox.send(new Uint8Array([4]));
    expect(outbox.idle).toBe(false);
    expect(socket.calls).toBe(1);
    outbox.drain();
    expect(outbox.idle).toBe(true);
    expect(socket.taken).toEqual([1, 2, 3, 4]);
  });

  test("a drain that meets a full socket again keeps the rest in order", () => {
    const socket = new MoodySocket([0, 1, 0, 2]);
    const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
    for (const bytes of [[1, 2], [3], [4, 5]]) outbox.send(new Uint8Array(bytes));
    outbox.drain();
    expect(socket.taken).toEqual([1]);
    outbox.drain();
    expect(socket.taken).toEqual([1]);
    outbox.drain();
    expect(socket.taken).toEqual([1, 2, 3, 4, 5]);
    expect(outbox.idle).toBe(true);
  });

  test("does not copy: a socket with room is given the very bytes", () => {
    const given: Uint8Array[] = [];
    const write = (bytes: Uint8Array) => {
      given.push(bytes);
      return bytes.length;
    };
    const outbox = new Outbox({ write, bufferedBytes: 0 });
    const bytes = new Uint8Array(1000);
    outbox.send(bytes);
    expect(given[0]).toBe(bytes);
  });

  test("is idle from the start, and a drain of nothing writes nothing", () => {
    const socket = new MoodySocket([]);
    const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
    expect(outbox.idle).toBe(true);
    outbox.drain();
    expect(socket.calls).toBe(0);
  });
});

describe("the end", () => {
  test("a socket that says -1 is never written to again, whenever it says so", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.nat(5), { maxLength: 8 }), (steps, moods) => {
        const socket = new MoodySocket([...moods, -1]);
        const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
        for (const each of [...steps, new Uint8Array([1]), new Uint8Array([2]), ...Array(200).fill("drain" as const)]) {
          if (each === "drain") outbox.drain();
          else outbox.send(each);
        }
        expect(socket.calls).toBeLessThanOrEqual(moods.length + 1);
        if (socket.calls === moods.length + 1) {
          outbox.send(new Uint8Array([9]));
          outbox.drain();
          expect(socket.calls).toBe(moods.length + 1);
          expect(outbox.idle).toBe(true);
        }
      }),
    );
  });

  test("after -1 what waited is forgotten", () => {
    const socket = new MoodySocket([0, -1]);
    const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
    outbox.send(new Uint8Array([1]));
    outbox.send(new Uint8Array([2]));
    outbox.drain();
    outbox.drain();
    outbox.send(new Uint8Array([3]));
    expect(socket.calls).toBe(2);
    expect(socket.taken).toEqual([]);
    expect(outbox.idle).toBe(true);
  });

  test("close forgets what waits and sends nothing more", () => {
    const socket = new MoodySocket([1]);
    const outbox = new Outbox({ write: socket.write, bufferedBytes: 0 });
    outbox.send(new Uint8Array([1, 2, 3]));
    outbox.close();
    outbox.drain();
    outbox.send(new Uint8Array([4]));
    expect(socket.taken).toEqual([1]);
    expect(outbox.idle).toBe(true);
  });
});

test("counts what waits: all that is sent while the kernel takes nothing, none once it has taken it", () => {
  let room = 0;
  const outbox = new Outbox({ write: (bytes) => Math.min(room, bytes.length), bufferedBytes: 0 });
  for (let sent = 1; sent <= 5; sent++) {
    outbox.send(new Uint8Array(3));
    expect(outbox.waiting).toBe(sent);
  }
  room = 3;
  outbox.drain();
  expect(outbox.waiting).toBe(0);
});
