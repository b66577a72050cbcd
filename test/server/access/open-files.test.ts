// withinFiles: a low limit of open files lowers the limits of connections, down to one viewer and one greeting.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";
import { freeFiles, withinFiles } from "../../../src/server/access/open-files.ts";

test("withinFiles: keeps the limits when there are enough files, or when their number is unknown", () => {
  expect(withinFiles(DEFAULT_ACCESS_LIMITS, 100_000, 64)).toEqual(DEFAULT_ACCESS_LIMITS);
  expect(withinFiles(DEFAULT_ACCESS_LIMITS, null, 1)).toEqual(DEFAULT_ACCESS_LIMITS);
});

test("withinFiles: allows at most as many connections as files, and at least one viewer and one greeting", () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 2_000 }), fc.integer({ min: 1, max: 64 }), (free, sources) => {
      const { maxViewers, maxGreetings } = withinFiles(DEFAULT_ACCESS_LIMITS, free, sources);
      expect(maxViewers).toBeGreaterThanOrEqual(1);
      expect(maxGreetings).toBeGreaterThanOrEqual(1);
      expect(maxViewers + maxGreetings).toBeLessThanOrEqual(Math.max(2, free));
    }),
  );
});

test.skipIf(process.platform !== "linux")("freeFiles: is what ulimit says without the files that are open", () => {
  const most = Number(Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString());
  const free = freeFiles();
  if (free === null) throw new Error("/proc/self/limits was not read");
  expect(free).toBeGreaterThan(0);
  if (Number.isFinite(most)) expect(free).toBeLessThan(most);
});
