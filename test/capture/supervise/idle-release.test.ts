// A source that is let go while nobody watches: when that happens, when it is started again, and when it is over.

import { expect, test } from "bun:test";
import { SourceError } from "../../../src/core/errors.ts";
import { runWhileWatched } from "../../../src/capture/supervise/idle-release.ts";
import type { Source } from "../../../src/capture/source.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const IDLE_SECONDS = 0.03;
/** Long enough for a source to be let go, were it to be. */
const A_WHILE_MS = 5 * IDLE_SECONDS * 1000;

/** A source that runs until it is told to stop, or to end; `stopMs`: how long stopping takes. */
class TestSource implements Source {
  readonly name = "test";
  readonly framesPerSecond = 30;
  runs = 0;
  running = false;
  stopMs = 0;
  /** Runs that were begun with a signal that had already aborted. */
  stillborn = 0;
  end: (error?: Error) => void = () => undefined;

  async run(_: unknown, signal: AbortSignal): Promise<void> {
    this.runs++;
    this.running = true;
    if (signal.aborted) this.stillborn++;
    const over = Promise.withResolvers<void>();
    this.end = (error) => (error === undefined ? over.resolve() : over.reject(error));
    signal.addEventListener("abort", () => over.resolve());
    try {
      await over.promise;
      if (this.stopMs > 0) await Bun.sleep(this.stopMs);
    } finally {
      this.running = false;
    }
  }
}

function start(idleSeconds: number | null = IDLE_SECONDS) {
  const source = new TestSource();
  const said: string[] = [];
  const state = { watched: true };
  const whileWatched = runWhileWatched({
    ...{ source, idleSeconds, isWatched: () => state.watched },
    onReleased: () => said.push(`released, ${source.running ? "running" : "stopped"}`),
    onResumed: () => said.push("resumed"),
  });
  const ending = new AbortController();
  let isOver = false;
  const run = whileWatched.run(new RecordingSink(), ending.signal).finally(() => {
    isOver = true;
  });
  const watch = (watched: boolean) => {
    state.watched = watched;
    whileWatched.check();
  };
  return { source, said, watch, run, abort: () => ending.abort(), over: () => isOver };
}

test("runs while somebody watches, is let go after a while without, and started again for whoever comes", async () => {
  const { source, said, watch, run, abort } = start();
  await Bun.sleep(A_WHILE_MS);
  expect([source.runs, source.running]).toEqual([1, true]);
  for (let round = 1; round <= 3; round++) {
    watch(false);
    expect(source.running).toBe(true);
    await until(() => said.length === 2 * round - 1, "the release");
    expect(source.running).toBe(false);
    await Bun.sleep(A_WHILE_MS);
    expect(source.runs).toBe(round);
    watch(true);
    await until(() => source.running, "the next run");
  }
  expect(said).toEqual(Array.from({ length: 3 }, () => ["released, stopped", "resumed"]).flat());
  abort();
  await run;
  expect(source.runs).toBe(4);
});

test("is let go also when nobody has ever come", async () => {
  const { source, said, watch, run, abort } = start();
  watch(false);
  await until(() => said.length === 1, "the release");
  expect(source.running).toBe(false);
  abort();
  await run;
  expect(said).toEqual(["released, stopped"]);
});

test("is kept while viewers come and go in time", async () => {
  const { source, said, watch, run, abort } = start(1);
  for (let round = 0; round < 20; round++) {
    watch(false);
    await Bun.sleep(1);
    watch(true);
  }
  await Bun.sleep(20);
  expect([source.runs, said.length]).toEqual([1, 0]);
  abort();
  await run;
});

test("is started again, and told of nothing, when somebody comes while it is being let go", async () => {
  const { source, said, watch, run, abort } = start();
  source.stopMs = A_WHILE_MS;
  watch(false);
  await Bun.sleep(2 * IDLE_SECONDS * 1000);
  watch(true);
  await until(() => source.runs === 2, "the second run");
  expect([said, source.stillborn]).toEqual([[], 0]);
  abort();
  await run;
});

test("viewers that look in without watching while it is let go do not shorten its next run", async () => {
  const { source, said, watch, run, abort, over } = start();
  watch(false);
  await until(() => said.length === 1, "the release");
  watch(false); // a paused viewer came, or left
  await Bun.sleep(A_WHILE_MS);
  watch(true);
  await until(() => source.running, "the next run");
  await Bun.sleep(A_WHILE_MS);
  expect([source.runs, source.stillborn, source.running]).toEqual([2, 0, true]);
  source.end();
  await until(over, "the end");
  abort();
  await run;
});

test("ends with the source, whether watched or not, and with its error", async () => {
  for (const watched of [true, false]) {
    const { source, watch, run } = start(10);
    watch(watched);
    source.end();
    await run;
    expect(source.runs).toBe(1);
  }
  const { source, run } = start();
  source.end(new SourceError("unplugged", { retry: true }));
  await expect(run).rejects.toThrow("unplugged");
});

test("an abort ends it: running, being let go, or let go", async () => {
  const running = start();
  running.abort();
  await running.run;
  const lettingGo = start();
  lettingGo.source.stopMs = A_WHILE_MS;
  lettingGo.watch(false);
  await Bun.sleep(2 * IDLE_SECONDS * 1000);
  lettingGo.abort();
  await lettingGo.run;
  expect(lettingGo.said).toEqual([]);
  const letGo = start();
  letGo.watch(false);
  await until(() => letGo.said.length === 1, "the release");
  letGo.abort();
  await letGo.run;
  expect([running.source.runs, lettingGo.source.runs, letGo.source.runs]).toEqual([1, 1, 1]);
  letGo.watch(true);
  expect(letGo.source.running).toBe(false);
});

test("without a time it is kept for good", async () => {
  const { source, said, watch, run, abort } = start(null);
  watch(false);
  await Bun.sleep(A_WHILE_MS);
  expect([source.runs, source.running, said.length]).toEqual([1, true, 0]);
  abort();
  await run;
});
