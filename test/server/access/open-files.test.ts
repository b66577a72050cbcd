// withinFiles: fewer files, fewer connections, and always at least one of each kind.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { DEFAULT_ACCESS_LIMITS } from "../../../src/server/access/limits.ts";
import { freeFiles, withinFiles } from "../../../src/server/access/open-files.ts";

test("withinFiles: leaves the limits alone when there are enough files, or when their number is unknown", () => {
  expect(withinFiles(DEFAULT_ACCESS_LIMITS, 100_000)).toEqual(DEFAULT_ACCESS_LIMITS);
  expect(withinFiles(DEFAULT_ACCESS_LIMITS, null)).toEqual(DEFAULT_ACCESS_LIMITS);
});

test("withinFiles: never allows more connections than files, and at least a viewer and a greeting", () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 2_000 }), (free) => {
      const { maxViewers, maxGreetings } = withinFiles(DEFAULT_ACCESS_LIMITS, free);
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
