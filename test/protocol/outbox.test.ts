// The outbox: each byte is written once and in order, however many bytes the transport takes at a time, and `idle` resolves when all are written.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Outbox } from "../../src/protocol/outbox.ts";

/** Takes the given number of bytes at each call, and everything after the last of them. −1 means that the connection is gone. */
class PartialTransport {
  readonly taken: number[] = [];
  readonly #limits: number[];
  calls = 0;
  bufferedBytes = 0;

  constructor(limits: readonly number[]) {
    this.#limits = [...limits];
  }

  write = (bytes: Uint8Array): number => {
    this.calls++;
    const limit = this.#limits.shift() ?? Number.POSITIVE_INFINITY;
    if (limit < 0) return -1;
    const count = Math.min(limit, bytes.length);
    this.taken.push(...bytes.subarray(0, count));
    return count;
  };
}

const message = fc.uint8Array({ minLength: 1, maxLength: 30 });
/** An event of an outbox: a message is sent, or the transport has drained. */
const step = fc.oneof(message, fc.constant("drain" as const));
/** Messages around the largest size that waits for others. */
const anySize = fc.oneof(
  message,
  fc.integer({ min: 1, max: 5_000 }).map((length) => new Uint8Array(length).fill(length)),
);

describe("Outbox: sending", () => {
  test("Outbox: sends every byte once and in order whatever part of them a write takes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.array(fc.nat(20), { maxLength: 60 }), (steps, limits) => {
        const transport = new PartialTransport(limits);
        const outbox = new Outbox(transport);
        const sent: number[] = [];
        for (const each of steps) {
          if (each === "drain") {
            outbox.drain();
          } else {
            sent.push(...each);
            const memory = each.slice();
            outbox.send(memory);
            memory.fill(0xee); // the caller reuses its memory
          }
          expect(transport.taken).toEqual(sent.slice(0, transport.taken.length));
          if (outbox.idle) expect(transport.taken).toEqual(sent);
          else expect(transport.taken.length).toBeLessThan(sent.length);
        }
        while (!outbox.idle) outbox.drain();
        expect(transport.taken).toEqual(sent);
      }),
      { numRuns: 300 },
    );
  });

  test("Outbox: does not write to a full transport until it drains", () => {
    const transport = new PartialTransport([2]);
    const outbox = new Outbox(transport);
    outbox.send(new Uint8Array([1, 2, 3]));
    outbox.send(new Uint8Array([4]));
    expect(outbox.idle).toBe(false);
    expect(transport.calls).toBe(1);
    outbox.drain();
    expect(outbox.idle).toBe(true);
    expect(transport.taken).toEqual([1, 2, 3, 4]);
  });

  test("Outbox: when a drain fills the transport again, the rest keeps its order", () => {
    const transport = new PartialTransport([0, 1, 0, 2]);
    const outbox = new Outbox(transport);
    for (const bytes of [[1, 2], [3], [4, 5]]) outbox.send(new Uint8Array(bytes));
    outbox.drain();
    expect(transport.taken).toEqual([1]);
    outbox.drain();
    expect(transport.taken).toEqual([1]);
    outbox.drain();
    expect(transport.taken).toEqual([1, 2, 3, 4, 5]);
    expect(outbox.idle).toBe(true);
  });

  test("Outbox: hands bytes over without a copy when the transport takes them", () => {
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

  test("Outbox: is idle at first, and a drain with nothing waiting writes nothing", () => {
    const transport = new PartialTransport([]);
    const outbox = new Outbox(transport);
    expect(outbox.idle).toBe(true);
    outbox.drain();
    expect(transport.calls).toBe(0);
  });
});

describe("Outbox: end of the transport", () => {
  test("Outbox: never writes again to a transport that is gone", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 20 }), fc.array(fc.nat(5), { maxLength: 8 }), (steps, limits) => {
        const transport = new PartialTransport([...limits, -1]);
        const outbox = new Outbox(transport);
        for (const each of [...steps, new Uint8Array([1]), new Uint8Array([2]), ...Array(200).fill("drain" as const)]) {
          if (each === "drain") outbox.drain();
          else outbox.send(each);
        }
        expect(transport.calls).toBeLessThanOrEqual(limits.length + 1);
        if (transport.calls === limits.length + 1) {
          outbox.send(new Uint8Array([9]));
          outbox.drain();
          expect(transport.calls).toBe(limits.length + 1);
          expect(outbox.idle).toBe(true);
        }
      }),
    );
  });

  test("Outbox: drops waiting messages when the transport is gone", () => {
    const transport = new PartialTransport([0, -1]);
    const outbox = new Outbox(transport);
    outbox.send(new Uint8Array([1]));
    outbox.send(new Uint8Array([2]));
    outbox.drain();
    outbox.drain();
    outbox.send(new Uint8Array([3]));
    expect(transport.calls).toBe(2);
    expect(transport.taken).toEqual([]);
    expect(outbox.idle).toBe(true);
  });

  test("Outbox: close drops waiting messages, and later ones are not sent", () => {
    const transport = new PartialTransport([1]);
    const outbox = new Outbox(transport);
    outbox.send(new Uint8Array([1, 2, 3]));
    outbox.close();
    outbox.drain();
    outbox.send(new Uint8Array([4]));
    expect(transport.taken).toEqual([1]);
    expect(outbox.idle).toBe(true);
  });
});

test("Outbox: counts waiting messages", () => {
  let capacity = 0;
  const outbox = new Outbox({ write: (bytes) => Math.min(capacity, bytes.length), bufferedBytes: 0 });
  for (let sent = 1; sent <= 5; sent++) {
    outbox.send(new Uint8Array(3));
    expect(outbox.waiting).toBe(sent);
  }
  capacity = 3;
  outbox.drain();
  expect(outbox.waiting).toBe(0);
});

describe("Outbox: a transport with a queue of its own", () => {
  test("Outbox: is not idle while the transport's queue is not empty", () => {
    const transport = new PartialTransport([]);
    const outbox = new Outbox(transport);
    outbox.send(new Uint8Array([1]));
    transport.bufferedBytes = 1;
    expect(outbox.idle).toBe(false);
    transport.bufferedBytes = 0;
    expect(outbox.idle).toBe(true);
  });

  test("Outbox: adds small messages to the transport's queue up to 64 KiB, then keeps them", () => {
    const transport = new PartialTransport([]);
    const outbox = new Outbox(transport);
    transport.bufferedBytes = 64 * 1024 - 1;
    outbox.send(new Uint8Array([1]));
    transport.bufferedBytes = 64 * 1024;
    outbox.send(new Uint8Array([2]));
    outbox.send(new Uint8Array([3]));
    outbox.drain();
    expect(transport.taken).toEqual([1]);
    expect(outbox.waiting).toBe(2);
    transport.bufferedBytes = 0;
    outbox.drain();
    expect(transport.taken).toEqual([1, 2, 3]);
  });
});

test("Outbox: keeps any number of messages that a transport does not accept, in their order", () => {
  const taken: number[] = [];
  let isOpen = false;
  const outbox = new Outbox({
    bufferedBytes: 0,
    write: (bytes) => {
      if (isOpen) taken.push(bytes[0] as number);
      return isOpen ? bytes.length : 0;
    },
  });
  const count = 300_000; // more than the arguments that a call may have
  for (let index = 0; index < count; index++) outbox.send(Uint8Array.of(index & 255));
  outbox.drain();
  expect([outbox.waiting, outbox.waitingBytes]).toEqual([count, count]);
  isOpen = true;
  outbox.drain();
  expect(outbox.idle).toBe(true);
  expect(taken.length).toBe(count);
  expect(taken.every((byte, index) => byte === (index & 255))).toBe(true);
});

describe("Outbox: messages that are sent together", () => {
  test("Outbox: small messages that are sent together need one write", () => {
    const transport = new PartialTransport([]);
    const outbox = new Outbox(transport);
    outbox.together(() => {
      outbox.send(new Uint8Array([1, 2]));
      outbox.together(() => outbox.send(new Uint8Array([3])));
      expect([transport.calls, outbox.idle]).toEqual([0, true]);
    });
    expect([transport.calls, transport.taken]).toEqual([1, [1, 2, 3]]);
    outbox.send(new Uint8Array([4]));
    expect([transport.calls, outbox.acceptedBytes]).toEqual([2, 4]);
  });

  test("Outbox: sends every byte once and in order, whatever is sent together and whatever part a write takes", () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(anySize, { maxLength: 8 }), { maxLength: 6 }),
        fc.array(fc.nat(3_000), { maxLength: 20 }),
        (groups, limits) => {
          const transport = new PartialTransport(limits);
          const outbox = new Outbox(transport);
          for (const group of groups) {
            outbox.together(() => {
              for (const each of group) {
                const memory = each.slice();
                outbox.send(memory);
                memory.fill(0xee); // the caller reuses its memory
              }
            });
            outbox.drain();
          }
          while (!outbox.idle) outbox.drain();
          expect(transport.taken).toEqual(groups.flat().flatMap((each) => [...each]));
        },
      ),
      { numRuns: 200 },
    );
  });

  test("Outbox: messages are written when the sender fails, and not after close", () => {
    const transport = new PartialTransport([]);
    const outbox = new Outbox(transport);
    const failing = () => {
      outbox.send(new Uint8Array([1]));
      throw new Error("a failure");
    };
    expect(() => outbox.together(failing)).toThrow("a failure");
    outbox.together(() => {
      outbox.send(new Uint8Array([2]));
      outbox.close();
    });
    expect(transport.taken).toEqual([1]);
  });
});
