// The splitter: any division of a byte stream into chunks gives the same messages, and each length is checked before memory is allocated.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { nowMicros } from "../../src/core/clock.ts";
import { ProtocolError } from "../../src/core/errors.ts";
import { MessageSplitter } from "../../src/protocol/splitter.ts";

interface Message {
  type: number;
  body: Uint8Array;
}

const message: fc.Arbitrary<Message> = fc.record({
  type: fc.integer({ min: 0, max: 255 }),
  body: fc.uint8Array({ maxLength: 60 }),
});

function framed({ type, body }: Message): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32LE(body.length + 1, 0);
  head[4] = type;
  return Buffer.concat([head, body]);
}

const stream = (messages: readonly Message[]): Uint8Array => Buffer.concat(messages.map(framed));

/** The stream, divided at these offsets. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const edges = [0, ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((edge, index) => bytes.slice(edges[index], edge));
}

/** A splitter that copies each message that it delivers. */
function keeping(limit: number): { splitter: MessageSplitter; got: Message[] } {
  const got: Message[] = [];
  const splitter = new MessageSplitter(limit, (type, body) => got.push({ type, body: new Uint8Array(body) }));
  return { splitter, got };
}

describe("MessageSplitter: messages", () => {
  test("MessageSplitter: gives the same messages for all chunk sizes", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 12 }),
        fc.array(fc.nat(800), { maxLength: 30 }),
        (messages, places) => {
          const { splitter, got } = keeping(61);
          for (const chunk of cut(stream(messages), places)) splitter.feed(chunk);
          expect(got).toEqual(messages);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("MessageSplitter: delivers a message as soon as its last byte has come", () => {
    const messages = [
      { type: 1, body: new Uint8Array([1, 2, 3]) },
      { type: 200, body: new Uint8Array() },
      { type: 0, body: new Uint8Array([255]) },
    ];
    const { splitter, got } = keeping(10);
    const counts: number[] = [];
    for (const byte of stream(messages)) {
      splitter.feed(new Uint8Array([byte]));
      counts.push(got.length);
    }
    expect(got).toEqual(messages);
    expect(counts).toEqual([0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3]);
  });

  test("MessageSplitter: does not copy a message that is complete within a chunk, unless it is small", () => {
    const chunk = stream([100, 64, 64].map((length) => ({ type: 5, body: new Uint8Array(length).fill(length) })));
    const bodies: Uint8Array[] = [];
    new MessageSplitter(200, (_, body) => bodies.push(body)).feed(chunk);
    const [large, small, next] = bodies as [Uint8Array, Uint8Array, Uint8Array];
    expect(large).toEqual(new Uint8Array(100).fill(100));
    expect(large.buffer).toBe(chunk.buffer);
    expect(small).toEqual(new Uint8Array(64).fill(64));
    expect(small.buffer).not.toBe(chunk.buffer);
    expect(next).toBe(small);
  });

  test("MessageSplitter: keeps a partial message when its chunk is overwritten", () => {
    const { splitter, got } = keeping(100);
    const body = Uint8Array.from({ length: 50 }, (_, i) => i);
    const socketBuffer = new Uint8Array(20);
    const bytes = stream([{ type: 5, body }]);
    for (let at = 0; at < bytes.length; at += 20) {
      const part = bytes.subarray(at, at + 20);
      socketBuffer.set(part);
      splitter.feed(socketBuffer.subarray(0, part.length));
      socketBuffer.fill(0xee);
    }
    expect(got).toEqual([{ type: 5, body }]);
  });

  test("MessageSplitter: startedAt is the time at which the first byte of a message came", async () => {
    const begun: number[] = [];
    const splitter = new MessageSplitter(100, (_type, _body, startedAt) => begun.push(startedAt));
    const bytes = framed({ type: 1, body: new Uint8Array(10) });
    const before = nowMicros();
    splitter.feed(bytes.subarray(0, 1));
    const after = nowMicros();
    await Bun.sleep(5);
    splitter.feed(bytes.subarray(1, 8));
    splitter.feed(bytes.subarray(8));
    splitter.feed(bytes);
    expect(begun[0]).toBeGreaterThanOrEqual(before);
    expect(begun[0]).toBeLessThanOrEqual(after);
    expect(begun[1]).toBeGreaterThan(after);
  });
});

describe("MessageSplitter: lengths", () => {
  test("MessageSplitter: refuses a length of 0 or above the limit as soon as the fifth byte has come", () => {
    const limit = 64;
    fc.assert(
      fc.property(fc.oneof(fc.constant(0), fc.integer({ min: limit + 1, max: 0xffff_ffff })), (length) => {
        const { splitter, got } = keeping(limit);
        const head = Buffer.alloc(5);
        head.writeUInt32LE(length, 0);
        splitter.feed(head.subarray(0, 4));
        expect(() => splitter.feed(head.subarray(4))).toThrow(ProtocolError);
        expect(got).toEqual([]);
      }),
    );
  });

  test("MessageSplitter: allocates nothing for a length that it refuses", () => {
    const before = process.memoryUsage().arrayBuffers;
    const splitters = Array.from({ length: 20 }, () => keeping(1024).splitter);
    for (const splitter of splitters) {
      expect(() => splitter.feed(new Uint8Array([0xff, 0xff, 0xff, 0x7f, 5, 1, 2, 3]))).toThrow(ProtocolError);
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(0x7fff_ffff);
  });

  test("MessageSplitter: allows a message as long as the limit", () => {
    const { splitter, got } = keeping(64);
    splitter.feed(framed({ type: 1, body: new Uint8Array(63) }));
    expect(got.length).toBe(1);
    expect(() => splitter.feed(framed({ type: 1, body: new Uint8Array(64) }))).toThrow(ProtocolError);
  });

  test("MessageSplitter: the limit can be raised between two messages of one chunk", () => {
    const lengths: number[] = [];
    const splitter = new MessageSplitter(10, (_, body) => {
      lengths.push(body.length);
      splitter.maxBytesOf = () => 1000;
    });
    splitter.feed(stream([5, 900].map((length) => ({ type: 1, body: new Uint8Array(length) }))));
    expect(lengths).toEqual([5, 900]);
  });

  test("MessageSplitter: gives no message after a wrong length", () => {
    const { splitter, got } = keeping(64);
    expect(() => splitter.feed(new Uint8Array([0, 0, 0, 0, 1]))).toThrow(ProtocolError);
    expect(() => splitter.feed(framed({ type: 1, body: new Uint8Array(3) }))).toThrow(ProtocolError);
    expect(got).toEqual([]);
  });
});

test("MessageSplitter: feed throws the error that the handler throws", () => {
  const defect = new Error("a defect of the handler");
  const splitter = new MessageSplitter(64, () => {
    throw defect;
  });
  expect(() => splitter.feed(framed({ type: 1, body: new Uint8Array() }))).toThrow(defect);
});

test("MessageSplitter: after `stop`, delivers nothing more of this chunk or of later ones", () => {
  const got: number[] = [];
  const splitter: MessageSplitter = new MessageSplitter(61, (type) => {
    got.push(type);
    if (type === 2) splitter.stop();
  });
  const bytes = stream([1, 2, 3, 4].map((type) => ({ type, body: new Uint8Array(3) })));
  splitter.feed(bytes);
  splitter.feed(bytes);
  expect(got).toEqual([1, 2]);
});
