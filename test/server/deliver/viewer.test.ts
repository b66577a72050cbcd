// The server's end of one viewer. Its connection is in memory and takes as few bytes at a time as a test chooses.

import { afterEach, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeGoodbye, writeHello } from "../../../src/protocol/greeting.ts";
import * as m from "../../../src/protocol/messages.ts";
import { GoodbyeReason, WIRE_VERSION } from "../../../src/protocol/wire.ts";
import { DEFAULT_ACCESS_LIMITS, MESSAGES_BURST } from "../../../src/server/access/limits.ts";
import { moveClock, resetClock, stopClock } from "../../support/moved-clock.ts";
import { FakeViewer } from "../../support/fake-viewer.ts";
import { picture } from "../../support/picture-camera.ts";

afterEach(resetClock);

describe("Viewer: greeting", () => {
  test("Viewer: answers Hello with Welcome and a Ping, then watches", () => {
    const far = new FakeViewer().greet();
    expect(far.heard[0]).toMatchObject({ type: "welcome", version: WIRE_VERSION, sourceName: "a source" });
    expect(far.ofType("ping").length).toBe(1);
    expect(far.calls).toEqual(["watching"]);
    expect(far.viewer.watching).toBe(true);
  });

  test("Viewer: sends nothing before the greeting", () => {
    const far = new FakeViewer();
    far.offer(picture(1));
    far.viewer.notify({ trouble: true, text: "x", lastedMicros: 0 });
    far.viewer.tick();
    expect(far.heard).toEqual([]);
    expect(far.viewer.watching).toBe(false);
  });

  test("Viewer: answers another protocol version with a Goodbye and ends the connection", () => {
    const far = new FakeViewer().greet(99);
    expect(far.heard).toMatchObject([{ type: "goodbye", reason: GoodbyeReason.version }]);
    expect(far.heard[0]).toMatchObject({ text: expect.stringContaining("version 99") });
    expect(far.calls[0]).toBe("end");
    expect(far.viewer.watching).toBe(false);
  });

  test.each([
    ["an HTTP request", Buffer.from("GET / HTTP/1.1\r\nHost: camera\r\n\r\n")],
    ["a Ping instead of Hello", m.writePing({ sentAt: 1 })],
    ["a Hello of more than 256 bytes", Buffer.concat([Buffer.from([1, 1, 0, 0, 1]), Buffer.alloc(256)])],
    ["a Hello that is cut off", Buffer.from([2, 0, 0, 0, 1, 0x53])],
  ])("Viewer: answers %s with a Goodbye and ends the connection", (_, bytes) => {
    const far = new FakeViewer();
    far.viewer.receive(bytes);
    expect(far.heard).toMatchObject([{ type: "goodbye", reason: GoodbyeReason.protocol }]);
    expect(far.calls[0]).toBe("end");
  });

  test("Viewer: ends a connection that sends no Hello within 5 s", () => {
    const far = new FakeViewer();
    moveClock(4.5);
    far.viewer.tick();
    expect(far.heard).toEqual([]);
    moveClock(5.5);
    far.viewer.tick();
    expect(far.heard).toMatchObject([{ type: "goodbye", reason: GoodbyeReason.timeout }]);
  });
});

describe("Viewer: pictures", () => {
  test("Viewer: sends Stream before the first picture and when it changes", () => {
    const far = new FakeViewer().greet();
    far.offer(picture(3, 1000));
    far.ack(3);
    far.offer(picture(4));
    far.ack(4);
    far.offer(picture(5, 50, { width: 32, height: 16 }));
    const told = far.heard.filter(({ type }) => type === "stream" || type === "picture");
    expect(told.map(({ type }) => type)).toEqual(["stream", "picture", "picture", "stream", "picture"]);
    expect(told[0]).toMatchObject({ width: 64, height: 48, framesPerSecond: 30, codec: "test" });
    expect(told[1]).toMatchObject({ frameNumber: 3, encodedAt: 3005, jpeg: new Uint8Array(1000).fill(3) });
    expect(far.viewer.frames.picturesSent).toBe(3);
  });

  test("Viewer: without credit, pictures are skipped and counted; after an Ack the newest is sent", () => {
    const far = new FakeViewer().greet();
    for (let frame = 1; frame <= 5; frame++) far.offer(picture(frame));
    expect(far.pictures).toEqual([1]);
    expect(far.viewer.settled).toBe(false);
    far.ack(1);
    expect(far.pictures).toEqual([1, 5]);
    expect(far.viewer.frames.picturesSkipped).toBe(3);
    far.ack(5, "dropped");
    expect(far.pictures).toEqual([1, 5]);
    expect(far.viewer.settled).toBe(true);
  });

  test("Viewer: awaits a frame while it has credit and was sent the newest, and tells the camera when it does again", () => {
    const far = new FakeViewer().greet();
    const { frames } = far.viewer;
    expect(frames.awaitsFrame).toBe(true);
    far.offer(picture(1));
    expect(frames.awaitsFrame).toBe(false);
    far.offer(picture(2));
    far.ack(1); // the second picture is sent at once
    expect([frames.awaitsFrame, far.readyCalls]).toEqual([false, 0]);
    far.ack(2);
    expect([frames.awaitsFrame, far.readyCalls]).toEqual([true, 1]);
  });

  test("Viewer: awaits no frame beyond the total bit rate or the memory for pictures, and nothing counts as held back", () => {
    stopClock();
    const far = new FakeViewer(undefined, 8e5).greet();
    far.waiting.add(Number.MAX_SAFE_INTEGER);
    expect(far.viewer.frames.awaitsFrame).toBe(false);
    far.waiting.add(-Number.MAX_SAFE_INTEGER);
    expect([far.viewer.frames.awaitsFrame, far.waiting.takeRefused()]).toEqual([true, false]);
    far.offer(picture(1, 100_000)); // the share of a second
    far.ack(1);
    expect([far.pictures, far.viewer.frames.awaitsFrame, far.bitrate.heldBack]).toEqual([[1], false, 0]);
    far.offer(picture(2));
    expect([far.pictures, far.bitrate.heldBack]).toEqual([[1], 1]);
  });

  test("Viewer: composes a picture only when the transport has taken the one before", () => {
    const far = new FakeViewer().greet();
    far.drain(10);
    far.offer(picture(1, 500));
    far.offer(picture(2, 500));
    expect(far.pictures).toEqual([]);
    far.drain(300);
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.pictures).toEqual([1]);
    far.ack(1);
    expect(far.pictures).toEqual([1, 2]);
  });

  test("Viewer: sends the newest picture after small messages had filled the transport", () => {
    const far = new FakeViewer();
    far.capacity = 0;
    far.greet();
    for (let frame = 1; frame <= 3; frame++) far.offer(picture(frame));
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.pictures).toEqual([3]);
  });

  test("Viewer: sends no picture that is older than one it has sent", () => {
    const far = new FakeViewer().greet();
    far.offer(picture(7));
    far.ack(7);
    far.offer(picture(6));
    far.offer(picture(7));
    expect(far.pictures).toEqual([7]);
    far.offer(picture(8));
    expect(far.pictures).toEqual([7, 8]);
  });

  test("Viewer: sends a picture whole whatever part of it a write takes", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 120 }), { maxLength: 40 }), (capacities) => {
        const far = new FakeViewer().greet();
        far.capacity = 0;
        far.offer(picture(1, 200));
        for (const capacity of capacities) far.drain(capacity);
        far.drain(Number.POSITIVE_INFINITY);
        expect(far.heard.at(-1)).toMatchObject({ frameNumber: 1, jpeg: new Uint8Array(200).fill(1) });
      }),
    );
  });
});

describe("Viewer: messages", () => {
  test("Viewer: a pause stops pictures and drops the waiting one; after the pause the newest is sent", () => {
    const far = new FakeViewer().greet();
    far.offer(picture(1));
    far.offer(picture(2));
    far.viewer.receive(m.writeWish({ paused: true, keepsSize: false, width: 0, height: 0 }));
    far.offer(picture(3));
    expect(far.pictures).toEqual([1]);
    expect(far.viewer.frames.picturesSkipped).toBe(0);
    expect(far.viewer.settled).toBe(true);
    far.viewer.receive(m.writeWish({ paused: false, keepsSize: false, width: 0, height: 0 }));
    expect(far.calls).toEqual(["watching", "not watching", "watching"]);
    far.ack(1);
    expect(far.pictures).toEqual([1, 3]);
    far.ack(3);
    far.offer(picture(4));
    expect(far.pictures).toEqual([1, 3, 4]);
  });

  test("Viewer: answers a Ping with its time, and sends a Notice", () => {
    const far = new FakeViewer().greet();
    far.viewer.receive(m.writePing({ sentAt: 4711 }));
    far.viewer.notify({ trouble: true, text: "the camera is gone", lastedMicros: 7_000_000 });
    expect(far.heard.at(-2)).toMatchObject({ type: "pong", sentAt: 4711 });
    expect(far.heard.at(-1)).toMatchObject({ type: "notice", text: "the camera is gone", lastedMicros: 7_000_000 });
  });

  test("Viewer: skips unknown message types from 128 on", () => {
    const far = new FakeViewer().greet();
    for (const type of [128, 200, 255]) far.viewer.receive(new Uint8Array([3, 0, 0, 0, type, 1, 2]));
    expect(far.viewer.watching).toBe(true);
    expect(far.ofType("goodbye")).toEqual([]);
  });
});

describe("Viewer: end", () => {
  test.each([
    [
      "an Ack for a picture that was never sent",
      m.writeAck({ frameNumber: 9, outcome: "shown", transferMicros: 0, workMicros: 0, paceMicros: 0 }),
    ],
    ["a message that only servers send", m.writeNotice({ trouble: true, text: "", lastedMicros: 0 })],
    ["a message of more than 4 KiB", new Uint8Array([1, 16, 0, 0, 200])],
    ["a second Hello", writeHello({ version: WIRE_VERSION, software: "", camera: "", paused: false })],
  ])("Viewer: %s ends the connection", (_, bytes) => {
    const far = new FakeViewer().greet();
    far.viewer.receive(bytes);
    expect(far.heard.at(-1)).toMatchObject({ type: "goodbye", reason: GoodbyeReason.protocol });
    expect(far.calls).toContain("end");
    expect(far.viewer.watching).toBe(false);
    far.offer(picture(1));
    far.viewer.receive(m.writePing({ sentAt: 1 }));
    expect(far.heard.at(-1)).toMatchObject({ type: "goodbye" });
  });

  test("Viewer: 10 s of silence end the connection; a single byte counts as a sign of life", () => {
    const far = new FakeViewer().greet();
    moveClock(9);
    far.viewer.receive(new Uint8Array([9]));
    moveClock(18);
    far.viewer.tick();
    expect(far.ofType("goodbye")).toEqual([]);
    moveClock(20);
    far.viewer.tick();
    expect(far.heard.at(-1)).toMatchObject({ type: "goodbye", reason: GoodbyeReason.timeout });
  });

  test("Viewer: the queue stays short when the other end sends Pings and does not read", () => {
    const far = new FakeViewer().greet();
    far.capacity = 0;
    for (let second = 1; second <= 600; second++) {
      moveClock(second);
      far.offer(picture(second));
      far.viewer.receive(m.writePing({ sentAt: second }));
      far.viewer.receive(m.writeWish({ paused: second % 2 === 0, keepsSize: false, width: second, height: second }));
      far.viewer.tick();
    }
    const before = far.heard.length;
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.heard.length - before).toBeLessThan(100);
    expect(far.viewer.watching).toBe(false); // the connection is paused, not closed
  });

  test("Viewer: sends Goodbye after the waiting bytes, then ends the connection", () => {
    const far = new FakeViewer().greet();
    far.capacity = 100;
    far.offer(picture(1, 500));
    far.viewer.leave(GoodbyeReason.end, "over");
    expect(far.calls).not.toContain("end");
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.heard.slice(-2)).toMatchObject([{ type: "picture" }, { type: "goodbye", text: "over" }]);
    expect(far.calls).toEqual(["watching", "gone: over", "end"]);
  });

  test("Viewer: aborts the connection when the Goodbye is not read", async () => {
    const far = new FakeViewer().greet();
    far.capacity = 0;
    far.viewer.leave(GoodbyeReason.shutdown, "over");
    while (!far.calls.includes("abort")) await Bun.sleep(20);
    expect(far.calls).not.toContain("end");
  });

  test("Viewer: reports the end of the connection once", () => {
    const far = new FakeViewer().greet();
    far.viewer.receive(writeGoodbye({ reason: GoodbyeReason.shutdown, text: "the viewer was closed" }));
    far.viewer.closed("it hung up");
    far.viewer.leave(GoodbyeReason.end, "over");
    expect(far.calls).toEqual(["watching", "gone: the viewer was closed", "closed", "end"]);
  });
});

describe("Viewer: end before the greeting", () => {
  test("Viewer: a connection that sent nothing is not reported as refused", () => {
    const far = new FakeViewer();
    far.viewer.closed("it hung up");
    expect(far.calls).toEqual(["closed"]);
  });

  test("Viewer: a connection that timed out is reported as refused", () => {
    const far = new FakeViewer();
    const connection = far.viewer;
    far.onEnd = () => connection.closed("it hung up"); // a transport may report its close before `end` returns
    connection.leave(GoodbyeReason.timeout, "it has not greeted");
    expect(far.calls).toEqual(["end", "closed", "gone: it has not greeted"]);
  });

  test("Viewer: a connection that ended within Hello is reported as refused", () => {
    const far = new FakeViewer();
    far.viewer.receive(new Uint8Array([14, 0]));
    far.viewer.closed("it hung up");
    expect(far.calls).toEqual(["gone: it hung up", "closed"]);
  });
});

test("Viewer: random bytes never throw; they end in at most one Goodbye", () => {
  const message = fc.tuple(fc.nat(255), fc.uint8Array({ maxLength: 40 })).map(([type, body]) => {
    return new Uint8Array([body.length + 1, 0, 0, 0, type, ...body]);
  });
  const chunks = fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), message), { maxLength: 12 });
  fc.assert(
    fc.property(fc.boolean(), chunks, (greeted, bytes) => {
      const far = new FakeViewer();
      if (greeted) far.greet();
      for (const chunk of bytes) {
        far.viewer.receive(chunk);
        far.viewer.tick();
      }
      const ends = far.calls.filter((call) => call.startsWith("gone: "));
      const goodbyes = far.ofType("goodbye");
      expect(ends.length).toBeLessThanOrEqual(1);
      expect(goodbyes.length).toBeLessThanOrEqual(ends.length);
      expect(far.calls.filter((call) => call === "end").length).toBe(ends.length);
    }),
    { numRuns: 500 },
  );
});

describe("Viewer: limits", () => {
  const wish = (size: number) => m.writeWish({ paused: false, keepsSize: false, width: size, height: size });

  test("Viewer: disconnects a viewer that floods it with Pings, answers no more of them, and counts it once", () => {
    stopClock();
    const far = new FakeViewer().greet();
    const flood = Buffer.concat(Array.from({ length: 1_000 }, () => Buffer.from(m.writePing({ sentAt: 1 }))));
    far.viewer.receive(flood);
    far.viewer.receive(flood);
    const burst = DEFAULT_ACCESS_LIMITS.messagesPerSecond * MESSAGES_BURST;
    expect(far.ofType("pong").length).toBe(burst);
    expect(far.heard.at(-1)).toMatchObject({ type: "goodbye", text: "it sends more than 50 messages a second" });
    expect(far.calls.filter((call) => call === "exceeded messages").length).toBe(1);
    expect(far.viewer.watching).toBe(false);
  });

  test("Viewer: acknowledgements of frames do not count as a flood", () => {
    const advance = stopClock();
    const far = new FakeViewer().greet();
    for (let frame = 1; frame <= 1_000; frame++) {
      far.offer(picture(frame));
      far.ack(frame);
      advance(1);
    }
    expect(far.pictures.length).toBe(1_000);
    expect(far.ofType("goodbye")).toEqual([]);
  });

  test("Viewer: acts once on Wish messages that arrive together, and not at all if they are a flood", () => {
    const few = new FakeViewer().greet();
    few.viewer.receive(Buffer.concat([1, 2, 3].map(wish)));
    expect([few.calls, few.viewer.wishedSize.width]).toEqual([["watching", "watching"], 3]);
    const flood = new FakeViewer().greet();
    flood.viewer.receive(Buffer.concat(Array.from({ length: 1_000 }, (_, size) => wish(size + 1))));
    expect(flood.calls.filter((call) => call === "watching").length).toBe(1);
    expect(flood.calls).toContain("exceeded messages");
  });

  test("Viewer: acts on the first Wishes messages at once, then on the newest one ten times a second", () => {
    const advance = stopClock();
    const far = new FakeViewer().greet();
    const changes = () => far.calls.filter((call) => call === "watching").length - 1;
    for (let size = 1; size <= 60; size++) far.viewer.receive(wish(size));
    expect(changes()).toBe(5);
    expect(far.viewer.wishedSize.width).toBe(5);
    far.viewer.tick();
    expect(changes()).toBe(5);
    advance(100);
    far.viewer.tick();
    expect(changes()).toBe(6);
    expect(far.viewer.wishedSize.width).toBe(60);
    advance(1_000);
    far.viewer.tick();
    expect(changes()).toBe(6);
  });

  test.each([
    ["takes no byte", 0],
    ["takes the picture and never acknowledges it", Number.POSITIVE_INFINITY],
  ])("Viewer: disconnects a viewer that %s for 10 s", (_, capacity) => {
    const far = new FakeViewer().greet();
    far.capacity = capacity;
    far.offer(picture(1, 1000));
    far.viewer.tick();
    for (let second = 1; second <= 9; second++) {
      moveClock(second);
      far.viewer.receive(m.writePing({ sentAt: 1 })); // the viewer is not silent
      far.viewer.tick();
    }
    expect(far.calls).not.toContain("exceeded stalled");
    moveClock(10.5);
    far.viewer.tick();
    expect(far.calls.filter((call) => call === "exceeded stalled").length).toBe(1);
    expect(far.viewer.watching).toBe(false);
  });

  test("Viewer: a viewer that reads nothing holds one picture and the newest Notice, whatever happens meanwhile", () => {
    const far = new FakeViewer().greet();
    far.capacity = 0;
    far.offer(picture(1, 1000));
    const { bytes, since } = far.viewer.waiting;
    expect(bytes).toBeGreaterThan(1000);
    for (let frame = 2; frame <= 500; frame++) {
      far.offer(picture(frame, 1000));
      far.viewer.notify({ trouble: true, text: `trouble ${frame}`, lastedMicros: 0 });
      far.viewer.tick();
    }
    expect(far.viewer.waiting).toEqual({ bytes, since });
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.pictures).toEqual([1]);
    expect(far.ofType("notice")).toMatchObject([{ text: "trouble 500" }]);
    expect(far.viewer.waiting.bytes).toBeGreaterThan(1000); // in the kernel, or on the way
    far.ack(1);
    far.drain(Number.POSITIVE_INFINITY);
    expect(far.pictures).toEqual([1, 500]);
    far.ack(500);
    expect(far.viewer.waiting).toEqual({ bytes: 0, since: Number.POSITIVE_INFINITY });
  });

  test("Viewer: keeps a viewer that takes a picture slowly, byte by byte", () => {
    const far = new FakeViewer().greet();
    far.capacity = 0;
    far.offer(picture(1, 1000));
    for (let second = 1; second <= 60; second++) {
      moveClock(second);
      far.drain(5);
      far.viewer.receive(m.writePing({ sentAt: 1 }));
      far.viewer.tick();
    }
    expect(far.calls).not.toContain("exceeded stalled");
    expect(far.viewer.watching).toBe(true);
  });
});
