// supervise: a source that fails before its first frame fails at once. Later it is restarted, and its trouble is reported.

import { describe, expect, test } from "bun:test";
import { SourceError, UsageError } from "../../../src/core/errors.ts";
import { type LogFields, SILENT_LOG } from "../../../src/core/log.ts";
import { deliverJpeg, type FrameSink, type Source } from "../../../src/capture/source.ts";
import { supervise } from "../../../src/capture/supervise/supervise.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

type Run = (sink: FrameSink, signal: AbortSignal) => Promise<void>;

/** A source with a script: run n does the n-th thing of the script. */
function scripted(...runs: Run[]): { source: Source; starts: number[] } {
  const starts: number[] = [];
  const source: Source = {
    name: "scripted",
    framesPerSecond: 25,
    run(sink, signal) {
      starts.push(performance.now());
      const run = runs[starts.length - 1];
      return run === undefined ? Promise.resolve() : run(sink, signal);
    },
  };
  return { source, starts };
}

const trouble = (text = "unplugged") => new SourceError(text, { retry: "soon" });
const deliver =
  (frames: number, error?: Error): Run =>
  async (sink) => {
    for (let i = 0; i < frames; i++) deliverJpeg(sink, new Uint8Array([i]), i);
    if (error !== undefined) throw error;
  };
const never = () => new AbortController().signal;

test("supervise: the first frame ends no trouble that has a beginning, because only its source ends it", async () => {
  const { source } = scripted(async (sink) => {
    sink.trouble("the camera of the server is unplugged", 5);
    deliverJpeg(sink, new Uint8Array([1]), 1);
    throw trouble("the connection broke");
  }, deliver(1));
  const sink = new RecordingSink();
  await supervise(source).run(sink, never());
  expect(sink.troubles).toEqual([
    "the camera of the server is unplugged",
    "the connection broke; trying again",
    null, // the next run has no trouble
  ]);
});

describe("supervise, before the first frame", () => {
  test("supervise: a lack of files or processes is waited out, even before the first frame", async () => {
    const lack = Object.assign(new Error("EMFILE: too many open files, posix_spawn"), { code: "EMFILE" });
    const { source } = scripted(deliver(0, lack), deliver(1));
    const sink = new RecordingSink();
    await supervise(source).run(sink, never());
    expect(sink.troubles).toEqual([
      "cannot read scripted: this process has too many open files (ulimit -n); trying again",
      null,
    ]);
  });

  test("supervise: a failure before the first frame is final, even with `retry`", async () => {
    const { source, starts } = scripted(deliver(0, trouble()), deliver(1));
    const sink = new RecordingSink();
    await expect(supervise(source).run(sink, never())).rejects.toThrow("unplugged");
    await Bun.sleep(0);
    expect(starts.length).toBe(1);
    expect(sink.troubles).toEqual([]);
  });
});

describe("supervise: retries from the start", () => {
  test("supervise fromTheStart: retries a failure with `retry`, with growing pauses", async () => {
    const { source, starts } = scripted(deliver(0, trouble("in use")), deliver(0, trouble("in use")), deliver(1));
    const sink = new RecordingSink();
    await supervise(source, { fromTheStart: true }).run(sink, never());
    const [first = 0, second = 0, third = 0] = starts;
    expect(third - second).toBeGreaterThan(1.5 * (second - first));
    expect(sink.troubles).toEqual(["in use; trying again", "in use; trying again", null]);
  });

  test("supervise fromTheStart: a failure without `retry` is final", async () => {
    const { source, starts } = scripted(deliver(0, new SourceError("a folder", { retry: false })), deliver(1));
    const supervised = supervise(source, { fromTheStart: true });
    await expect(supervised.run(new RecordingSink(), never())).rejects.toThrow("a folder");
    expect(starts.length).toBe(1);
  });
});

describe("supervise: after the first frame", () => {
  test("supervise: restarts a source that has delivered a frame, and its trouble ends with the next frame", async () => {
    const sink = new RecordingSink();
    let atRestart: (string | null)[] = [];
    const { source, starts } = scripted(deliver(3, trouble()), async (inner) => {
      atRestart = [...sink.troubles];
      await deliver(2)(inner, never());
    });
    await supervise(source).run(sink, never());
    expect(starts.length).toBe(2);
    expect(sink.jpegs.length).toBe(5);
    expect(atRestart).toEqual([null, "unplugged; trying again"]);
    expect(sink.troubles).toEqual([null, "unplugged; trying again", null]);
  });

  test("supervise: logs each restart with its reason at level debug", async () => {
    const lines: unknown[] = [];
    const log = { ...SILENT_LOG, debug: (text: string, fields?: LogFields) => lines.push([text, fields]) };
    const { source } = scripted(deliver(2, trouble()), deliver(1));
    await supervise(source, { log }).run(new RecordingSink(), never());
    expect(lines).toEqual([["scripted is restarted after a pause: unplugged", { pauseMs: 500, frames: 2 }]]);
  });

  test("supervise: the pauses between attempts grow while no frame comes", async () => {
    const { source, starts } = scripted(
      deliver(1, trouble()),
      deliver(0, trouble("a")),
      deliver(0, trouble("b")),
      deliver(1),
    );
    const sink = new RecordingSink();
    await supervise(source).run(sink, never());
    const pauses = starts.slice(1).map((start, index) => start - (starts[index] as number));
    expect(pauses[0]).toBeGreaterThan(100);
    expect(pauses[1]).toBeGreaterThan(1.5 * (pauses[0] as number));
    expect(pauses[2]).toBeGreaterThan(1.5 * (pauses[1] as number));
    expect(sink.troubles).toEqual([null, "unplugged; trying again", "a; trying again", "b; trying again", null]);
  }, 20_000);

  test("supervise: a camera that asks for a pause gets it", async () => {
    const asked = new SourceError("busy", { retry: "soon", pauseMs: 1_200 });
    const { source, starts } = scripted(deliver(1, asked), deliver(1, trouble()), deliver(1));
    await supervise(source).run(new RecordingSink(), never());
    const [first = 0, second = 0, third = 0] = starts;
    expect(second - first).toBeGreaterThanOrEqual(1_190);
    expect(third - second).toBeLessThan(second - first);
  });

  test.each([
    ["a SourceError without `retry`", new SourceError("no format", { retry: false })],
    ["a UsageError", new UsageError("no")],
    ["a defect", new TypeError("undefined is not a function")],
  ])("supervise: %s ends it for good", async (_, error) => {
    const { source, starts } = scripted(deliver(1, error), deliver(1));
    const outcome = await supervise(source)
      .run(new RecordingSink(), never())
      .catch((thrown: unknown) => thrown);
    expect(outcome).toBe(error);
    expect(starts.length).toBe(1);
  });

  test("supervise: a source that ends without an error is not restarted", async () => {
    const { source, starts } = scripted(deliver(2), deliver(2));
    const sink = new RecordingSink();
    await supervise(source).run(sink, never());
    expect(starts.length).toBe(1);
    expect(sink.jpegs.length).toBe(2);
  });

  test("supervise: an abort during a run or a pause does not count as a failure", async () => {
    for (const stopFirst of [true, false]) {
      const stopping = new AbortController();
      const { source, starts } = scripted(async (sink) => {
        await deliver(1)(sink, never());
        if (stopFirst) stopping.abort();
        throw trouble();
      }, deliver(1));
      const sink = new RecordingSink();
      const running = supervise(source).run(sink, stopping.signal);
      await Bun.sleep(10);
      stopping.abort();
      await running;
      expect(starts.length).toBe(1);
      expect(sink.troubles).toEqual(stopFirst ? [null] : [null, "unplugged; trying again"]);
    }
  });
});

test("supervise: a later run of a source that has delivered a frame is retried from its start", async () => {
  const sink = new RecordingSink();
  const { source, starts } = scripted(deliver(1), deliver(0, trouble("in use")), deliver(1));
  const supervised = supervise(source);
  await supervised.run(sink, never());
  await supervised.run(sink, never());
  expect(starts.length).toBe(3);
  expect(sink.troubles).toEqual([null, "in use; trying again", null]);
});

describe("supervise: after a refused password", () => {
  const refused = () => new SourceError("the password is wrong", { retry: "minutes" });
  const TEXT = "the password is wrong; trying again in 2 min";

  test("supervise: reports when a refused password will be tried again, and does not try it before", async () => {
    const stopping = new AbortController();
    const { source, starts } = scripted(deliver(1, refused()), deliver(1));
    const sink = new RecordingSink();
    const running = supervise(source).run(sink, stopping.signal);
    await Bun.sleep(1_500);
    stopping.abort();
    await running;
    expect(starts.length).toBe(1);
    expect(sink.troubles).toEqual([null, TEXT]);
  });

  test("supervise: a viewer that comes after a release does not cause an attempt with the refused password at once", async () => {
    const { source, starts } = scripted(deliver(1, refused()), deliver(1));
    const supervised = supervise(source);
    const sink = new RecordingSink();
    for (let viewers = 0; viewers < 3; viewers++) {
      const released = new AbortController();
      const running = supervised.run(sink, released.signal);
      await Bun.sleep(20);
      released.abort();
      await running;
    }
    expect(starts.length).toBe(1);
    expect(sink.troubles).toEqual([null, TEXT, TEXT, TEXT]);
  });
});

describe("supervise: with untilBack", () => {
  test("supervise: restarts at once when untilBack resolves", async () => {
    const sink = new RecordingSink();
    const failing = Array.from({ length: 4 }, () => deliver(0, trouble()));
    const { source, starts } = scripted(deliver(1, trouble()), ...failing, deliver(1));
    const waits: AbortSignal[] = [];
    // Without untilBack the pauses would be 0.5, 1, 2, 4 and 5 s.
    const untilBack = (signal: AbortSignal) => {
      waits.push(signal);
      return Bun.sleep(5);
    };
    const pauses = Bun.sleep(4_000).then(() => "the pauses");
    const watched = supervise({ ...source, untilBack }).run(sink, never());
    expect(await Promise.race([watched, pauses])).toBeUndefined();
    expect(starts.length).toBe(6);
    expect(waits.map(({ aborted }) => aborted)).toEqual(Array(5).fill(true)); // no wait goes on
  });

  test("supervise: restarts after the pause when untilBack does not resolve", async () => {
    const { source, starts } = scripted(deliver(1, trouble()), deliver(1));
    const silent = (signal: AbortSignal) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    await supervise({ ...source, untilBack: silent }).run(new RecordingSink(), never());
    expect(starts.length).toBe(2);
  });
});

test("supervise: passes on the controls of the source", () => {
  const { source } = scripted();
  const controls = { list: () => Promise.resolve([]), set: () => Promise.resolve(), close: () => Promise.resolve() };
  expect(supervise({ ...source, controls }).controls).toBe(controls);
  expect(supervise(source).controls).toBeUndefined();
});

test("supervise: passes on the name, the rate and all calls of the sink", async () => {
  const sink = new RecordingSink();
  const { source } = scripted(async (inner) => {
    const slot = inner.reserve("gray", { width: 2, height: 1 });
    if (slot === null) throw new Error("no slot");
    expect(inner.reserve("gray", { width: 2, height: 1 })).toBeNull();
    slot.bytes.set([5, 6]);
    inner.pixels(slot, "gray", { width: 2, height: 1 }, 99);
    inner.lost();
    inner.trouble("dark");
  });
  const supervised = supervise(source);
  expect(supervised).toMatchObject({ name: "scripted", framesPerSecond: 25 });
  await supervised.run(sink, never());
  expect(sink.frames).toEqual([{ format: "gray", width: 2, height: 1, bytes: new Uint8Array([5, 6]), capturedAt: 99 }]);
  expect(sink.lostFrames).toBe(1);
  expect(sink.troubles).toEqual([null, "dark"]);
});
