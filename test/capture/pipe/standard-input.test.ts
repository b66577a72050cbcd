// JPEGs on standard input: their capture stamps, and the end of the input.

import { describe, expect, test } from "bun:test";
import { createStandardInput } from "../../../src/capture/pipe/standard-input.ts";
import { nowMicros } from "../../../src/core/clock.ts";
import { SourceError } from "../../../src/core/errors.ts";
import { PICTURES } from "../../support/jpeg-streams.ts";
import { RecordingSink } from "../../support/recording-sink.ts";
import { until } from "../../support/wait-until.ts";

function openInput() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const sink = new RecordingSink();
  const source = createStandardInput({ input: readable, format: "mjpeg", size: null, framesPerSecond: 0 });
  const ended = source.run(sink, new AbortController().signal);
  return { sink, ended, writer: writable.getWriter() };
}

const [FIRST, SECOND] = PICTURES as [Uint8Array, Uint8Array];

describe("MJPEG on standard input: stamps and end", () => {
  test("a picture without EOI has the time at which its last byte came, not that of the next picture", async () => {
    const { sink, ended, writer } = openInput();
    await writer.write(FIRST.subarray(0, -2));
    await Bun.sleep(50);
    const beforeNext = nowMicros();
    await writer.write(SECOND);
    await until(() => sink.stamps.length === 2, "both pictures");
    expect(sink.stamps[0]).toBeLessThan(beforeNext);
    expect(sink.stamps[1]).toBeGreaterThanOrEqual(beforeNext);
    await writer.close();
    await ended;
  });

  test("the last picture of a camera that never writes EOI is delivered at the end of the input", async () => {
    const { sink, ended, writer } = openInput();
    await writer.write(FIRST.subarray(0, -2));
    await writer.write(SECOND.subarray(0, -2));
    await writer.close();
    await ended;
    expect(sink.jpegs.map(({ length }) => length)).toEqual([FIRST.length - 2, SECOND.length - 2]);
  });

  test("a later run goes on with the rest of the input, for example after --idle-release", async () => {
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    const writer = writable.getWriter();
    const sink = new RecordingSink();
    const source = createStandardInput({ input: readable, format: "mjpeg", size: null, framesPerSecond: 0 });
    const stopping = new AbortController();
    const first = source.run(sink, stopping.signal);
    await writer.write(Buffer.concat([FIRST, SECOND.subarray(0, 100)]));
    await until(() => sink.jpegs.length === 1, "the first picture");
    stopping.abort();
    await first;
    const second = source.run(sink, new AbortController().signal);
    await writer.write(SECOND.subarray(100));
    await writer.write(SECOND);
    await writer.close();
    await second;
    expect(sink.jpegs.map(({ length }) => length)).toEqual([FIRST.length, SECOND.length]);
  });

  test("an input that cannot be read is an error in one line", async () => {
    const input = new ReadableStream<Uint8Array>({
      pull: () => Promise.reject(Object.assign(new Error("EISDIR: illegal operation, read"), { code: "EISDIR" })),
    });
    const source = createStandardInput({ input, format: "mjpeg", size: null, framesPerSecond: 0 });
    const failed = source.run(new RecordingSink(), new AbortController().signal).catch((error: unknown) => error);
    expect(await failed).toBeInstanceOf(SourceError);
    expect(await failed).toMatchObject({ message: "cannot read standard input: it is a folder", retry: false });
  });

  test("an input that ends in the middle of a picture is an error", async () => {
    const { sink, ended, writer } = openInput();
    const failed = ended.catch((error: Error) => error.message);
    await writer.write(FIRST);
    await writer.write(SECOND.subarray(0, -20));
    await writer.close();
    expect(await failed).toContain("in the middle of a JPEG");
    expect(sink.jpegs.length).toBe(2); // the picture is delivered as far as it came
  });
});
