// --trace: the contents of the file, read as JSON, and the behaviour when it cannot be written.

import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openTraceFile } from "../../src/cli/trace-file.ts";
import { SILENT_LOG } from "../../src/core/log.ts";
import { runToEnd, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const folder = mkdtempSync(join(tmpdir(), "slipstream-trace-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface TraceEvent {
  name: string;
  ph: "X" | "M";
  ts: number;
  dur: number;
  pid: number;
  tid: number;
  args: Record<string, string | number>;
}

const read = (path: string): TraceEvent[] => JSON.parse(readFileSync(path, "utf8"));
const spansOf = (events: TraceEvent[]) => events.filter(({ ph }) => ph === "X");
const tracksOf = (events: TraceEvent[]) =>
  events.filter(({ name }) => name === "thread_name").map(({ args }) => args["name"]);

describe("TraceFile: contents and a slow disk", () => {
  test("TraceFile: writes spans with their times, tracks and fields", async () => {
    const path = join(folder, "spans.json");
    {
      await using trace = await openTraceFile(path, "serve", SILENT_LOG, new AbortController().signal);
      trace.span("camera door", "encode", 1_000, 3_500, { frame: 7, quality: "75" });
      trace.span("viewer 1", "send", 3_500, 4_000);
    }
    const events = read(path);
    expect(events[0]).toMatchObject({ name: "process_name", ph: "M", args: { name: "serve" } });
    expect(tracksOf(events)).toEqual(["camera door", "viewer 1"]);
    expect(spansOf(events)).toEqual([
      { name: "encode", ph: "X", ts: 1_000, dur: 2_500, pid: process.pid, tid: 1, args: { frame: 7, quality: "75" } },
      { name: "send", ph: "X", ts: 3_500, dur: 500, pid: process.pid, tid: 2, args: {} },
    ]);
  });

  test("TraceFile: spans of one track that overlap get rows of their own", async () => {
    const path = join(folder, "rows.json");
    {
      await using trace = await openTraceFile(path, "serve", SILENT_LOG, new AbortController().signal);
      for (let frame = 0; frame < 100; frame++) trace.span("camera", "encode", frame * 10, frame * 10 + 25, { frame });
    }
    const events = read(path);
    expect(tracksOf(events)).toEqual(["camera", "camera", "camera"]);
    const ends = new Map<number, number>();
    for (const { tid, ts, dur } of spansOf(events)) {
      expect(ts).toBeGreaterThanOrEqual(ends.get(tid) ?? 0);
      ends.set(tid, ts + dur);
    }
  });

  test("TraceFile: spans that a slow disk cannot take are dropped and counted", async () => {
    const path = join(folder, "dropped.json");
    const lines: string[] = [];
    const log = { ...SILENT_LOG, warning: (text: string) => lines.push(text) };
    {
      await using trace = await openTraceFile(path, "serve", log, new AbortController().signal);
      for (let frame = 0; frame < 60_000; frame++) trace.span("camera", "encode", frame, frame + 1, { frame });
    }
    const written = spansOf(read(path)).length;
    expect(lines).toEqual([
      `the trace is incomplete: ${60_000 - written} spans were dropped because the disk was too slow`,
    ]);
    expect(written).toBeLessThan(60_000);
  });

  test("TraceFile: a file that was cut off is valid JSON after a bracket is added", async () => {
    const path = join(folder, "unfinished.json");
    await using trace = await openTraceFile(path, "serve", SILENT_LOG, new AbortController().signal);
    trace.span("camera", "encode", 1, 2);
    const whole = () => readFileSync(path, "utf8");
    while (!whole().includes("encode")) await Bun.sleep(10);
    expect(spansOf(JSON.parse(`${whole()}]`))).toHaveLength(1);
  });
});

test.each([
  ["serve", ["--source", "pattern", "--port", "0"]],
  ["view", ["127.0.0.1:1", "--display", "none"]],
] as const)("--trace: %s ends with code 2 and one line when the file cannot be written", async (name, flags) => {
  const path = join(folder, "none", "trace.json");
  const { code, remarks } = await runToEnd(name, [...flags, "--json", "--trace", path]);
  expect([code, remarks]).toEqual([2, `error: cannot write the trace ${path}: there is no such folder\n`]);
});
