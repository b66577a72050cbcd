import { expect, test } from "bun:test";
import { cpus } from "node:os";
import { measureCoresLeft } from "../../bench/cores-left.ts";

test("coresLeft: a program that keeps a processor busy leaves less to a bench, unless it belongs to the bench", async () => {
  const coresLeft = measureCoresLeft();
  const startedAt = performance.now();
  const busy = Bun.spawn([process.execPath, "-e", "const start = Date.now(); while (Date.now() - start < 1000);"]);
  expect(await busy.exited).toBe(0);
  const childMs = Number(busy.resourceUsage()?.cpuTime.total) / 1000;
  const childCores = childMs / (performance.now() - startedAt);
  const asOther = coresLeft(0);
  const asOwn = coresLeft(childMs);
  expect(asOther).toBeLessThan(cpus().length - 0.8 * childCores);
  expect(asOwn - asOther).toBeGreaterThan(0.8 * childCores);
});
