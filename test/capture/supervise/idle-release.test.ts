// runWhileWatched: release of a source without viewers, its next start, and its end.

import { expect, test } from "bun:test";
import { SourceError } from "../../../src/core/errors.ts";
import { runWhileWatched } from "../../../src/capture/supervise/idle-release.ts";
import type { Source } from "../../../src/capture/source.ts";
import { until } from "../../support/wait-until.ts";
import { RecordingSink } from "../../support/recording-sink.ts";

const IDLE_SECONDS = 0.03;
/** An idle source is released within this time. */
const A_WHILE_MS = 5 * IDLE_SECONDS * 1000;

/** A source that runs until its signal aborts or the test ends it. `stopMs` is the time that it takes to stop. */
class TestSource implements Source {
  readonly name = "test";
  readonly framesPerSecond = 30;
  runs = 0;
  running = false;
  stopMs = 0;
  /** The number of runs whose signal had already aborted at their start. */
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
  const reports: string[] = [];
  const demand = { isWatched: true };
  const whileWatched = runWhileWatched({
    source,
    idleSeconds,
    demand,
    listener: {
      released: () => reports.push(`released, ${source.running ? "running" : "stopped"}`),
      resumed: () => reports.push("resumed"),
    },
  });
  const ending = new AbortController();
  let isOver = false;
  const run = whileWatched.run(new RecordingSink(), ending.signal).finally(() => {
    isOver = true;
  });
  const watch = (watched: boolean) => {
    demand.isWatched = watched;
    whileWatched.check();
  };
  return { source, reports, watch, run, abort: () => ending.abort(), over: () => isOver };
}

test("runWhileWatched: releases the source after the idle time and restarts it for a viewer", async () => {
  const { source, reports, watch, run, abort } = start();
  await Bun.sleep(A_WHILE_MS);
  expect([source.runs, source.running]).toEqual([1, true]);
  for (let round = 1; round <= 3; round++) {
    watch(false);
    expect(source.running).toBe(true);
    await until(() => reports.length === 2 * round - 1, "the release");
    expect(source.running).toBe(false);
    await Bun.sleep(A_WHILE_MS);
    expect(source.runs).toBe(round);
    watch(true);
    await until(() => source.running, "the next run");
  }
  expect(reports).toEqual(Array.from({ length: 3 }, () => ["released, stopped", "resumed"]).flat());
  abort();
  await run;
  expect(source.runs).toBe(4);
});

test("runWhileWatched: releases a source that has never had a viewer", async () => {
  const { source, reports, watch, run, abort } = start();
  watch(false);
  await until(() => reports.length === 1, "the release");
  expect(source.running).toBe(false);
  abort();
  await run;
  expect(reports).toEqual(["released, stopped"]);
});

test("runWhileWatched: keeps the source while no gap between viewers is as long as the idle time", async () => {
  const { source, reports, watch, run, abort } = start(1);
  for (let round = 0; round < 20; round++) {
    watch(false);
    await Bun.sleep(1);
    watch(true);
  }
  await Bun.sleep(20);
  expect([source.runs, reports.length]).toEqual([1, 0]);
  abort();
  await run;
});

test("runWhileWatched: a viewer during the release restarts the source without a report", async () => {
  const { source, reports, watch, run, abort } = start();
  source.stopMs = A_WHILE_MS;
  watch(false);
  await Bun.sleep(2 * IDLE_SECONDS * 1000);
  watch(true);
  await until(() => source.runs === 2, "the second run");
  expect([reports, source.stillborn]).toEqual([[], 0]);
  abort();
  await run;
});

test("runWhileWatched: a paused viewer during the release does not shorten the next run", async () => {
  const { source, reports, watch, run, abort, over } = start();
  watch(false);
  await until(() => reports.length === 1, "the release");
  watch(false); // a paused viewer came or left
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

test("runWhileWatched: ends when the source ends, with the source's error", async () => {
  for (const watched of [true, false]) {
    const { source, watch, run } = start(10);
    watch(watched);
    source.end();
    await run;
    expect(source.runs).toBe(1);
  }
  const { source, run } = start();
  source.end(new SourceError("unplugged", { retry: "soon" }));
  await expect(run).rejects.toThrow("unplugged");
});

test("runWhileWatched: an abort ends it while it runs, while it is being released and afterwards", async () => {
  const running = start();
  running.abort();
  await running.run;
  const releasing = start();
  releasing.source.stopMs = A_WHILE_MS;
  releasing.watch(false);
  await Bun.sleep(2 * IDLE_SECONDS * 1000);
  releasing.abort();
  await releasing.run;
  expect(releasing.reports).toEqual([]);
  const released = start();
  released.watch(false);
  await until(() => released.reports.length === 1, "the release");
  released.abort();
  await released.run;
  expect([running.source.runs, releasing.source.runs, released.source.runs]).toEqual([1, 1, 1]);
  released.watch(true);
  expect(released.source.running).toBe(false);
});

test("runWhileWatched: never releases the source without an idle time", async () => {
  const { source, reports, watch, run, abort } = start(null);
  watch(false);
  await Bun.sleep(A_WHILE_MS);
  expect([source.runs, source.running, reports.length]).toEqual([1, true, 0]);
  abort();
  await run;
});
