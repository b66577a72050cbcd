// A wall clock that is set while a server runs (NTP after a start without a battery-backed clock, `date -s`) makes no figure wrong.

import { expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIBFAKETIME } from "../../scripts/setup/package-table.ts";
import { isInstalled } from "../../scripts/setup/system-packages.ts";
import { runToEnd, startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";
import type { ViewReport } from "../../src/client/figures.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

/** A wall clock that follows a file, for programs with this environment. Their monotonic clock stays the real one. */
function movableClock() {
  const folder = mkdtempSync(join(tmpdir(), "slipstream-clock-"));
  const file = join(folder, "offset");
  writeFileSync(file, "+0");
  return {
    env: {
      LD_PRELOAD: LIBFAKETIME,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
    },
    set: (seconds: number) => writeFileSync(file, `${seconds < 0 ? "" : "+"}${seconds}`),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}

test.skipIf(!isInstalled("libfaketime")).each([3600, -3600])(
  "a source that starts after its server's clock was set by %i s has the right latency",
  async (seconds) => {
    using clock = movableClock();
    const flags = ["--source", "pattern", "--size", "320x180", "--idle-release", "0.2"];
    await using server = await startServer(flags, { env: clock.env });
    const viewer = () =>
      runToEnd("view", [`127.0.0.1:${server.port}`, "--display", "none", "--json", "--frames", "40"]);
    const before = (await viewer()).program.last as ViewReport;
    await server.until("the source's release", ({ remarks }) => remarks.includes("is released"));
    clock.set(seconds);
    const after = (await viewer()).program.last as ViewReport;
    expect(server.remarks).toContain("is started again");
    for (const { frames, latencyMs, stagesMs } of [before, after]) {
      expect(frames).toBe(40);
      expect(latencyMs.p50).toBeGreaterThan(0);
      expect(latencyMs.max).toBeLessThan(Math.abs(seconds) * 500); // half of the change
      expect(stagesMs.encode).toBeGreaterThan(0.01); // a negative duration would count as a microsecond
    }
  },
);
