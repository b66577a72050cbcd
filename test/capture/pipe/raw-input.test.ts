// readRawInput: a thread reads raw frames from a real pipe. It waits for room, but never holds up a source for long.

import { afterEach, describe, expect, test } from "bun:test";
import { write } from "node:fs";
import { promisify } from "node:util";
import type { Size } from "../../../src/core/pixel-format.ts";
import { median } from "../../../src/core/statistics.ts";
import { rawPipeAt, readRawInput } from "../../../src/capture/pipe/raw-input.ts";
import { createStandardInput } from "../../../src/capture/pipe/standard-input.ts";
import { Room } from "../../../src/capture/room.ts";
import { waitForInput, waitingBytes } from "../../../src/system/pipes.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { openSystemPipe, type SystemPipe } from "../../support/system-pipe.ts";
import { until } from "../../support/wait-until.ts";

const SIZE = { width: 512, height: 256 };
const FRAME_BYTES = SIZE.width * SIZE.height; // more than twice what a pipe holds
const writeSome = promisify(write);
const cleanUps: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

class SinkWithRoom extends RecordingSink {
  readonly room = new Room();
}

/** A real pipe, and a run that reads grey frames from it. */
function openInput(pipe = openSystemPipe(), skippedBytes = 0) {
  const sink = new SinkWithRoom();
  const stopping = new AbortController();
  const input = { ...rawPipeAt(pipe.readingEnd), restBytes: skippedBytes };
  const ended = readRawInput({ pipe: input, format: "gray", size: SIZE }, sink, stopping.signal);
  cleanUps.push(async () => {
    stopping.abort();
    pipe.closeWriting();
    await ended;
    pipe[Symbol.dispose]();
  });
  return { pipe, sink, ended, stopping };
}

/** Writes bytes as a program does: it blocks until the pipe has taken them, in a thread of the runtime. */
async function writeAll({ writingEnd }: SystemPipe, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) {
    written += (await writeSome(writingEnd, bytes, written, bytes.length - written, null)).bytesWritten;
  }
}

function frame(number: number): Uint8Array {
  return new Uint8Array(FRAME_BYTES).fill(number);
}

describe.skipIf(process.platform !== "linux")("raw frames from a pipe", () => {
  test("raw input: delivers the frames of any writes, and says how much of a frame was left at the end", async () => {
    const { pipe, sink, ended } = openInput();
    const stream = Buffer.concat([frame(1), frame(2), frame(3).subarray(0, 100)]);
    for (let at = 0; at < stream.length; at += 99_999) await writeAll(pipe, stream.subarray(at, at + 99_999));
    pipe.closeWriting();
    expect(await ended).toEqual({ bytes: stream.length, restBytes: FRAME_BYTES - 100, failure: null });
    expect(sink.frames.map(({ bytes }) => [bytes[0], bytes.at(-1)])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect([sink.lostFrames, sink.held]).toEqual([0, 0]);
  });

  test("raw input: skips the rest of a frame at the beginning", async () => {
    const { pipe, sink, ended } = openInput(openSystemPipe(), 1000);
    await writeAll(pipe, Buffer.concat([frame(1).subarray(0, 1000), frame(2)]));
    pipe.closeWriting();
    expect(await ended).toMatchObject({ restBytes: 0, failure: null });
    expect(sink.frames.map(({ bytes }) => [bytes[0], bytes.at(-1)])).toEqual([[2, 2]]);
  });

  test("raw input: counts frames without a slot as lost and goes on", async () => {
    const { pipe, sink } = openInput();
    await writeAll(pipe, frame(1));
    await until(() => sink.frames.length === 1, "the first frame");
    sink.slots = 0; // the next frame still has the slot that was lent in advance
    await writeAll(pipe, frame(2));
    await writeAll(pipe, frame(3));
    await until(() => sink.frames.length === 2, "the frame in the lent slot");
    sink.slots = 1;
    await writeAll(pipe, frame(4));
    await writeAll(pipe, frame(5));
    await until(() => sink.frames.at(-1)?.bytes[0] === 5, "the frame after the shortage");
    expect(sink.lostFrames).toBeGreaterThan(0);
    expect(sink.lostFrames + sink.frames.length).toBe(5);
  });

  test("raw input: a source is not held up for long while there is no room", async () => {
    const { pipe, sink } = openInput();
    sink.room.set(false);
    const frames = 12;
    for (let number = 1; number <= frames; number++) {
      await writeAll(pipe, frame(number)); // ends only when most of the frame is read
      await Bun.sleep(5);
    }
    await until(() => sink.frames.length === frames, "all frames");
  });

  test("raw input: a fast source waits for room, so that fewer frames are read for nothing", async () => {
    const { pipe, sink } = openInput();
    let isFlooding = true;
    const flood = (async () => {
      while (isFlooding) await writeAll(pipe, frame(1));
    })();
    cleanUps.push(async () => {
      isFlooding = false;
      await flood;
    });
    const micros: { withRoom: number[]; without: number[] } = { withRoom: [], without: [] };
    for (let turn = 0; turn < 12; turn++) {
      const hasRoom = turn % 2 === 0;
      sink.room.set(hasRoom);
      const from = sink.frames.length;
      await until(() => sink.frames.length >= from + 20, "20 frames");
      const stamps = sink.frames.slice(from + 2).map(({ capturedAt }) => capturedAt);
      const spans = stamps.slice(1).map((at, index) => at - (stamps[index] as number));
      micros[hasRoom ? "withRoom" : "without"].push(...spans);
    }
    const [free, held] = [median(micros.withRoom) ?? 0, median(micros.without) ?? 0];
    expect(held / free).toBeGreaterThan(1.3);
  });

  test("raw input: ends at an abort in the middle of a frame, and the next run goes on after that frame", async () => {
    const pipe = openSystemPipe();
    cleanUps.push(() => pipe[Symbol.dispose]());
    const options = { input: rawPipeAt(pipe.readingEnd), format: "gray", size: SIZE, framesPerSecond: 0 } as const;
    const source = createStandardInput(options);
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const first = source.run(sink, stopping.signal);
    await writeAll(pipe, Buffer.concat([frame(1), frame(2).subarray(0, 5000)]));
    await until(() => sink.frames.length === 1, "the first frame");
    await Bun.sleep(50); // usually the thread has then read the beginning of the second frame
    stopping.abort();
    await first;
    expect(sink.held).toBe(0);
    const second = source.run(sink, new AbortController().signal);
    await writeAll(pipe, Buffer.concat([frame(2).subarray(5000), frame(3)]));
    pipe.closeWriting();
    await second;
    const numbers = sink.frames.map(({ bytes }) => [bytes[0], bytes.at(-1)]);
    // If the thread was late, the second frame came whole in the second run.
    expect([2, 3]).toContain(numbers.length);
    expect([numbers[0], numbers.at(-1)]).toEqual([
      [1, 1],
      [3, 3],
    ]);
  });

  test("raw input: a frame that came while nobody read is dropped, because its age is not known", async () => {
    const pipe = openSystemPipe();
    cleanUps.push(() => pipe[Symbol.dispose]());
    const source = createStandardInput({
      input: rawPipeAt(pipe.readingEnd),
      format: "gray",
      size: SIZE,
      framesPerSecond: 0,
    });
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const first = source.run(sink, stopping.signal);
    await writeAll(pipe, frame(1));
    await until(() => sink.frames.length === 1, "the first frame");
    stopping.abort();
    await first;
    const writing = writeAll(pipe, frame(2)); // the pipe holds only its beginning
    await until(() => waitForInput(pipe.readingEnd, 0), "the beginning of the second frame");
    const second = source.run(sink, new AbortController().signal);
    await writing;
    await writeAll(pipe, frame(3));
    pipe.closeWriting();
    await second;
    expect(sink.frames.map(({ bytes }) => bytes[0])).toEqual([1, 3]);
    expect([sink.lostFrames, sink.held]).toEqual([1, 0]);
  });

  test.each([
    ["the same size", { width: 64, height: 64 }],
    ["another size", { width: 100, height: 20 }],
  ])(
    "raw input: a source with new settings and %s goes on after a frame that another source has begun",
    async (_, size) => {
      const pipe = openSystemPipe();
      cleanUps.push(() => pipe[Symbol.dispose]());
      const input = rawPipeAt(pipe.readingEnd);
      const before = { width: 64, height: 64 };
      const bytesOf = (number: number, { width, height }: Size) => new Uint8Array(width * height).fill(number);
      const stopping = new AbortController();
      const first = new RecordingSink();
      const sourceOf = (wanted: Size) =>
        createStandardInput({ input, format: "gray", size: wanted, framesPerSecond: 0 });
      const run = sourceOf(before).run(first, stopping.signal);
      await writeAll(pipe, Buffer.concat([bytesOf(1, before), bytesOf(2, before).subarray(0, 100)]));
      await until(
        () => first.frames.length === 1 && waitingBytes(pipe.readingEnd) === 0,
        "the second frame's beginning",
      );
      stopping.abort();
      await run;
      const sink = new RecordingSink();
      const next = sourceOf(size).run(sink, new AbortController().signal);
      await writeAll(pipe, bytesOf(2, before).subarray(100));
      await until(() => waitingBytes(pipe.readingEnd) === 0, "the rest");
      await writeAll(pipe, Buffer.concat([bytesOf(3, size), bytesOf(4, size)]));
      pipe.closeWriting();
      await next;
      expect(sink.frames.at(-1)?.bytes).toEqual(bytesOf(4, size));
      expect(sink.frames.map(({ bytes }) => [bytes[0], bytes.at(-1)])).toEqual([
        [3, 3],
        [4, 4],
      ]);
    },
  );

  test("raw input: all small frames that waited in the pipe are dropped, also behind the rest of a frame", async () => {
    const pipe = openSystemPipe();
    cleanUps.push(() => pipe[Symbol.dispose]());
    const small = { width: 64, height: 64 };
    const bytesOf = (number: number) => new Uint8Array(small.width * small.height).fill(number);
    const source = createStandardInput({
      input: rawPipeAt(pipe.readingEnd),
      format: "gray",
      size: small,
      framesPerSecond: 0,
    });
    const sink = new RecordingSink();
    const stopping = new AbortController();
    const first = source.run(sink, stopping.signal);
    await writeAll(pipe, Buffer.concat([bytesOf(1), bytesOf(2).subarray(0, 100)]));
    await until(
      () => sink.frames.length === 1 && waitingBytes(pipe.readingEnd) === 0,
      "the beginning of the second frame",
    );
    stopping.abort();
    await first;
    await writeAll(pipe, Buffer.concat([bytesOf(2).subarray(100), bytesOf(3), bytesOf(4), bytesOf(5).subarray(0, 50)]));
    const second = source.run(sink, new AbortController().signal);
    await until(() => waitingBytes(pipe.readingEnd) === 0, "the second run");
    await writeAll(pipe, Buffer.concat([bytesOf(5).subarray(50), bytesOf(6)]));
    pipe.closeWriting();
    await second;
    expect(sink.frames.map(({ bytes }) => bytes[0])).toEqual([1, 6]);
    expect([sink.lostFrames, sink.held]).toEqual([3, 0]);
  });

  test("raw input: an end in the middle of a frame and an input that cannot be read are errors in one line", async () => {
    const errorOf = async (descriptor: number) => {
      const source = createStandardInput({
        input: rawPipeAt(descriptor),
        format: "gray",
        size: SIZE,
        framesPerSecond: 0,
      });
      return await source.run(new RecordingSink(), new AbortController().signal).catch((error: Error) => error.message);
    };
    const pipe = openSystemPipe();
    cleanUps.push(() => pipe[Symbol.dispose]());
    const failing = errorOf(pipe.readingEnd);
    await writeAll(pipe, frame(1).subarray(0, 77));
    pipe.closeWriting();
    expect(await failing).toBe(
      "standard input ended in the middle of a gray frame of 512x256, after 77 bytes of the frame",
    );
    expect(await errorOf(1_000_000)).toStartWith("cannot read standard input: ");
  });
});
