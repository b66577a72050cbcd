// The metrics that a server without TLS and with plain names does not show.

import { expect, test } from "bun:test";
import { DropCounters } from "../../../src/core/statistics.ts";
import { LIMIT_NAMES } from "../../../src/server/access/limits.ts";
import { DurationsInBuckets } from "../../../src/server/report/durations-in-buckets.ts";
import { renderMetrics, type ServerMetrics } from "../../../src/server/report/prometheus.ts";

const server: ServerMetrics = {
  cameras: [],
  refusedBy: new DropCounters(LIMIT_NAMES).byReason,
  heldBack: 3,
  loopDelays: new DurationsInBuckets(),
  certificateExpires: null,
};

test("metrics: the end of the certificate is there with TLS only", async () => {
  const name = "slipstream_certificate_expiry_time_seconds";
  expect(await renderMetrics(server)).not.toMatch(new RegExp(`^${name}`, "m"));
  const certificateExpires = new Date("2030-01-02T03:04:05Z");
  expect(await renderMetrics({ ...server, certificateExpires })).toMatch(new RegExp(`^${name} 1893553445$`, "m"));
});

test("metrics: a metric without values has its type and no value", async () => {
  const text = await renderMetrics(server);
  for (const name of ["slipstream_frames_captured_total", "slipstream_viewers", "slipstream_frame_age_seconds"]) {
    expect(text).toMatch(new RegExp(`^# TYPE ${name} `, "m"));
    expect(text).not.toMatch(new RegExp(`^${name}`, "m"));
  }
  expect(text).toMatch(/^slipstream_frames_held_back_total 3$/m);
});
