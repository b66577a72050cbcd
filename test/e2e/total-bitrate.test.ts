// `--max-total-bitrate` with real sockets of two addresses: they get even shares, and a lone viewer gets all.

import { expect, setDefaultTimeout, test } from "bun:test";
import { median } from "../../src/core/statistics.ts";
import { BoundViewer } from "../support/bound-viewer.ts";
import { startServer, TEST_TIMEOUT_MS } from "../support/programs.ts";

setDefaultTimeout(TEST_TIMEOUT_MS);

const LIMIT = 2e6;
/** The server sends every tile of every frame, which is a multiple of the limit. */
const FLAGS = ["--source", "pattern", "--size", "320x240", "--fps", "30", "--noise", "off", "--quality", "95"];

/** The bits a second of several viewers together, measured for `seconds`. */
async function measure(groups: readonly (readonly BoundViewer[])[], seconds: number): Promise<number[]> {
  const bytes = () => groups.map((group) => group.reduce((sum, viewer) => sum + viewer.bytes, 0));
  const before = bytes();
  const startedAt = performance.now();
  await Bun.sleep(seconds * 1000);
  const took = (performance.now() - startedAt) / 1000;
  return bytes().map((after, index) => ((after - (before[index] ?? 0)) * 8) / took);
}

/**
 * The bits a second in five single seconds: their median and their mean. A stalled machine costs one or two of them, but not the median.
 */
async function usualRate(viewer: BoundViewer): Promise<{ usual: number; mean: number }> {
  const rates: number[] = [];
  for (let second = 0; second < 5; second++) rates.push(...(await measure([[viewer]], 1)));
  return { usual: median(rates) ?? 0, mean: rates.reduce((sum, rate) => sum + rate, 0) / rates.length };
}

// Other systems have only 127.0.0.1.
test.skipIf(process.platform !== "linux")(
  "an address with one viewer and one with five share --max-total-bitrate evenly, and a lone viewer gets all",
  async () => {
    await using server = await startServer([...FLAGS, "--max-total-bitrate", "2M"]);
    using one = await BoundViewer.connect(server.port, "127.0.0.1");
    let shared = 0;
    {
      using stack = new DisposableStack();
      const five: BoundViewer[] = [];
      for (let count = 0; count < 5; count++) five.push(stack.use(await BoundViewer.connect(server.port, "127.0.0.2")));
      await measure([], 2);
      const [first = 0, second = 0] = await measure([[one], five], 4);
      expect(first / second).toBeGreaterThan(0.75);
      expect(first / second).toBeLessThan(1.33);
      expect((first + second) / LIMIT).toBeLessThan(1.15);
      for (const viewer of five) expect(viewer.frames).toBeGreaterThan(5);
      shared = (await usualRate(one)).usual;
    }
    await measure([], 2);
    const alone = await usualRate(one);
    expect(alone.usual / shared).toBeGreaterThan(1.5);
    expect(alone.mean / LIMIT).toBeLessThan(1.15);
    await server.until("the counters", ({ last }) => (last?.heldBack ?? 0) > 10 && (last?.sentBytes ?? 0) > 1e6);
    expect(server.remarks.match(/viewers want more than --max-total-bitrate, which is 2 Mbit\/s/g)?.length).toBe(1);
  },
);
