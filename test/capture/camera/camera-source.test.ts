// The two threads of a camera: which thread holds a slot, which frames are counted, and a camera without a device.

import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { nowMicros } from "../../../src/core/clock.ts";
import { SourceError, UsageError } from "../../../src/core/errors.ts";
import { SILENT_LOG } from "../../../src/core/log.ts";
import { createCameraSource } from "../../../src/capture/camera/camera-source.ts";
import { CaptureSignals } from "../../../src/capture/hand-over/capture-signals.ts";
import { hasLibc } from "../../../src/system/v4l2/libc.ts";
import { viewOf } from "../../../src/system/memory.ts";
import { monotonicMicros } from "../../../src/system/monotonic-clock.ts";
import { HandOver } from "../../../src/capture/hand-over/hand-over.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const SIZE = { width: 4, height: 2 };
const STARTED = {
  kind: "started" as const,
  path: "/dev/video0",
  remarks: [],
  actual: { fourcc: "GREY", size: SIZE, framesPerSecond: 30 },
};

/** Both sides in one thread. The test plays the camera's thread. */
function bothSides(slots: number, format: "gray" | "mjpeg" = "gray") {
  const sink = new RecordingSink();
  sink.slots = slots;
  const signals = new CaptureSignals();
  const thread = new CaptureSignals(signals.memory);
  const handOver = new HandOver(sink, signals);
  const over = handOver.begin({ size: STARTED.actual.size, format, bufferBytes: 16 });
  const isTaken = () => thread.waitUntilTaken(0);
  const fill = (bytes: number[]) => {
    const slot = thread.takeSlot();
    if (slot === null || slot === "refused") throw new Error(`the slot is ${slot}`);
    viewOf(slot).set(bytes);
    return slot;
  };
  return { sink, signals, thread, handOver, over, isTaken, fill };
}

describe.skipIf(!hasLibc())("HandOver: pixels", () => {
  test("HandOver: lends the thread a slot before a frame comes, and the next slot as soon as the frame is taken", async () => {
    const { sink, handOver, thread, isTaken, fill } = bothSides(1);
    expect(sink.held).toBe(1);
    fill([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(thread.takeSlot()).toBeNull();
    const capturedAt = nowMicros() - 30_000;
    thread.send({ bytes: 8, stampMicros: monotonicMicros() - 30_000, lost: 2 });
    expect(isTaken()).toBe(false);
    await until(isTaken, "the frame");
    expect(sink.frames).toMatchObject([{ ...SIZE, format: "gray", bytes: new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]) }]);
    expect(sink.frames[0]?.capturedAt).toBeWithin(capturedAt - 1, nowMicros() - 30_000 + 2);
    expect([sink.lostFrames, sink.held]).toEqual([2, 1]);
    expect(thread.takeSlot()).toMatchObject({ bytes: 8 });
    handOver.abandon();
    expect(sink.held).toBe(0);
  });

  test("HandOver: refuses a slot while none is free, and lends one when one is free again", () => {
    const { sink, handOver, thread } = bothSides(0);
    expect(thread.takeSlot()).toBeNull();
    handOver.answerForSlot();
    expect([thread.takeSlot(), thread.takeSlot()]).toEqual(["refused", null]);
    sink.slots = 1;
    handOver.answerForSlot();
    expect(thread.takeSlot()).toMatchObject({ bytes: 8 });
  });

  test("HandOver: a thread that asks for a slot just when it is lent one gets no second slot", () => {
    const { sink, thread, handOver } = bothSides(2);
    handOver.answerForSlot();
    expect(sink.held).toBe(1);
    expect(thread.takeSlot()).toMatchObject({ bytes: 8 });
    expect(thread.takeSlot()).toBeNull();
  });
});

describe.skipIf(!hasLibc())("HandOver: JPEGs", () => {
  test("HandOver: lends blocks as large as the driver's buffers, and delivers the filled part", async () => {
    const { sink, handOver, thread, isTaken, fill } = bothSides(1, "mjpeg");
    expect(fill([0xff, 0xd8, 5, 6, 7]).bytes).toBe(16);
    thread.send({ bytes: 4, stampMicros: 5, lost: 1 });
    await until(isTaken, "the frame");
    expect([sink.held, sink.lostFrames]).toEqual([1, 1]);
    expect(sink.jpegs.map((jpeg) => [...jpeg])).toEqual([[0xff, 0xd8, 5, 6]]);
    handOver.abandon();
    expect(sink.held).toBe(0);
  });

  test("HandOver: delivers each JPEG once and in order, with or without a wake-up", async () => {
    const { sink, thread, isTaken, fill } = bothSides(1, "mjpeg");
    for (let frame = 1; frame <= 20; frame++) {
      if (frame % 2 === 0) thread.announce();
      if (frame % 4 === 0) await Bun.sleep(1);
      fill([0xff, 0xd8, frame]);
      thread.send({ bytes: 3, stampMicros: frame, lost: 0 });
      await until(isTaken, `frame ${frame}`);
    }
    expect(sink.jpegs.map((jpeg) => jpeg[2])).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });

  test("HandOver: delivers no frame after a stop", async () => {
    const { sink, thread, signals, over, isTaken } = bothSides(1, "mjpeg");
    signals.stop();
    thread.send({ bytes: 2, stampMicros: 5, lost: 0 });
    await over;
    expect([thread.isStopped, sink.jpegs.length, isTaken()]).toEqual([true, 0, false]);
  });
});

/** The number of threads that run scripts, found by their names (proc(5)). */
function workers(): number {
  const names = readdirSync("/proc/self/task").map((thread) => readFileSync(`/proc/self/task/${thread}/comm`, "utf8"));
  return names.filter((name) => name.startsWith("Worker")).length;
}

describe.skipIf(!hasLibc())("CameraSource: no device", () => {
  let starts = 0;
  const camera = () =>
    createCameraSource({
      path: "/dev/video9999",
      settings: [],
      others: [],
      get identity() {
        starts++; // the thread knows which camera to look for
        return { card: "No Such Camera", bus: "nowhere", nodeIndex: 0 };
      },
      wanted: { size: null, framesPerSecond: null, format: null },
      mode: { fourcc: "MJPG", format: "mjpeg", size: SIZE, interval: { numerator: 1, denominator: 25 } },
      log: SILENT_LOG,
    });

  test("CameraSource: a missing device is a failure with `retry`, and the negotiated rate is known", async () => {
    const sink = new RecordingSink();
    const source = camera();
    expect(source).toMatchObject({ name: "/dev/video9999", framesPerSecond: 25 });
    const error = await source.run(sink, new AbortController().signal).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SourceError);
    expect(error).toMatchObject({ message: "/dev/video9999 is not there any more", retry: "soon" });
    expect(sink.held).toBe(0);
    expect(starts).toBeGreaterThan(0);
  });

  test("CameraSource: starts nothing when the signal has aborted", async () => {
    starts = 0;
    await camera().run(new RecordingSink(), AbortSignal.abort());
    expect(starts).toBe(0);
  });

  test("CameraSource: a request for the controls of a missing device fails with one line, and close ends its thread", async () => {
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
    expect((late as SourceError).message).toBe("the camera is no longer in use");
  });
});
