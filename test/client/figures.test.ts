// The viewer's figures: if a clock is wrong and a latency cannot be right, it is neither recorded nor shown.

import { expect, test } from "bun:test";
import { nowMicros } from "../../src/core/clock.ts";
import { ViewFigures } from "../../src/client/figures.ts";
import type { DecodedPicture } from "../../src/client/picture.ts";
import { describeViewing, overlayLines } from "../../src/client/report-text.ts";
import { Trouble } from "../../src/client/trouble.ts";
import { ClockOffset } from "../../src/protocol/clock-offset.ts";

const STATE = { server: "127.0.0.1:1", source: "door", connected: true, connections: 1, stream: null };

/** Records a picture that was captured `ageMicros` ago. The clock offset is exact to a millisecond. */
function record(figures: ViewFigures, ageMicros: number): void {
  const now = nowMicros();
  const clock = new ClockOffset();
  clock.add({ sentAt: now - 1_000, receivedAt: now - 500, repliedAt: now - 500 }, now);
  const at = { capturedAt: now - ageMicros, encodedAt: now - 900, sentAt: now - 800, lastByteAt: now - 300 };
  const received = { ...at, bytes: 100, origin: { clock } };
  figures.recordShown({ received, width: 64, height: 48, decodedAt: now - 100 } as unknown as DecodedPicture, now);
}

test("ViewFigures: a latency that cannot be right is not recorded, but its picture is counted", () => {
  const figures = new ViewFigures();
  record(figures, 20_000);
  expect(figures.latencyNowMs).toBe(20);
  for (const impossible of [-3_600e6, -50_000, 3_700e6]) {
    record(figures, impossible);
    expect(figures.latencyNowMs).toBeNull();
  }
  const report = figures.report(STATE, new Trouble());
  expect(report).toMatchObject({ frames: 4, latencyMs: { p50: 20, p99: 20, max: 20 } });
  expect(overlayLines(report, figures)).toContain("latency unknown");
});

test("ViewFigures: a viewer that does not know the latency shows none", () => {
  const figures = new ViewFigures();
  record(figures, -3_600e6);
  const report = figures.report(STATE, new Trouble());
  expect(report.latencyMs).toEqual({ p50: 0, p95: 0, p99: 0, max: 0 });
  expect(describeViewing(report)).not.toContain("latency");
  record(figures, 20_000);
  expect(describeViewing(figures.report(STATE, new Trouble()))).toContain("latency 20 ms (p99 20)");
});
