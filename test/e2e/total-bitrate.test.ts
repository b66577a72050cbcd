// `--max-total-bitrate` with real sockets of two addresses: they get even shares, and a lone viewer gets all.

import { expect, setDefaultTimeout, test } from "bun:test";
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
 * Measures for 4 s, and again while the rates are not as expected, at most six times, because other programs may take the processors for
 * some seconds. The caller checks the last rates.
 */
async function measureUntil(
  groups: readonly (readonly BoundViewer[])[],
  areAsExpected: (rates: number[]) => boolean,
): Promise<number[]> {
  let rates = await measure(groups, 4);
  for (let turn = 1; turn < 6 && !areAsExpected(rates); turn++) rates = await measure(groups, 4);
  return rates;
}

const areEven = (first: number, second: number) => first / second > 0.75 && first / second < 1.33;
const isWithinLimit = (rate: number) => rate / LIMIT < 1.15;

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
      const [first = 0, second = 0] = await measureUntil(
        [[one], five],
        ([a = 0, b = 0]) => areEven(a, b) && isWithinLimit(a + b),
      );
      expect([first, second]).toSatisfy(([a = 0, b = 0]) => areEven(a, b));
      expect(first + second).toSatisfy(isWithinLimit);
      for (const viewer of five) expect(viewer.frames).toBeGreaterThan(5);
      shared = first;
    }
    await measure([], 2);
    const [alone = 0] = await measureUntil([[one]], ([rate = 0]) => rate / shared > 1.5 && isWithinLimit(rate));
    expect(alone / shared).toBeGreaterThan(1.5);
    expect(alone).toSatisfy(isWithinLimit);
    await server.until("the counters", ({ last }) => (last?.heldBack ?? 0) > 10 && (last?.sentBytes ?? 0) > 1e6);
    expect(server.remarks.match(/viewers want more than --max-total-bitrate, which is 2 Mbit\/s/g)?.length).toBe(1);
  },
);
