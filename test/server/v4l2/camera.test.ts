// A camera's two threads: who holds a slot when, what is counted, and what a device that is not there comes to.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { SourceError, UsageError } from "../../../src/core/errors.ts";
import { createCamera } from "../../../src/server/sources/v4l2/camera.ts";
import { SIGNAL, SIGNAL_BYTES, type SlotMessage } from "../../../src/server/sources/v4l2/capture-messages.ts";
import { hasLibc } from "../../../src/server/sources/v4l2/libc.ts";
import { HandOver } from "../../../src/server/sources/v4l2/hand-over.ts";
import { RecordingSink } from "../recording-sink.ts";

const SIZE = { width: 4, height: 2 };
const STARTED = {
  kind: "started" as const,
  ...{ path: "/dev/video0", remarks: [] },
  actual: { fourcc: "GREY", size: SIZE, framesPerSecond: 30 },
};

function stand(slots: number, format: "gray" | "mjpeg" = "gray") {
  const sink = new RecordingSink();
  sink.slots = slots;
  const signals = new Int32Array(new SharedArrayBuffer(SIGNAL_BYTES));
  const sent: SlotMessage[] = [];
  const handOver = new HandOver(sink, signals, (message) => sent.push(message));
  handOver.take({ ...STARTED, format });
  return { sink, signals, sent, handOver, word: (name: keyof typeof SIGNAL) => signals[SIGNAL[name]] };
}

describe("pixels", () => {
  test("a slot is there before the frame, and the next one as soon as it is taken", () => {
    const { sink, sent, handOver, word } = stand(1);
    expect([sent.length, sink.held, word("slotsSent"), word("taken")]).toEqual([1, 1, 1, 0]);
    sent[0]?.bytes?.set([1, 2, 3, 4, 5, 6, 7, 8]); // what the thread does
    handOver.take({ kind: "pixels", capturedAt: 77, lost: 2 });
    expect(sink.frames).toEqual([
      { ...SIZE, format: "gray", bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]), capturedAt: 77 },
    ]);
    expect([sink.lostFrames, sent.length, sink.held, word("slotsSent"), word("taken")]).toEqual([2, 2, 1, 2, 1]);
    handOver.abandon();
    expect(sink.held).toBe(0);
  });

  test("without room the thread is told so when it asks, and gets a slot when there is one again", () => {
    const { sink, sent, handOver, word } = stand(0);
    expect(sent).toEqual([]);
    handOver.take({ kind: "wants-slot" });
    expect(sent).toEqual([{ bytes: null }]);
    handOver.take({ kind: "lost", lost: 1 });
    sink.slots = 1;
    handOver.take({ kind: "wants-slot" });
    expect(sent[1]?.bytes).toBeInstanceOf(Uint8Array);
    expect([sink.lostFrames, word("slotsSent"), word("taken")]).toEqual([1, 2, 0]);
  });

  test("a question that crosses a slot on its way is not answered twice", () => {
    const { sent, handOver } = stand(2);
    handOver.take({ kind: "wants-slot" });
    expect(sent.length).toBe(1);
  });
});

test("JPEGs need no slots, and are confirmed", () => {
  const { sink, sent, handOver, word } = stand(1, "mjpeg");
  handOver.take({ kind: "jpeg", bytes: new Uint8Array([0xff, 0xd8]), capturedAt: 5, lost: 0 });
  expect([sent.length, sink.held, sink.jpegs.length, word("taken")]).toEqual([0, 0, 1, 1]);
});

/** Threads that run scripts, by their names (proc(5)). */
function workers(): number {
  const names = readdirSync("/proc/self/task").map((thread) => readFileSync(`/proc/self/task/${thread}/comm`, "utf8"));
  return names.filter((name) => name.startsWith("Worker")).length;
}

describe.skipIf(!hasLibc())("a camera that is not there", () => {
  let starts = 0;
  const camera = () =>
    createCamera({
      ...{ path: "/dev/video9999", settings: [], others: [] },
      get identity() {
        starts++; // the thread is told whom to look for
        return { card: "No Such Camera", bus: "nowhere" };
      },
      wanted: { size: null, framesPerSecond: null, format: null },
      mode: { fourcc: "MJPG", format: "mjpeg", size: SIZE, interval: { numerator: 1, denominator: 25 } },
      say: () => undefined,
    });

  test("says so, as something that may be mended; its rate is known from what was negotiated", async () => {
    const sink = new RecordingSink();
    const source = camera();
    expect(source).toMatchObject({ name: "/dev/video9999", framesPerSecond: 25 });
    const error = await source.run(sink, new AbortController().signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ message: "/dev/video9999 is not there any more", retry: true });
    expect(sink.held).toBe(0);
    expect(starts).toBe(1);
  });

  test("is not started at all once it is to stop", async () => {
    starts = 0;
    await camera().run(new RecordingSink(), AbortSignal.abort());
    expect(starts).toBe(0);
  });

  test("has settings that cannot be reached, said in one line; their thread ends with them", async () => {
    const before = workers();
    const { controls } = camera();
    const error = await controls?.list().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).not.toBeInstanceOf(UsageError);
    expect((error as SourceError).message).toBe("/dev/video9999 is not there any more");
    const refused = await controls?.set("brightness", "1").catch((thrown: unknown) => thrown);
    expect((refused as SourceError).message).toBe("/dev/video9999 is not there any more");
    expect(workers()).toBe(before + 1);
    await controls?.close();
    expect(workers()).toBe(before);
    const late = await controls?.list().catch((thrown: unknown) => thrown);
    expect((late as SourceError).message).toBe("the camera is not used any more");
  });
});
